from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from modelwright.release.joint import distances, joint, shrunk
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

KINDS = {"a": "number", "b": "number", "c": "category", "d": "date", "e": "boolean", "t": "text"}
Columns = dict[str, npt.NDArray[Any]]


def rows(n: int, seed: int, together: float = 0.9) -> Columns:
    """a and b are correlated; c follows a; d and e are on their own; every column lacks some values."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    b = together * a + np.sqrt(1 - together**2) * rng.normal(size=n)
    c = np.empty(n, dtype=object)
    c[:] = np.where(a > 0.5, "high", np.where(a > -0.5, "middle", "low"))
    d = (rng.integers(0, 10**6, n) * 10**9).astype(np.int64)
    e = rng.integers(0, 2, n).astype(np.float64)
    t = np.empty(n, dtype=object)
    t[:] = "some words"
    holes = rng.random((n, 5)) < 0.02
    a[holes[:, 0]], b[holes[:, 1]], e[holes[:, 4]] = np.nan, np.nan, np.nan
    c[holes[:, 2]], d[holes[:, 3]] = NULL_TEXT, NULL_TIME
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "t": t}


def test_new_rows_are_spread_as_the_held_rows_are() -> None:
    told = joint(rows(2000, 1), KINDS)
    far = distances(told, rows(50_000, 2))
    shares = np.bincount(np.searchsorted(told["edges"], far, side="left"), minlength=len(told["counts"]))
    expected = np.array(told["counts"]) / sum(told["counts"])
    # Bins of 50 held rows are known to about 14%; four standard errors.
    assert np.abs(shares / shares.sum() / expected - 1).max() < 0.6
    assert abs(float(np.average(told["means"], weights=told["counts"])) - float(far.mean())) < 0.05


def test_columns_that_no_longer_go_together_lie_further_out() -> None:
    told = joint(rows(2000, 1), KINDS)
    same, apart = distances(told, rows(5000, 2)), distances(told, rows(5000, 3, together=0.0))
    assert np.quantile(apart, 0.9) > 1.3 * np.quantile(same, 0.9)


def test_it_holds_aggregates_alone_and_is_json() -> None:
    told = joint(rows(500, 1), KINDS)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [entry["name"] for entry in told["columns"]] == ["a", "b", "c", "e"]
    assert min(told["counts"]) >= 5
    assert sum(told["counts"]) == told["rows"] == 250
    assert told["fitted_rows"] == 250


def test_a_category_with_few_rows_is_not_named() -> None:
    columns = rows(500, 1)
    columns["c"][:3] = "one person's own"
    assert "one person" not in json.dumps(joint(columns, KINDS))


def test_it_is_the_same_at_each_call() -> None:
    assert joint(rows(500, 1), KINDS) == joint(rows(500, 1), KINDS)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({name: values[:50] for name, values in rows(500, 1).items()}, "there are 50 rows"),
        ({"a": rows(500, 1)["a"], "t": rows(500, 1)["t"]}, "fewer than two columns vary"),
        ({"a": rows(500, 1)["a"], "b": np.zeros(500)}, "fewer than two columns vary"),
        ({}, "there are 0 rows"),
    ],
)
def test_where_it_can_say_nothing_it_says_why(columns: Columns, why: str) -> None:
    told = joint(columns, KINDS)
    assert told["available"] is False
    assert why in told["why"]


def test_columns_that_say_the_same_leave_an_inverse() -> None:
    one = np.random.default_rng(1).normal(size=(400, 1))
    matrix, share = shrunk(np.repeat(one, 3, axis=1) / one.std())
    assert 0.01 <= share <= 1
    assert np.linalg.cond(matrix) < 1e4
