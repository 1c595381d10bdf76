"""Small shared pieces of graphs: bounded input, one dense layer, and the links from scores to answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwright.graph.builder import GraphBuilder

Array = npt.NDArray[np.floating]

ABSENT = -1e4
"""The score of a class that has no training row: its softmax is exactly zero in float32 and float64."""


def clip(graph: GraphBuilder, x: str, low: float, high: float) -> str:
    """``x`` (float32) with every value brought into [low, high]; NaN stays NaN."""
    return graph.node("Clip", [x, graph.constant(low, "float32"), graph.constant(high, "float32")])


def gemm(graph: GraphBuilder, x: str, weights: Array, bias: Array, dtype: str = "float32") -> str:
    """``x @ weights + bias`` for weights [m, k] and bias [k]; gives [N, k]."""
    return graph.node("Gemm", [x, graph.constant(weights, dtype, "w"), graph.constant(bias, dtype, "b")])


def cast(graph: GraphBuilder, x: str, dtype: str) -> str:
    from modelwright.graph.builder import DTYPES

    return graph.node("Cast", [x], to=DTYPES[dtype])


def softmax(graph: GraphBuilder, scores: str) -> str:
    """Probabilities [N, k] from scores [N, k]."""
    return graph.node("Softmax", [scores], axis=1)


def logistic_pair(graph: GraphBuilder, score: str) -> str:
    """[1 - p, p] from one score [N, 1]. Both sides go through the sigmoid, so that a small probability
    keeps its precision on either side."""
    both = graph.node("Mul", [score, graph.constant([[-1.0, 1.0]], "float32")])
    return graph.node("Sigmoid", [both])


def complement_pair(graph: GraphBuilder, p: str) -> str:
    """[1 - p, p] from the probability of the positive class [N, 1]."""
    scaled = graph.node("Mul", [p, graph.constant([[-1.0, 1.0]], "float32")])
    return graph.node("Add", [scaled, graph.constant([[1.0, 0.0]], "float32")])


def affine(graph: GraphBuilder, value: str, scale: float, offset: float) -> str:
    """``value * scale + offset``: back to the units of the target."""
    if scale != 1.0:
        value = graph.node("Mul", [value, graph.constant([scale], "float32")])
    return graph.node("Add", [value, graph.constant([offset], "float32")])


def constant_rows(graph: GraphBuilder, x: str, row: Array) -> str:
    """The same ``row`` [k] for each row of ``x``; gives [N, k]."""
    count = graph.node("Shape", [x], start=0, end=1)
    shape = graph.node("Concat", [count, graph.constant([1], "int64")], axis=0)
    return graph.node("Expand", [graph.constant(np.atleast_2d(row), "float32"), shape])


def softmax_values(scores: Array) -> npt.NDArray[np.float64]:
    """Softmax along the last axis in float64, without overflow."""
    shifted = np.asarray(scores, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def pair_values(score: Array) -> npt.NDArray[np.float64]:
    """[1 - p, p] float64 [n, 2] from one score a row."""
    flat = np.asarray(score, dtype=np.float64).reshape(-1)
    # exp of the smaller side, not 1 - p, so that neither side loses its small values.
    out = np.empty((len(flat), 2))
    small = np.exp(-np.abs(flat))
    large = 1.0 / (1.0 + small)
    out[:, 1] = np.where(flat >= 0, large, small * large)
    out[:, 0] = np.where(flat >= 0, small * large, large)
    return out
