from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelwright.release.histogram import LEAST, MOST_BINS, histogram, usual

VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=300) | st.lists(
    st.integers(-3, 3).map(float), max_size=300
)


@given(VALUES)
def test_every_bin_has_several_rows_and_all_rows_have_a_bin(values: list[float]) -> None:
    made = histogram(np.array(values, dtype=np.float64))
    if len(values) < LEAST:
        assert made.counts == ()
        return
    assert sum(made.counts) == len(values)
    assert min(made.counts) >= LEAST
    assert len(made.counts) == len(made.means) == len(made.edges) + 1 <= MOST_BINS
    assert list(made.edges) == sorted(set(made.edges))
    assert np.isfinite([*made.edges, *made.means]).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=LEAST, max_size=300))
def test_counts_and_means_are_those_of_the_bins(values: list[float]) -> None:
    made = histogram(np.array(values))
    bounds = [-np.inf, *made.edges, np.inf]
    for low, high, count, mean in zip(bounds, bounds[1:], made.counts, made.means, strict=False):
        inside = [v for v in values if low < v <= high]
        assert len(inside) == count
        assert np.isclose(np.mean(inside), mean, rtol=1e-4, atol=1e-3)


def test_equal_shares_on_many_values() -> None:
    made = histogram(np.random.default_rng(0).normal(size=10_000))
    assert len(made.counts) == MOST_BINS
    assert min(made.counts) > 400


def test_edges_are_nobodys_values() -> None:
    values = np.random.default_rng(0).normal(50_000, 20_000, size=1000).round(2)
    assert not set(histogram(values).edges) & set(values.tolist())


def test_the_usual_range_leaves_several_rows_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    for n, coverage in ((1000, 0.98), (200, 0.9), (30, 0.5)):
        values = rng.normal(size=n)
        found = usual(values)
        assert found is not None
        low, high, share = found
        assert share == coverage
        assert (values < low).sum() >= LEAST - 1
        assert (values > high).sum() >= LEAST - 1
    assert usual(np.arange(10.0)) is None


def test_a_heavy_tail_does_not_round_the_bulk_away() -> None:
    values = np.exp(2 * np.random.default_rng(0).normal(size=50_000))
    made = histogram(values)
    assert len(made.counts) == MOST_BINS
    assert max(made.counts) < 0.06 * len(values)
    found = usual(values)
    assert found is not None
    assert abs(np.mean((values < found[0]) | (values > found[1])) - 0.02) < 0.01
