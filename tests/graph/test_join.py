from __future__ import annotations

import numpy as np
import onnx
import pytest

from modelwright.features.defaults import default_recipe
from modelwright.features.facts import column_facts
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.dedupe import dedupe
from modelwright.graph.inputs import add_inputs
from modelwright.graph.join import join
from modelwright.graph.session import session
from modelwright.testing.operations import sample, sample_target


def member(weights: list[float], style: str = "trees") -> onnx.ModelProto:
    """A linear score of a recipe's matrix with NaN as 0, as a member gives it."""
    typed = sample()
    recipe = default_recipe("trees" if style == "trees" else "dense", typed.signature, column_facts(typed))
    fitted, _ = recipe.fit(typed, sample_target(typed), 0)
    graph = GraphBuilder()
    x = fitted.to_graph(graph, add_inputs(graph, typed.signature))
    zero = graph.constant(0.0, "float32")
    x = graph.node("Where", [graph.node("IsNaN", [x]), zero, x])
    matrix = np.zeros((len(fitted.names), len(weights)), dtype=np.float32)
    matrix[0] = weights
    graph.output(
        graph.node("MatMul", [x, graph.constant(matrix, "float32")]), "scores", "float32", len(weights)
    )
    return graph.build()


def joined(models: list[onnx.ModelProto], shrink: bool) -> tuple[onnx.ModelProto, int]:
    graph, tensors = join(models)
    if shrink:
        tensors = dedupe(graph, tensors)
    graph.output(graph.node("Concat", tensors, axis=1), "all", "float32", 2)
    return graph.build(), len(graph.nodes)


def test_members_that_share_a_recipe_share_its_nodes() -> None:
    models = [member([0.5]), member([2.0])]
    alone = len(models[0].graph.node)
    large, many = joined(models, False)
    small, few = joined(models, True)
    assert many == 2 * alone + 2
    assert few == (alone - 1) + 1 + 2  # one recipe, a matrix product each, and the two that this test adds
    feeds = sample(50, seed=4).feeds()
    a, b = (session(m.SerializeToString()).run(None, feeds)[0] for m in (large, small))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a[:, 1], 4.0 * a[:, 0], rtol=1e-6)


def test_joining_is_deterministic() -> None:
    first, second = (joined([member([0.5]), member([2.0])], True)[0] for _ in range(2))
    assert first.SerializeToString() == second.SerializeToString()


def test_a_member_that_comes_twice_is_computed_once() -> None:
    graph, tensors = join([member([1.0]), member([1.0])])
    first, second = dedupe(graph, tensors)
    assert first == second


def test_different_recipes_both_stay() -> None:
    models = [member([1.0]), member([1.0], "dense")]
    model, _ = joined(models, True)
    feeds = sample(50, seed=4).feeds()
    got = session(model.SerializeToString()).run(None, feeds)[0]
    for column, one in enumerate(models):
        np.testing.assert_array_equal(got[:, [column]], session(one.SerializeToString()).run(None, feeds)[0])


def test_a_model_without_scores_is_refused() -> None:
    graph = GraphBuilder()
    graph.output(graph.input("numbers", "float64", 1), "other", "float64", 1)
    with pytest.raises(ValueError, match="scores"):
        join([graph.build()])


def test_inputs_of_another_shape_are_refused() -> None:
    models = []
    for columns in (1, 2):
        graph = GraphBuilder()
        graph.output(graph.input("numbers", "float64", columns), "scores", "float64", columns)
        models.append(graph.build())
    with pytest.raises(ValueError, match="numbers"):
        join(models)


def test_dedupe_tells_attributes_and_constants_apart() -> None:
    graph = GraphBuilder()
    x = graph.input("x", "float32", 2)
    low, high = graph.constant([[1.0, 2.0]], "float32"), graph.constant([[1.0, 3.0]], "float32")
    kept = [
        graph.node("Add", [x, low]),
        graph.node("Add", [x, high]),
        graph.node("Sub", [x, low]),
        graph.node("Sub", [low, x]),
        graph.node("Softmax", [x], axis=0),
        graph.node("Softmax", [x], axis=1),
    ]
    unused = graph.node("Mul", [x, low])
    assert dedupe(graph, kept) == kept
    assert unused not in {name for node in graph.nodes for name in node.output}
