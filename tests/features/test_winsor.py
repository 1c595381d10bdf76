from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modelwright.features.defaults import Style, default_recipe
from modelwright.features.facts import column_facts
from modelwright.features.recipe import FittedRecipe, Recipe
from modelwright.features.typed import Typed
from modelwright.features.winsor import Bounds, bounds_of
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import add_inputs
from modelwright.graph.session import session
from modelwright.runtime.signature import Signature
from modelwright.testing.operations import sample_target

STYLES: tuple[Style, ...] = ("trees", "dense")


def rows(n: int = 400) -> Typed:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(n, 3))
    numbers[::7, 1] = np.nan
    numbers[3, 0], numbers[4, 0], numbers[8, 1] = 1e6, -1e6, 5e4
    signature = Signature(numbers=("a", "b", "c"), strings=(), times=(), texts=(), booleans=())
    return Typed(signature, numbers, np.empty((n, 0), dtype=object), np.empty((n, 0), dtype=np.int64))


def fitted(style: Style, typed: Typed) -> FittedRecipe:
    recipe = default_recipe(style, typed.signature, column_facts(typed), variant="simple")
    recipe = replace(recipe, winsorise=(("a", ()), ("b", (0.05, 0.95))))
    recipe = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    made, matrix = recipe.fit(typed, sample_target(typed, 2), 0)
    assert np.array_equal(made.apply(typed), matrix, equal_nan=True)
    return FittedRecipe.from_json(json.loads(json.dumps(made.to_json())))


@pytest.mark.parametrize("style", STYLES)
def test_the_graph_draws_in_what_numpy_draws_in(style: Style) -> None:
    typed = rows()
    made = fitted(style, typed)
    wild = replace(
        typed, numbers=np.where(np.arange(400)[:, None] % 5 == 0, typed.numbers * 1e9, typed.numbers)
    )
    wild.numbers[0] = [np.inf, -np.inf, np.inf]
    graph = GraphBuilder()
    x = made.to_graph(graph, add_inputs(graph, typed.signature))
    graph.output(x, "x", "float32", len(made.names))
    found = session(graph.build().SerializeToString()).run(["x"], wild.feeds())[0]
    np.testing.assert_allclose(found, made.apply(wild), rtol=1e-6, equal_nan=True)


def test_trees_see_no_number_beyond_the_bounds_and_missing_stays_missing() -> None:
    typed = rows()
    made = fitted("trees", typed)
    x = made.apply(typed)
    assert np.abs(x[:, 0]).max() < 50
    assert made.bounds is not None
    assert x[:, 1][~np.isnan(x[:, 1])].max() <= np.float32(made.bounds.high[1])
    assert np.isnan(x[::7, 1]).all()
    assert np.isnan(x).sum() == np.isnan(typed.numbers).sum()
    assert made.bounds.counts(typed)[0] == (1, 1)
    assert "winsorised" in made.sentences()[0]


def test_bounds_are_those_of_the_rows_they_were_fitted_on() -> None:
    typed = rows()
    less = typed.take(np.arange(100, 400))
    learned = Bounds.learn(less, (("b", (0.0, 1.0)),))
    assert learned is not None
    assert learned.high[0] == np.nanmax(less.numbers[:, 1]) < np.nanmax(typed.numbers[:, 1])


def test_no_bounds_where_there_is_nothing_to_learn_them_from() -> None:
    typed = rows()
    assert Bounds.learn(typed, ()) is None
    assert Bounds.learn(typed, (("gone", ()),)) is None
    assert bounds_of(np.full(100, np.nan), (0.1, 0.9)) is None
    assert bounds_of(np.zeros(100), ()) is None
    assert bounds_of(np.arange(10.0), (0.15, 0.85)) == (1.0, 8.0)
