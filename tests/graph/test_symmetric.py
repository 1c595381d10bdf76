"""Symmetric trees: the leaf of a row, as CatBoost numbers it, and the same in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from modelwright.graph import symmetric
from modelwright.graph.symmetric import Symmetric, SymmetricTrees
from modelwright.testing.families import graph_bytes, graph_predict

VALUES = st.sampled_from([-1.0, 0.0, 0.5, 0.7, 1.0, np.nan, np.inf, -np.inf])


class Alone:
    """Trees as the thing that ``graph_bytes`` exports."""

    rounds, curve, stopped = 1, (), ""

    def __init__(self, trees: SymmetricTrees) -> None:
        self.predict = trees.predict
        self.to_graph = trees.to_graph


def shown(trees: SymmetricTrees, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return graph_predict(graph_bytes(Alone(trees), x.shape[1]), x)


def drawn(count: int, depth: int, outputs: int, seed: int) -> list[Symmetric]:
    rng = np.random.default_rng(seed)
    return [
        Symmetric(
            rng.integers(0, 3, d),
            rng.choice(np.float32([-1.0, 0.0, 0.5, 0.7]), d),
            rng.random(d) < 0.5,
            rng.normal(size=(2**d, outputs)),
        )
        for d in rng.integers(0, depth + 1, count)
    ]


@given(depth=st.integers(0, 4), x=some.arrays(np.float32, (6, 3), elements=VALUES))
def test_leaves_are_numbered_as_catboost_does(depth: int, x: np.ndarray[Any, Any]) -> None:
    features = np.arange(depth) % 3
    borders = np.float32([0.0, 0.5, -1.0, 0.7])[:depth]
    nan_right = np.array([False, True, False, True])[:depth]
    leaves = np.arange(2.0**depth)[:, None] * [1.0, -1.0]
    trees = SymmetricTrees.of([Symmetric(features, borders, nan_right, leaves)], 2)
    number = np.zeros(len(x))
    for level in range(depth):
        value = x[:, features[level]]
        number += np.where(np.isnan(value), nan_right[level], value > borders[level]) * 2**level
    np.testing.assert_array_equal(trees.predict(x), number[:, None] * [1.0, -1.0])


@given(
    x=some.arrays(np.float32, (5, 3), elements=VALUES),
    seed=st.integers(0, 1000),
    depth=st.integers(0, 4),
    count=st.integers(0, 5),
)
def test_the_graph_finds_the_same_leaves(x: np.ndarray[Any, Any], seed: int, depth: int, count: int) -> None:
    trees = SymmetricTrees.of(drawn(count, depth, 2, seed), 2, base=[0.5, -1e4])
    np.testing.assert_allclose(shown(trees, x), trees.predict(x), atol=1e-5)


def test_many_trees_are_summed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    trees = SymmetricTrees.of(drawn(100, 5, 1, 1), 1, link="logistic")
    whole = shown(trees, x)
    monkeypatch.setattr(symmetric, "LEAST", 7)
    monkeypatch.setattr(symmetric, "BLOCK", 7)
    np.testing.assert_allclose(shown(trees, x), whole, atol=1e-6)
    np.testing.assert_allclose(whole, trees.predict(x), atol=1e-6)


@pytest.mark.parametrize("link", ["none", "logistic", "softmax"])
def test_links_scale_and_offset(link: Any) -> None:
    x = np.float32([[0.0, 0.0, 0.0], [3.0, 1.0, np.nan]])
    outputs = 3 if link == "softmax" else 1
    scale, offset = (100.0, 5.0) if link == "none" else (1.0, 0.0)
    trees = SymmetricTrees.of(drawn(4, 3, outputs, 2), outputs, link=link, scale=scale, offset=offset)
    np.testing.assert_allclose(shown(trees, x), trees.predict(x), rtol=1e-5, atol=1e-6)
    if link != "none":
        np.testing.assert_allclose(trees.predict(x).sum(axis=1), 1.0)
