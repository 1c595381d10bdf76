"""A fitted linear model on n-grams: sums of the weights of the grams that are there, in memory and in the
graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from modelwright.features.grams import Grams
from modelwright.features.typed import Typed
from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.families import linear
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import Task


@dataclass(frozen=True, slots=True)
class Bag:
    """One vocabulary with its weights: ``weights`` float64 [grams, k]. ``scales`` float64 [grams], no less
    than 0, where a gram stands with that value in a row that is brought to length 1, or None where only
    presence counts. ``counted``: the value grows with the logarithm of how often a gram stands in the row."""

    grams: Grams
    weights: Values
    scales: Values | None
    counted: bool = True


@dataclass(slots=True, eq=False)
class NgramsFitted:
    """Scores ``sum of weights of the grams / length + x @ dense + bias`` with their link."""

    task: Task
    bags: tuple[Bag, ...]
    dense: Values
    bias: Values
    scale: Scale
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict_typed(self, x: Matrix, typed: Typed) -> Values:
        scores = linear.bounded(x).astype(np.float64) @ self.dense + self.bias
        sums, squares = np.zeros_like(scores), np.zeros(len(scores))
        for bag in self.bags:
            matrix = valued(bag.grams.counts(typed.strings), bag.scales, bag.counted)
            sums += matrix @ bag.weights
            squares += squared(matrix)
        if self.bags[0].scales is not None:
            sums /= length(squares)[:, None]
        scores = scores + sums
        if self.task.problem == "binary":
            return layers.pair_values(scores)
        if self.task.problem == "multiclass":
            return layers.softmax_values(scores)
        return self.scale.back(scores)

    def to_graph_typed(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> str:
        assert inputs.strings is not None
        scores = self._sums(graph, inputs.strings)
        if x is not None:
            x = layers.clip(graph, x, -linear.BOUND, linear.BOUND)
            scores = graph.node("Add", [scores, layers.gemm(graph, x, self.dense, self.bias)])
        else:
            scores = graph.node("Add", [scores, graph.constant(self.bias, "float32", "b")])
        if self.task.problem == "binary":
            return layers.logistic_pair(graph, scores)
        if self.task.problem == "multiclass":
            return layers.softmax(graph, scores)
        return layers.affine(graph, scores, self.scale.deviation, self.scale.mean)

    def _sums(self, graph: GraphBuilder, strings: str) -> str:
        """float32 [N, k]: the weights of the grams that are there, over the length of the row."""
        outputs = len(self.bias)
        normed = self.bags[0].scales is not None
        rows = graph.node("Shape", [strings], start=0, end=1)
        shape = graph.node("Concat", [rows, graph.constant([outputs + normed], "int64")], axis=0)
        total = graph.node("Expand", [graph.constant(0.0, "float32"), shape])
        axis = graph.constant([1], "int64", "axis")
        for bag in self.bags:
            row, gram, count = bag.grams.to_graph(graph, strings)
            if bag.scales is None:
                table = graph.constant(bag.weights, "float32", "grams")
                values = graph.node("Gather", [table, gram])
            else:
                value = graph.node("Gather", [graph.constant(bag.scales, "float32", "scales"), gram])
                if bag.counted:
                    one = graph.constant(1.0, "float32", "one")
                    value = graph.node("Mul", [graph.node("Add", [graph.node("Log", [count]), one]), value])
                value = graph.node("Unsqueeze", [value, axis])
                table = graph.constant(bag.weights, "float32", "grams")
                weighted = graph.node("Mul", [graph.node("Gather", [table, gram]), value])
                values = graph.node("Concat", [weighted, graph.node("Mul", [value, value])], axis=1)
            place = graph.node("Unsqueeze", [row, axis])
            total = graph.node("ScatterND", [total, place, values], reduction="add")
        if not normed:
            return total
        sums, squares = graph.nodes_out("Split", [total, graph.constant([outputs, 1], "int64")], 2, axis=1)
        least = graph.constant(SMALLEST, "float32", "smallest")
        return graph.node("Div", [sums, graph.node("Sqrt", [graph.node("Max", [squares, least])])])


SMALLEST = 1e-12


def length(squares: Values) -> Values:
    return np.asarray(np.sqrt(np.maximum(squares, SMALLEST)))


def squared(matrix: Any) -> Values:
    """float64 [n]: the sum of the squares of each row."""
    return np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel()


def valued(counts: Any, scales: Values | None, counted: bool = True) -> Any:
    """What each gram of a row is worth: its scale, times (1 + log count) if ``counted``; without ``scales``
    ones where a gram is there."""
    made = counts.copy()
    if scales is None:
        made.data = np.ones(len(made.data))
    else:
        made.data = (1.0 + np.log(made.data) if counted else 1.0) * scales[made.indices]
    return made


def unit(matrix: Any) -> Any:
    """The rows brought to length 1."""
    return (sparse.diags(1.0 / length(squared(matrix))) @ matrix).tocsr()
