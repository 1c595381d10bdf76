"""Gaussian naive Bayes, with weights and a floor under the variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Values
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
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


@dataclass(slots=True)
class NaiveBayesFitted:
    """``prior`` [k] logarithms; ``mean`` and ``variance`` [k, m]; ``low`` and ``high`` [m]: values outside
    what training saw are brought to its edge, where the Gaussians still mean something."""

    prior: Values
    mean: Values
    variance: Values
    low: Values
    high: Values
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    @property
    def _constant(self) -> Values:
        return np.asarray(self.prior - 0.5 * np.log(2 * np.pi * self.variance).sum(axis=1))

    def predict(self, x: Matrix) -> Values:
        inside = np.clip(x.astype(np.float64), self.low, self.high)
        scores = np.empty((len(x), len(self.prior)))
        for k in range(len(self.prior)):
            scores[:, k] = self._constant[k] - 0.5 * ((inside - self.mean[k]) ** 2 / self.variance[k]).sum(1)
        return layers.softmax_values(scores)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        # In double: the scores are sums of large numbers of which only small differences count.
        inside = layers.cast(graph, x, "float64")
        inside = graph.node("Max", [inside, graph.constant(self.low[None], "float64")])
        inside = graph.node("Min", [inside, graph.constant(self.high[None], "float64")])
        wide = graph.node("Unsqueeze", [inside, graph.constant([1], "int64")])
        away = graph.node("Sub", [wide, graph.constant(self.mean[None], "float64")])
        away = graph.node("Mul", [away, away])
        away = graph.node("Mul", [away, graph.constant(-0.5 / self.variance[None], "float64")])
        total = graph.node("ReduceSum", [away, graph.constant([2], "int64")], keepdims=0)
        scores = graph.node("Add", [total, graph.constant(self._constant[None], "float64")])
        return layers.cast(graph, layers.softmax(graph, scores), "float32")


class NaiveBayes:
    name = "naive_bayes"
    title = "Gaussian naive Bayes"
    version = 1
    tags = Tags(
        problems=("binary", "multiclass"), recipe="dense", stoppable=True, interpretable=True, tolerance=1e-5
    )

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.problem == "regression":
            return Declines("it predicts classes, and the target is a number")
        return Suits(
            "one pass over the rows; good with few of them", 0.01 + facts.rows * facts.columns * 1e-7
        )

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(
            ranges={"floor": Float(1e-6, 1.0, log=True)},
            starts=({"floor": 0.05}, {"floor": 1e-3}, {"floor": 0.5}),
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
        """``config["floor"]`` times the largest variance of any column is added to every variance."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the fit")
        weights = common.unit_weights(train)
        x = train.x.astype(np.float64)
        largest = float(
            np.average((x - np.average(x, axis=0, weights=weights)) ** 2, axis=0, weights=weights).max()
        )
        floor = max(float(config.get("floor", 0.05)) * largest, 1e-9)
        mean = np.zeros((task.classes, x.shape[1]))
        variance = np.ones_like(mean)
        total = np.zeros(task.classes)
        for k in range(task.classes):
            here = train.y == k
            total[k] = weights[here].sum()
            if total[k] > 0:
                mean[k] = np.average(x[here], axis=0, weights=weights[here])
                variance[k] = np.average((x[here] - mean[k]) ** 2, axis=0, weights=weights[here]) + floor
        prior = np.full(task.classes, 100 * layers.ABSENT)
        prior[total > 0] = np.log(total[total > 0] / total.sum())
        return NaiveBayesFitted(prior, mean, variance, x.min(axis=0), x.max(axis=0))


FAMILY = NaiveBayes()
