"""Neighbours: the right ones, of equals the first, and no row of zero weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from sklearn.neighbors import KNeighborsRegressor

from modelwright.models.families.nearest_neighbours import FAMILY, smallest
from modelwright.models.families.rbf_svm import lloyd
from modelwright.models.family import DataFacts, Deadline, Declines, Machine, Rows
from modelwright.testing.families import graph_bytes, graph_predict, learnable, task_of


@given(
    d=some.arrays(np.float32, (5, 12), elements=st.sampled_from([0.0, 1.0, 2.0, 3.0])), k=st.integers(1, 12)
)
def test_the_smallest_of_equals_the_first(d: np.ndarray[Any, Any], k: int) -> None:
    place, value = smallest(d, k)
    expected = np.argsort(d, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(place, expected)
    np.testing.assert_array_equal(value, np.take_along_axis(d, expected, axis=1))


def test_unweighted_neighbours_are_scikit_learns() -> None:
    rows = learnable("regression", "dense", 300)
    config = {"k": 7, "closer": False}
    fitted = FAMILY.fit(task_of("regression"), rows, None, config, seed=0, threads=1, deadline=Deadline())
    other = learnable("regression", "dense", 100, seed=8)
    theirs = KNeighborsRegressor(7).fit(rows.x, rows.y).predict(other.x)
    np.testing.assert_allclose(fitted.predict(other.x)[:, 0], theirs, rtol=1e-6)


def test_many_equal_distances_give_the_same_answer_in_the_graph() -> None:
    rng = np.random.default_rng(0)
    # A coarse grid: most distances are shared by many rows.
    x = rng.integers(0, 3, (400, 4)).astype(np.float32)
    rows = Rows(x, rng.integers(0, 2, 400))
    for closer in (True, False):
        config = {"k": 5, "closer": closer}
        fitted = FAMILY.fit(task_of("binary"), rows, None, config, seed=0, threads=1, deadline=Deadline())
        own, shown = fitted.predict(x), graph_predict(graph_bytes(fitted, 4), x)
        np.testing.assert_allclose(own, shown, atol=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(20_001, 5), (15_000, 300)])
def test_declines_what_would_be_too_large(rows: int, columns: int) -> None:
    facts = DataFacts(rows, columns, 0, 0, 0, 0.0)
    reply = FAMILY.suits(task_of("regression"), facts, Machine(2, 8 << 30))
    assert isinstance(reply, Declines)
    assert "large" in reply.why or "too many" in reply.why


def test_says_that_the_bundle_would_hold_training_rows() -> None:
    reply = FAMILY.suits(task_of("regression"), DataFacts(500, 5, 0, 0, 0, 0.0), Machine(2, 8 << 30))
    assert "training rows" in reply.why


def test_centres_are_means_and_not_rows() -> None:
    x = np.random.default_rng(0).normal(size=(500, 3))
    centres = lloyd(x, 40, 0, Deadline())
    assert 20 <= len(centres) <= 40
    distance = np.abs(centres[:, None] - x[None]).sum(axis=2)
    assert distance.min() > 0
