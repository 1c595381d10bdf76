"""Logistic regression with an L2 penalty (softmax for several classes)."""

from __future__ import annotations

from typing import Any

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
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)


class Logistic:
    name = "logistic"
    title = "Logistic regression (L2)"
    version = 1
    tags = Tags(
        problems=("binary", "multiclass"), recipe="dense", stoppable=True, interpretable=True, tolerance=1e-4
    )

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.problem == "regression":
            return Declines("it predicts classes, and the target is a number")
        cost = 0.02 + facts.rows * (facts.columns + 20) * max(1, task.classes - 1) * 3e-7
        return Suits("a linear model: fast, calibrated, and its weights can be read", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(
            ranges={"c": Float(1e-3, 1e3, log=True)},
            starts=({"c": 1.0}, {"c": 0.05}, {"c": 30.0}),
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
        """``config["c"]``: inverse penalty, as in scikit-learn: sum of log losses + |w|^2 / (2 c)."""
        common.check(task, train, dense=True)
        c = float(config.get("c", 1.0))
        weights = common.unit_weights(train)
        x = linear.working(train.x)
        outputs = 1 if task.problem == "binary" else task.classes
        with common.blas_threads(1):
            solved = linear.solve(
                x,
                outputs,
                linear.log_loss(task, train.y, weights),
                1.0 / (c * len(x)),
                deadline=deadline,
                watch=watch,
                valid_loss=linear.valid_log_loss(task, valid),
            )
        w, b = linear.with_absent(task, train.y, solved)
        return LinearFitted(
            task, w, b, Scale(0.0, 1.0), len(solved.curve), common.thinned(solved.curve), solved.stopped
        )


FAMILY = Logistic()
