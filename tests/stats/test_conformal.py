"""Conformal p-values against their definition, and against the law that they promise."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelwright.stats.conformal import Bag, seed_of, uniforms


@given(st.lists(st.integers(0, 3), max_size=60), st.lists(st.integers(0, 3), min_size=1, max_size=60))
@settings(deadline=None)
def test_p_values_are_ranks_among_all_rows_so_far(reference: list[int], stream: list[int]) -> None:
    u = uniforms(1, 0, len(stream))
    low, high = Bag(np.bincount(np.array(reference, dtype=np.int64), minlength=4)).pvalues(
        np.array(stream, dtype=np.int64), u
    )
    for i, value in enumerate(stream):
        rows = [*reference, *stream[: i + 1]]
        less, same = sum(r < value for r in rows), sum(r == value for r in rows)
        assert np.isclose(low[i], (less + u[i] * same) / len(rows), rtol=1e-12)
        assert np.isclose(high[i], 1 - low[i], atol=1e-12)


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**9), st.integers(0, 50), st.integers(0, 50))
def test_ties_are_broken_by_the_observations_number_alone(seed: int, first: int, a: int, b: int) -> None:
    whole = uniforms(seed, first, a + b)
    assert np.array_equal(whole, np.concatenate((uniforms(seed, first, a), uniforms(seed, first + a, b))))
    assert ((whole > 0) & (whole < 1)).all()


def test_uniforms_are_uniform_and_streams_differ() -> None:
    a, b = (uniforms(seed_of(name), 0, 20_000) for name in ("a", "b"))
    assert stats.kstest(a, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert abs(np.corrcoef(a[1:], a[:-1])[0, 1]) < 0.03


def test_p_values_are_uniform_and_independent_with_a_reference_of_twenty_rows() -> None:
    # Of 4,000 small worlds: first and last p-value of each, which share the reference's error.
    rng = np.random.default_rng(0)
    firsts, lasts = [], []
    for world in range(4000):
        rows = rng.choice(3, size=50, p=[0.6, 0.3, 0.1])
        low, _ = Bag(np.bincount(rows[:20], minlength=3)).pvalues(rows[20:], uniforms(world, 0, 30))
        firsts.append(low[0])
        lasts.append(low[-1])
    assert stats.kstest(firsts, "uniform").pvalue > 1e-3
    assert stats.kstest(lasts, "uniform").pvalue > 1e-3
    table = np.histogram2d(firsts, lasts, bins=4, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > 1e-3
