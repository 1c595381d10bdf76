"""Shapley values of a model whose exact ones are known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from modelwright.evidence.testing.allowance import rough_cost
from modelwright.evidence.testing.cost import served
from modelwright.evidence.testing.row_explanations import explain
from modelwright.testing.planted import World, world


@pytest.fixture(scope="module")
def linear() -> World:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": 2 * x[:, 0] - x[:, 1]})
    return world(frame, {"a": 2.0, "b": -1.0})


def test_contributions_of_a_linear_model_are_weight_times_distance(linear: World) -> None:
    rows = linear.opened()
    some = rows.typed.take(slice(0, 4))
    found = explain(linear.oracle(), some, None, rows.typed.take(slice(100, 101)), seed=0)
    behind = rows.typed.numbers[100]
    wanted = (some.numbers - behind) * np.array([2.0, -1.0, 0.0])
    assert found.contributions == pytest.approx(wanted, abs=1e-5)
    assert found.errors == pytest.approx(np.zeros_like(wanted), abs=1e-6)


def test_contributions_add_up_and_the_truth_is_within_their_errors(linear: World) -> None:
    rows = linear.opened()
    some = rows.typed.take(slice(0, 6))
    found = explain(linear.oracle(), some, None, rows.typed, seed=1, pairs=200)
    assert found.base + found.contributions.sum(axis=1) == pytest.approx(found.values, abs=1e-4)
    wanted = (some.numbers - rows.typed.numbers.mean(axis=0)) * np.array([2.0, -1.0, 0.0])
    assert np.all(np.abs(found.contributions - wanted) <= 4 * found.errors + 1e-6)
    assert np.all(found.contributions[:, 2] == 0.0)


def test_the_model_that_is_timed_answers_as_the_graph_does(linear: World) -> None:
    rows = linear.opened()
    model = served(linear.development, linear.compressed)
    answers = model.predict(rows.frame.select(model.signature.names).to_dicts())
    scored = linear.oracle().scored(rows)
    assert scored.values is not None
    assert answers == pytest.approx(scored.values)


def test_a_graph_costs_what_it_holds(linear: World) -> None:
    small = rough_cost(linear.compressed.graph.get())
    assert 0 < small < 1e-4
