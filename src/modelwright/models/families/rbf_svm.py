"""Support vector machine with a Gaussian (RBF) kernel, by Nystroem features (Williams and Seeger, 2001).

An exact kernel machine takes time quadratic in the rows, cannot be stopped, and its bundle holds training
rows. Here the kernel is taken with a few hundred k-means centres: the fit is bounded, the bundle small, and
a centre is a mean of rows, not a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common, linear, margin
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
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

MOST_ROWS = 50_000
FAR = 30.0
"""Inputs are brought within so many deviations: beyond, the kernel is zero anyway."""


@dataclass(slots=True)
class RbfFitted:
    """Scores ``exp(-gamma |x - centre|^2) @ weights + bias``."""

    task: Task
    centres: Values
    gamma: float
    weights: Values
    bias: Values
    scale: Scale
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict(self, x: Matrix) -> Values:
        out = np.empty((len(x), self.weights.shape[1]))
        for start in range(0, len(x), 8192):
            part = slice(start, start + 8192)
            out[part] = kernel(x[part], self.centres, self.gamma) @ self.weights + self.bias
        if self.task.problem == "binary":
            return layers.pair_values(out)
        if self.task.problem == "multiclass":
            return layers.softmax_values(out)
        return self.scale.back(out)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        # In double: the weights behind the whitening are large and of both signs.
        x = layers.cast(graph, layers.clip(graph, x, -FAR, FAR), "float64")
        own = graph.node("ReduceSumSquare", [x, graph.constant([1], "int64")], keepdims=1)
        own = graph.node("Mul", [own, graph.constant([-self.gamma], "float64")])
        cross = layers.gemm(
            graph,
            x,
            2.0 * self.gamma * self.centres.T,
            -self.gamma * (self.centres**2).sum(axis=1),
            "float64",
        )
        features = graph.node("Exp", [graph.node("Add", [cross, own])])
        if self.task.problem == "binary":
            both, bias = np.hstack([-self.weights, self.weights]), np.hstack([-self.bias, self.bias])
            answer = graph.node("Sigmoid", [layers.gemm(graph, features, both, bias, "float64")])
        elif self.task.problem == "multiclass":
            scores = layers.gemm(graph, features, self.weights, self.bias, "float64")
            answer = layers.softmax(graph, scores)
        else:
            weights = self.weights * self.scale.deviation
            answer = layers.gemm(graph, features, weights, self.scale.back(self.bias), "float64")
        return layers.cast(graph, answer, "float32")


def kernel(x: npt.NDArray[Any], centres: Values, gamma: float) -> Values:
    near = np.clip(x, -FAR, FAR).astype(np.float64)
    distance = (near**2).sum(axis=1)[:, None] - 2.0 * (near @ centres.T) + (centres**2).sum(axis=1)
    return np.asarray(np.exp(-gamma * distance))


class RbfSvm:
    name = "rbf_svm"
    title = "RBF support vector machine (Nystroem)"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        if facts.rows > MOST_ROWS:
            return Declines(
                f"{facts.rows:,} rows are too many for an RBF kernel (at most {MOST_ROWS:,})",
                "give fewer rows, or look at the boosted trees",
            )
        if task.problem != "regression" and facts.smallest_class < 4:
            return Declines(
                f"the rarest class has {facts.smallest_class} rows, and its scores are made probabilities on "
                "rows held out from training, which takes 4 of each"
            )
        cost = 0.5 + facts.rows * 400 * (2.5e-7 + 3e-8 * max(1, task.classes)) / max(1, machine.cores) ** 0.5
        return Suits("smooth borders that trees cannot draw; few centres keep it small", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        most = max(11, min(800, facts.rows // 2))
        ranges: dict[str, Any] = {
            "c": Float(1e-3, 1e3, log=True),
            "gamma": Float(0.05, 20.0, log=True),
            "centres": Int(10, most, log=True),
        }
        usual = min(300, most)
        starts: list[dict[str, Any]] = [
            {"c": 10.0, "gamma": 1.0, "centres": usual},
            {"c": 1.0, "gamma": 0.3, "centres": usual},
            {"c": 30.0, "gamma": 3.0, "centres": min(500, most)},
        ]
        if task.problem == "regression":
            ranges["epsilon"] = Float(0.0, 0.5)
            starts = [{**start, "epsilon": 0.05} for start in starts]
        return Space(ranges=ranges, starts=tuple(starts))

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
        """``config``: ``c``, ``gamma`` (1 is one over the sum of the variances), ``centres``, ``epsilon``."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the centres were found")
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        near = np.clip(train.x, -FAR, FAR).astype(np.float64)
        gamma = float(c["gamma"]) / max(float(near.var(axis=0).sum()), 1e-12)
        scale = Scale(0.0, 1.0)
        with common.blas_threads(threads):
            centres = lloyd(near, int(c["centres"]), seed, deadline)
            # Whitening makes the penalty the kernel's own norm; directions that rounding rules are left.
            values, vectors = np.linalg.eigh(kernel(centres, centres, gamma))
            kept = values > 1e-6 * values[-1]
            whiten = vectors[:, kept] / np.sqrt(values[kept])
            features = kernel(train.x, centres, gamma) @ whiten
            if task.problem == "regression":
                scale = Scale.of(train.y, weights)
                solved = linear.solve(
                    features,
                    1,
                    margin.tube(scale.apply(train.y), weights, float(c["epsilon"])),
                    1.0 / (float(c["c"]) * len(features)),
                    deadline=deadline,
                    watch=watch,
                )
            else:
                solved = margin.classify(
                    task, features, train.y, weights, float(c["c"]), seed=seed, deadline=deadline, watch=watch
                )
        w, b = linear.with_absent(task, train.y, solved)
        curve = common.thinned(solved.curve)
        return RbfFitted(task, centres, gamma, whiten @ w, b, scale, len(solved.curve), curve, solved.stopped)


def lloyd(x: Values, count: int, seed: int, deadline: Deadline, steps: int = 8) -> Values:
    """k-means centres of a sample of rows, by a few of Lloyd's steps from random rows. A centre of fewer than
    two rows is left out where others remain, so that none is a row of the data."""
    rng = np.random.default_rng(seed)
    sample = x[np.sort(rng.choice(len(x), min(len(x), 20 * count), replace=False))]
    count = max(1, min(count, len(sample) // 2))
    centres = sample[np.sort(rng.choice(len(sample), count, replace=False))]
    for step in range(steps):
        if step and deadline.passed():
            raise OutOfTime("the deadline passed while the centres were being found")
        distance = (centres**2).sum(axis=1) - 2.0 * (sample @ centres.T)
        nearest = distance.argmin(axis=1)
        size = np.bincount(nearest, minlength=len(centres))
        total = np.zeros_like(centres)
        np.add.at(total, nearest, sample)
        keep = size >= 2 if (size >= 2).any() else size >= 1
        centres = total[keep] / size[keep, None]
    return np.asarray(centres)


FAMILY = RbfSvm()
