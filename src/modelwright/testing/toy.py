"""A family that fits in milliseconds, for tests of the machinery around families: hidden unless named."""

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


class Toy:
    """Classes: the nearest mean, as a linear score. Numbers: one step of steepest descent."""

    name = "toy"
    title = "Toy (nearest mean)"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, interpretable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        return Suits("a toy, for tests of the machinery", 0.001)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(ranges={"shrink": Float(0.0, 1.0)}, starts=({"shrink": 0.0}, {"shrink": 0.5}))

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
        """``config["shrink"]``: 0 keeps the difference between the classes, 1 leaves none."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the fit")
        weights = common.unit_weights(train)
        x = linear.bounded(train.x).astype(np.float64)
        keep = 1.0 - float(config.get("shrink", 0.0))
        middle = np.average(x, axis=0, weights=weights)
        if task.problem == "regression":
            scale = Scale.of(train.y, weights)
            direction = (x - middle).T @ (weights * scale.apply(train.y)) / len(x)
            along = (x - middle) @ direction
            length = float(np.average(along**2, weights=weights))
            step = float(direction @ direction) / length if length > 0 else 0.0
            slope = keep * step * direction
            return LinearFitted(task, slope[:, None], np.array([-middle @ slope]), scale)
        variance = np.average((x - middle) ** 2, axis=0, weights=weights) + 1e-6
        target = common.one_hot(train.y, task.classes) * weights[:, None]
        total = target.sum(axis=0)
        means = middle + keep * ((target.T @ x) / np.maximum(total, 1e-12)[:, None] - middle)
        slopes = (means / variance).T
        bias = np.log(np.maximum(total / total.sum(), 1e-12)) - 0.5 * (means**2 / variance).sum(axis=1)
        if task.problem == "binary":
            slopes, bias = slopes[:, 1:] - slopes[:, :1], bias[1:] - bias[:1]
        return LinearFitted(task, slopes, bias, Scale(0.0, 1.0))


FAMILY = Toy()
