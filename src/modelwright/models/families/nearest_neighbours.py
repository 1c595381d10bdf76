"""Nearest neighbours, weighted by closeness (Fix and Hodges, 1951; weights after Cleveland, 1979)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import (
    Choice,
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Int,
    Machine,
    OutOfTime,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

MOST_ROWS = 20_000
MOST_CELLS = 500_000
"""Numbers of the memory at most: each prediction reads all of them (1.6 million took 4 ms a row)."""
FAR = 100.0
FLOOR = 1e-6
"""Squared distances below this are as good as zero, whatever rounding makes of them."""
CHUNK = 512
PRIOR = 0.1
"""So much of a neighbour is the class frequencies, so that no probability is zero."""


@dataclass(slots=True)
class NeighboursFitted:
    """``memory`` [r, m] float32 rows, ``answers`` [r, k] one-hot classes or values, ``weight`` [r]."""

    task: Task
    memory: Matrix
    answers: Values
    weight: Values
    k: int
    closer: bool
    scale: Scale
    prior: Values
    """``PRIOR`` times the class frequencies; nothing for numbers."""
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict(self, x: Matrix) -> Values:
        memory = self.memory.astype(np.float64)
        square = (memory**2).sum(axis=1)
        out = np.empty((len(x), self.answers.shape[1]))
        for start in range(0, len(x), CHUNK):
            near = np.clip(x[start : start + CHUNK], -FAR, FAR).astype(np.float64)
            distance = (near**2).sum(axis=1)[:, None] + (square - 2.0 * (near @ memory.T))
            # In float32, so that distances which differ by rounding alone are equal, here and in the graph.
            nearest, away = smallest(np.maximum(distance, FLOOR).astype(np.float32), self.k)
            share = self.weight[nearest] * self._closeness(away.astype(np.float64))
            total = np.einsum("nk,nkc->nc", share, self.answers[nearest])
            out[start : start + CHUNK] = (total + self.prior) / (
                share.sum(axis=1, keepdims=True) + self.prior.sum()
            )
        return self.scale.back(out) if self.task.problem == "regression" else out

    def _closeness(self, away: Values) -> Values:
        """1 at the point itself, falling evenly (in squared distance) to a tenth at the last neighbour: a
        neighbour that rounding swaps for another at the border then matters little."""
        if not self.closer:
            return np.ones_like(away)
        return 1.0 - 0.9 * away / away[:, -1:]

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        memory = self.memory.astype(np.float64)
        near = layers.cast(graph, layers.clip(graph, x, -FAR, FAR), "float64")
        own = graph.node("ReduceSumSquare", [near, graph.constant([1], "int64")], keepdims=1)
        # The memory is kept in float32 and widened as the graph loads: half the size of the bundle.
        wide = graph.node(
            "Mul",
            [
                layers.cast(graph, graph.constant(self.memory.T, "float32"), "float64"),
                graph.constant([-2.0], "float64"),
            ],
        )
        cross = graph.node("Gemm", [near, wide, graph.constant((memory**2).sum(axis=1), "float64")])
        distance = graph.node("Max", [graph.node("Add", [own, cross]), graph.constant([FLOOR], "float64")])
        distance = layers.cast(graph, distance, "float32")
        away, nearest = graph.nodes_out(
            "TopK", [distance, graph.constant([self.k], "int64")], 2, axis=1, largest=0, sorted=1
        )
        share = graph.node("Gather", [graph.constant(self.weight, "float32"), nearest], axis=0)
        if self.closer:
            last = graph.node(
                "Slice",
                [
                    away,
                    graph.constant([self.k - 1], "int64"),
                    graph.constant([self.k], "int64"),
                    graph.constant([1], "int64"),
                ],
            )
            fall = graph.node("Mul", [graph.node("Div", [away, last]), graph.constant([-0.9], "float32")])
            share = graph.node("Mul", [share, graph.node("Add", [fall, graph.constant([1.0], "float32")])])
        total = graph.node("ReduceSum", [share, graph.constant([1], "int64")], keepdims=1)
        answers = graph.node("Gather", [graph.constant(self.answers, "float32"), nearest], axis=0)
        row = graph.node("Unsqueeze", [share, graph.constant([1], "int64")])
        answer = graph.node("Squeeze", [graph.node("MatMul", [row, answers]), graph.constant([1], "int64")])
        answer = graph.node("Add", [answer, graph.constant(self.prior, "float32")])
        total = graph.node("Add", [total, graph.constant([self.prior.sum()], "float32")])
        answer = graph.node("Div", [answer, total])
        if self.task.problem == "regression":
            return layers.affine(graph, answer, self.scale.deviation, self.scale.mean)
        return answer


def smallest(distance: Matrix, k: int) -> tuple[np.ndarray[Any, Any], Matrix]:
    """Places [n, k] and values of the ``k`` smallest of each row, in order; of equals the first, as ONNX's
    TopK does."""
    part = np.argpartition(distance, k - 1, axis=1)[:, :k]
    border = np.take_along_axis(distance, part, axis=1).max(axis=1)
    # Where more values reach the border than there are places, argpartition takes any of them.
    for row in np.flatnonzero((distance <= border[:, None]).sum(axis=1) > k):
        inside = np.flatnonzero(distance[row] <= border[row])
        part[row] = inside[np.argsort(distance[row, inside], kind="stable")][:k]
    part = np.sort(part, axis=1)
    value = np.take_along_axis(distance, part, axis=1)
    order = np.argsort(value, axis=1, kind="stable")
    return np.take_along_axis(part, order, axis=1), np.take_along_axis(value, order, axis=1)


class NearestNeighbours:
    name = "nearest_neighbours"
    title = "Nearest neighbours"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        if facts.rows > MOST_ROWS:
            return Declines(
                f"{facts.rows:,} rows are too many to compare each new row with (at most {MOST_ROWS:,})",
                "give fewer rows, or look at the RBF machine",
            )
        # A category becomes about four columns, and a text many.
        wide = facts.numbers + facts.dates + 4 * facts.categories + 50 * facts.texts
        if facts.rows * wide > MOST_CELLS:
            return Declines(
                f"its memory of {facts.rows:,} rows of {facts.columns} columns would be too large: "
                "every prediction reads all of it",
                "give fewer rows or columns",
            )
        # Fitting is remembering; scoring a fold is what costs.
        cost = 0.01 + (facts.rows / 5) * facts.rows * (facts.columns + 20) * 1e-9
        return Suits(
            "no shape is assumed. Mind that its memory is the training rows themselves: "
            "the bundle would hold them, transformed",
            cost,
        )

    def space(self, task: Task, facts: DataFacts) -> Space:
        most = max(3, min(100, facts.rows // 3))
        return Space(
            ranges={"k": Int(1, most, log=True), "closer": Choice((True, False))},
            starts=(
                {"k": min(15, most), "closer": True},
                {"k": min(5, most), "closer": True},
                {"k": min(40, most), "closer": True},
            ),
        )

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> Fitted:
        """``config``: ``k`` neighbours; ``closer``: nearer ones count for more."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the fit")
        weights = common.unit_weights(train)
        kept = np.flatnonzero(weights > 0)
        scale = Scale(0.0, 1.0)
        if task.problem == "regression":
            scale = Scale.of(train.y, weights)
            answers = scale.apply(train.y)[:, None]
        else:
            answers = common.one_hot(train.y, task.classes)
        k = max(1, min(int(config.get("k", 15)), len(kept)))
        return NeighboursFitted(
            task,
            np.clip(train.x[kept], -FAR, FAR),
            answers[kept],
            weights[kept],
            k,
            bool(config.get("closer", True)),
            scale,
            PRIOR * np.average(answers, axis=0, weights=weights) * (task.problem != "regression"),
        )


FAMILY = NearestNeighbours()
