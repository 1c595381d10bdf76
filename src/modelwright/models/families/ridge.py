"""Ridge regression (Hoerl and Kennard, 1970), solved exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.models.families import common, linear
from modelwright.models.families.common import Scale
from modelwright.models.families.linear import LinearFitted
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

BLOCK = 50_000
"""Rows at a time: between blocks the deadline is looked at, and memory stays bounded."""


class Ridge:
    name = "ridge"
    title = "Ridge regression"
    version = 1
    tags = Tags(problems=("regression",), recipe="dense", stoppable=True, interpretable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.problem != "regression":
            return Declines("it predicts numbers; logistic regression is its sister for classes")
        return Suits("a linear model: fast, and its weights can be read", 0.02 + facts.rows * 1e-6)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(
            ranges={"alpha": Float(1e-3, 1e4, log=True)},
            starts=({"alpha": 1.0}, {"alpha": 30.0}, {"alpha": 0.01}),
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
        """``config["alpha"]``: sum of squares + alpha |w|^2, with the bias free. Solved in the eigenbasis of
        the covariance, which stands columns that repeat one another."""
        common.check(task, train, dense=True)
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights)
        y = scale.apply(train.y)
        m = train.x.shape[1]
        total, gram, cross = np.zeros(m), np.zeros((m, m)), np.zeros(m)
        with common.blas_threads(threads):
            for start in range(0, len(y), BLOCK):
                if deadline.passed():
                    raise OutOfTime("the deadline passed before the equations were set up")
                x = linear.bounded(train.x[start : start + BLOCK]).astype(np.float64)
                weighted = x * weights[start : start + BLOCK, None]
                total += weighted.sum(axis=0)
                gram += weighted.T @ x
                cross += weighted.T @ y[start : start + BLOCK]
            mean = total / weights.sum()
            gram -= np.outer(mean, mean) * weights.sum()
            values, vectors = np.linalg.eigh(gram)
            w = vectors @ ((vectors.T @ cross) / (np.maximum(values, 0.0) + float(config.get("alpha", 1.0))))
        return LinearFitted(task, w[:, None], np.array([-mean @ w]), scale)


FAMILY = Ridge()
