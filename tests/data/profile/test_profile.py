"""The profile: figures that agree with a count by hand."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.book import Book
from modelwright.core.records.data import Profile
from modelwright.core.records.evidence import Figure, Finding, Table
from modelwright.data.label import label
from modelwright.data.profile.column import histogram, moments
from modelwright.data.profile.outliers import outliers
from modelwright.data.profile.stage import profile
from modelwright.goal.sections import ProblemSection, RolesSection, SuccessSection
from modelwright.testing.tables import cleaned_of


def run(frame: pl.DataFrame, **kinds: str) -> tuple[Profile, Book]:
    book = Book()
    cleaned = cleaned_of(frame, "y", kinds=kinds)  # type: ignore[arg-type]
    made = label(ProblemSection("t", target="y"), RolesSection(), SuccessSection(), cleaned, book)
    return profile(made, book), book


FRAME = pl.DataFrame(
    {
        "n": [1.0, 2.0, 3.0, None],
        "c": ["a", "b", "a", None],
        "t": ["one two", "one", "one two three", "x"],
        "d": [datetime(2020, 1, 1), datetime(2020, 1, 3), None, datetime(2020, 1, 2)],  # noqa: DTZ001
        "b": [True, False, True, True],
        "y": ["p", "q", "p", "q"],
    }
)


def test_each_kind_of_column_has_its_numbers() -> None:
    made, book = run(FRAME, t="text")
    by_name = {c.name: c for c in made.columns}
    n, c, t, d = by_name["n"], by_name["c"], by_name["t"], by_name["d"]
    assert (n.count, n.missing, n.distinct) == (3, 1, 3)
    assert (n.numbers["min"], n.numbers["mean"], n.numbers["max"]) == (1.0, 2.0, 3.0)
    assert c.top == (("a", 2), ("b", 1))
    assert t.lengths == {"min": 1.0, "mean": 1.75, "max": 3.0}
    assert d.numbers["max"] - d.numbers["min"] == 2 * 86_400e6
    assert by_name["b"].numbers["mean"] == 0.75
    assert made.numbers["missing_cells"] == 3
    assert made.numbers["complete_rows"] == 2
    overview = next(i for i in book.items if isinstance(i, Table))
    assert [row[0] for row in overview.rows] == ["n", "c", "t", "d", "b", "y"]
    assert {i.code for i in book.items if isinstance(i, Figure)} >= {"profile.column.n", "profile.column.c"}


def test_equal_rows_are_counted() -> None:
    frame = pl.DataFrame({"x": [1.0, 1.0, 1.0, 2.0], "y": ["a", "a", "b", "b"]})
    assert run(frame)[0].numbers["duplicate_rows"] == 1


def test_a_wild_value_does_not_flatten_the_histogram() -> None:
    values = np.concatenate([np.linspace(0, 1, 999), [1e9]])
    edges, counts = histogram(values, 1000)
    assert sum(counts) == 1000
    assert sum(c > 0 for c in counts) > 20
    assert (edges[0], edges[-1]) == (0.0, 1e9)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=200))
def test_every_value_is_in_one_bar(values: list[float]) -> None:
    array = np.array(values)
    edges, counts = histogram(np.sort(array), len(np.unique(array)))
    assert sum(counts) == len(values)
    assert len(edges) == len(counts) + 1
    found = moments(array, np.sort(array))
    assert found["min"] <= found["q25"] <= found["q50"] <= found["q75"] <= found["max"]


def test_no_row_at_all_has_no_moments() -> None:
    assert moments(np.zeros(0), np.zeros(0)) == {}


def test_the_same_rows_have_the_same_profile() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{i}": rng.normal(size=2000) for i in range(5)} | {"y": rng.integers(0, 2, 2000)})
    assert run(frame)[0] == run(frame)[0]


def test_moments_agree_with_scipy() -> None:
    from scipy import stats

    values = np.random.default_rng(1).exponential(size=500)
    found = moments(values, np.sort(values))
    assert found["skew"] == pytest.approx(stats.skew(values))
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(values))


def found_of(book: Book) -> list[Finding]:
    return [i for i in book.items if isinstance(i, Finding) and i.code == "profile.outliers"]


def test_numbers_far_from_the_rest_are_told_and_kept() -> None:
    rng = np.random.default_rng(0)
    n = 500
    frame = pl.DataFrame({"x": rng.normal(10, 2, n), "z": rng.exponential(1, n), "y": ["a", "b"] * (n // 2)})
    frame[7, "x"] = 1e6
    frame[8, "x"] = -400.0
    made, book = run(frame)
    (told,) = found_of(book)
    assert told.numbers == {"columns": 1.0, "cells": 2.0}
    assert "x (2, 0.40%, as 1e+06)" in told.message
    (table,) = [i for i in book.items if isinstance(i, Table) and i.code == "profile.outliers"]
    name, count, share, low, high, farthest = table.rows[0]
    assert (name, count, share, farthest) == ("x", 2, 0.004, 1e6)
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert -20 < low < 0 < 20 < high < 40
    assert next(c for c in made.columns if c.name == "x").numbers["max"] == 1e6


@pytest.mark.parametrize("shape", ["normal", "exponential", "uniform"])
def test_the_tail_of_an_ordinary_column_is_no_outlier(shape: str) -> None:
    values = getattr(np.random.default_rng(1), shape)(size=400)
    assert outliers(values) is None
    assert outliers(-values) is None


def test_outliers_do_not_apply_to_few_values_nor_where_most_are_equal() -> None:
    assert outliers(np.array([1.0, 2.0, 3.0, 1e9])) is None
    assert outliers(np.array([0.0] * 60 + [1.0, 1e9])) is None
    _, book = run(pl.DataFrame({"x": ["p", "q"] * 30, "y": ["a", "b"] * 30}))
    assert found_of(book) == []
