from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelwright.features.defaults import Style, default_recipe
from modelwright.features.facts import column_facts
from modelwright.features.hard import hard_rows
from modelwright.features.operation import Matrix, Target
from modelwright.features.recipe import FittedRecipe, Recipe
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.check import compare
from modelwright.graph.inputs import add_inputs
from modelwright.graph.session import session
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, Signature
from modelwright.testing.operations import TOLERANCE, sample, sample_target

STYLES: tuple[Style, ...] = ("trees", "dense")


def fit(style: Style, typed: Typed, classes: int = 2) -> tuple[FittedRecipe, Matrix]:
    recipe = default_recipe(style, typed.signature, column_facts(typed))
    return recipe.fit(typed, sample_target(typed, classes), 0)


def graph_of(fitted: FittedRecipe, signature: Signature) -> tuple[bytes, int]:
    graph = GraphBuilder()
    x = fitted.to_graph(graph, add_inputs(graph, signature))
    graph.output(x, "x", "float32", len(fitted.names))
    return graph.build().SerializeToString(), len(graph.nodes)


def assert_agrees(fitted: FittedRecipe, typed: Typed) -> None:
    model, _ = graph_of(fitted, typed.signature)
    agreement = compare("x", session(model).run(["x"], typed.feeds())[0], fitted.apply(typed))
    assert agreement.within(TOLERANCE), agreement


@pytest.mark.parametrize("style", STYLES)
def test_matrix_names_codes_and_graph(style: Style) -> None:
    typed = sample()
    fitted, matrix = fit(style, typed, classes=4)
    applied = fitted.apply(typed)
    assert applied.shape == matrix.shape == (300, len(fitted.names))
    assert applied.flags.c_contiguous
    assert matrix.flags.c_contiguous
    assert applied.dtype == np.float32
    codes = applied[:, fitted.categorical]
    assert (codes == np.floor(codes)).all()
    assert (codes >= 0).all()
    assert bool(fitted.categorical) == (style == "trees")
    assert len(fitted.sentences()) == len(fitted.operations)
    assert_agrees(fitted, typed)
    assert_agrees(fitted, hard_rows(typed, 0))


@pytest.mark.parametrize("style", STYLES)
def test_constant_and_empty_columns_give_nothing(style: Style) -> None:
    fitted, _ = fit(style, sample())
    for useless in ("constant", "empty", "only", "never"):
        assert not [name for name in fitted.names if useless in name.split()], fitted.names


def test_dense_is_finite_on_hard_rows() -> None:
    typed = sample()
    fitted, matrix = fit("dense", typed)
    assert np.isfinite(matrix).all()
    assert np.isfinite(fitted.apply(hard_rows(typed, 0))).all()


@pytest.mark.parametrize("style", STYLES)
def test_json_round_trip_and_determinism(style: Style) -> None:
    typed = sample()
    recipe = default_recipe(style, typed.signature, column_facts(typed))
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    (a, x), (b, y) = fit(style, typed), fit(style, typed)
    text = json.dumps(a.to_json(), allow_nan=False)
    assert json.dumps(b.to_json()) == text
    np.testing.assert_array_equal(x, y)
    again = FittedRecipe.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert (again.names, again.categorical) == (a.names, a.categorical)
    assert graph_of(again, typed.signature) == graph_of(a, typed.signature)


@pytest.mark.parametrize("style", STYLES)
def test_a_fold_in_which_every_row_is_the_same(style: Style) -> None:
    typed = sample(40).take(np.zeros(40, dtype=np.int64))
    fitted, matrix = fit(style, typed)
    assert matrix.shape == (40, 1)
    assert fitted.names == ("(nothing)",)
    assert_agrees(fitted, hard_rows(sample(), 0))


@pytest.mark.parametrize("style", STYLES)
def test_a_column_that_is_constant_only_in_this_fold(style: Style) -> None:
    typed = sample(200)
    recipe = default_recipe(style, typed.signature, column_facts(typed))
    numbers, strings, times = typed.numbers.copy(), typed.strings.copy(), typed.times.copy()
    numbers[:, 0], strings[:, 0], times[:, 1] = 3.0, "Oslo", NULL_TIME
    fold = Typed(typed.signature, numbers, strings, times)
    fitted, matrix = recipe.fit(fold, sample_target(fold), 0)
    assert not [name for name in fitted.names if name.split()[-1] in {"age", "city", "born"}]
    assert matrix.shape[1] == len(fitted.names)
    assert_agrees(fitted, hard_rows(typed, 2))


@pytest.mark.parametrize("style", STYLES)
def test_categories_share_one_lookup(style: Style) -> None:
    typed = sample()
    fitted, _ = fit(style, typed)
    graph = GraphBuilder()
    fitted.to_graph(graph, add_inputs(graph, typed.signature))
    assert sum(node.op_type == "LabelEncoder" for node in graph.nodes) == 1


@pytest.mark.parametrize("style", STYLES)
def test_wide_tables_stay_bounded(style: Style) -> None:
    random = np.random.default_rng(0)
    n, wide = 200, 600
    signature = Signature(
        numbers=tuple(f"n{j}" for j in range(wide)), strings=tuple(f"s{j}" for j in range(wide))
    )
    strings = random.integers(0, 30, (n, wide)).astype(str).astype(object)
    strings[:, :300] = np.char.add(strings[:, :300].astype(str), np.char.mod("-%d", np.arange(300))).astype(
        object
    )
    typed = Typed(signature, random.normal(size=(n, wide)), strings, np.empty((n, 0), dtype=np.int64))
    fitted, matrix = fit(style, typed)
    assert matrix.shape[1] < 5000
    model, nodes = graph_of(fitted, signature)
    assert nodes < 500
    assert len(model) < 20_000_000
    assert_agrees(fitted, typed.take(slice(0, 20)))


def test_values_different_in_every_row_are_no_codes() -> None:
    n = 100
    strings = np.empty((n, 2), dtype=object)
    strings[:, 0] = [f"id{i}" for i in range(n)]
    strings[:, 1] = [f"row {i} of type {'ab'[i % 2]}" for i in range(n)]
    typed = Typed(
        Signature(strings=("id", "label")), np.empty((n, 0)), strings, np.empty((n, 0), dtype=np.int64)
    )
    fitted, _ = fit("trees", typed)
    assert all("label" in name for name in fitted.names), fitted.names


# Tables of any content: what the types allow, nothing of what is usual.
TEXT = st.one_of(
    st.sampled_from([NULL_TEXT, "", " ", "a", "b", "a b", "nan", "\x00"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
NUMBER = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0]), st.floats(width=64))
TIME = st.one_of(st.just(NULL_TIME), st.integers(-(2**63), 2**63 - 1), st.integers(-(2**55), 2**55))
WIDE = Signature(numbers=("n", "m"), strings=("s", "t", "u"), times=("d", "e"), texts=("u",))


@st.composite
def tables(draw: st.DrawFn) -> Typed:
    n = draw(st.integers(1, 12))
    return Typed(
        WIDE,
        draw(hnp.arrays(np.float64, (n, 2), elements=NUMBER)),
        draw(hnp.arrays(object, (n, 3), elements=TEXT)),
        draw(hnp.arrays(np.int64, (n, 2), elements=TIME)),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), tables())
def test_any_table_agrees_with_its_graph(train: Typed, other: Typed) -> None:
    for style in STYLES:
        recipe = default_recipe(style, WIDE, column_facts(train))
        y = (np.arange(train.rows) % 2).astype(np.float64)[:, None]
        fitted, matrix = recipe.fit(train, Target(y, np.ones(train.rows)), 0)
        assert not np.isinf(matrix).any()
        assert json.dumps(fitted.to_json(), allow_nan=False)
        assert_agrees(fitted, train)
        assert_agrees(fitted, other)
