"""Where values fall, and that listing categories by their own counts does not move rows into them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.release.histogram import histogram
from modelwright.stats.cells import Cells, from_counts, from_histogram, from_reference, from_values


def test_numbers_fall_where_the_histogram_put_them() -> None:
    values = np.random.default_rng(0).lognormal(size=400)
    told = histogram(values).to_json()
    cells = from_histogram(told, missing=7)
    counts = np.bincount(cells.codes(values), minlength=len(cells.counts))
    assert counts.tolist() == [0, *told["counts"], 0]
    assert cells.rows == 407
    assert cells.codes([None, math.nan, "ten", -1.0, True]).tolist()[:3] == [cells.missing, cells.missing, 0]
    assert cells.codes(np.array([math.inf, -math.inf])).tolist() == [cells.missing - 1, 1]


def test_categories_and_booleans() -> None:
    cells = from_counts({"b": 3, "a": 4}, other=1, missing=2)
    assert cells.counts == (1, 4, 3, 2)
    assert cells.codes(["a", "b", "c", None, math.nan]).tolist() == [1, 2, 0, 3, 3]
    assert cells.codes(np.array(["b", "a"])).tolist() == [2, 1]
    yes = from_reference({"kind": "boolean", "missing": 0, "values": [[0.0, 9], [1.0, 6]], "other": 0})
    assert yes.codes([True, False, 1, 0.0, None]).tolist() == [2, 1, 2, 1, 3]


def test_too_few_or_withheld_values_share_a_cell() -> None:
    cells = from_reference({"kind": "number", "rows": 10, "missing": 4, "private": True})
    assert cells.counts == (0, 6, 4)
    assert cells.codes([1.0, None]).tolist() == [1, 2]


@pytest.mark.parametrize(("counts", "edges"), [((1, 2), ()), ((0, -1, 0), ()), ((0, 1, 1, 1, 0), (2.0, 1.0))])
def test_impossible_cells_are_refused(counts: tuple[int, ...], edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"counts|edges"):
        Cells("number", counts, edges)


@given(st.lists(st.integers(5, 60), min_size=1, max_size=40), st.integers(0, 100), st.integers(0, 9))
@settings(deadline=None, max_examples=50)
def test_the_correction_keeps_what_there_is(counts: list[int], other: int, missing: int) -> None:
    entry = {
        "kind": "category", "missing": missing, "other": other,
        "values": [[f"c{i}", c] for i, c in enumerate(counts)],
    }  # fmt: skip
    cells = from_reference(entry)
    assert len(cells.names) == len(counts)
    if 5 not in counts and other == 0:
        assert cells.rows == sum(counts) + missing
    assert cells.rows <= sum(counts) + other + missing + len(counts)


def test_the_correction_foresees_how_many_new_rows_are_not_listed() -> None:
    rng = np.random.default_rng(3)
    weights = 1 / np.arange(1, 1001)
    weights /= weights.sum()
    plain, mended, later = [], [], []
    for _ in range(60):
        counts = rng.multinomial(2000, weights)
        listed = np.flatnonzero(counts >= 5)
        other = int(counts.sum() - counts[listed].sum())
        told = from_reference(
            {"kind": "category", "other": other, "values": [[f"c{i}", int(counts[i])] for i in listed]}
        )
        plain.append(other / 2000)
        mended.append(told.counts[0] / told.rows)
        later.append(1 - weights[listed].sum())
    error = np.std(np.array(mended) - np.array(later)) / math.sqrt(60)
    assert abs(np.mean(mended) - np.mean(later)) < 4 * error
    assert np.mean(later) - np.mean(plain) > 10 * error


def test_edges_of_ones_own() -> None:
    cells = from_values([0.5], [0.1, 0.5, 0.9, math.nan])
    assert cells.counts == (0, 2, 1, 1)
