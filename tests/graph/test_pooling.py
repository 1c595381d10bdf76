"""The graph puts members together as numpy does."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.pooling import Pool, add_pooled, pooled
from modelwright.graph.price import single_row_us
from modelwright.graph.session import session


def shares(rows: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    powers = np.exp(4 * np.random.default_rng(seed).normal(size=(rows, 3)))
    made = powers / powers.sum(axis=1, keepdims=True)
    made[0] = (1.0, 0.0, 0.0)
    return made.astype(np.float32)


def model(weights: list[float], pool: Pool, twice: bool = False) -> onnx.ModelProto:
    graph = GraphBuilder("pool")
    names = [graph.input(f"m{i}", "float32", 3) for i in range(len(weights))]
    tensors = [names[0]] * len(weights) if twice else names
    made = add_pooled(graph, tensors, weights, 3, pool)
    graph.output(graph.node("Cast", [made], to=onnx.TensorProto.FLOAT), "scores", "float32", 3)
    return graph.build()


@pytest.mark.parametrize("pool", ["mean", "log"])
@pytest.mark.parametrize("weights", [[1.0], [0.7], [0.5, 0.5], [1.2, 0.4, 0.0], [3.0, 1.0]])
def test_graph_and_numpy_agree(weights: list[float], pool: Pool) -> None:
    parts = [shares(50, i) for i in range(len(weights))]
    content = model(weights, pool).SerializeToString()
    got = session(content).run(["scores"], {f"m{i}": part for i, part in enumerate(parts)})[0]
    want = pooled([part.astype(np.float64) for part in parts], weights, pool)
    np.testing.assert_allclose(got, want, atol=1e-6)
    np.testing.assert_allclose(want.sum(axis=1), 1.0, atol=1e-6)


def test_a_member_that_stands_twice_counts_twice() -> None:
    one = shares(20, 5)
    content = model([0.5, 0.7], "log", twice=True).SerializeToString()
    got = session(content).run(["scores"], {"m0": one, "m1": one})[0]
    np.testing.assert_allclose(got, pooled([one.astype(np.float64)], [1.2], "log"), atol=1e-6)


def test_weights_above_one_sharpen() -> None:
    timid = np.array([[0.6, 0.4]])
    assert pooled([timid, timid], [1.0, 1.0], "log")[0, 0] > pooled([timid, timid], [1.0, 1.0], "mean")[0, 0]


def test_a_larger_graph_costs_more() -> None:
    assert single_row_us(model([1.0], "mean")) < single_row_us(model([0.5, 0.5], "log"))
