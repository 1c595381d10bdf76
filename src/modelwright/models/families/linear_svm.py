"""Linear support vector machine, for classes (with Platt's scaling) and for numbers."""

from __future__ import annotations

from typing import Any

from modelwright.models.families import common, linear, margin
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


class LinearSvm:
    name = "linear_svm"
    title = "Linear support vector machine"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        if task.problem != "regression" and facts.smallest_class < 4:
            return Declines(
                f"the rarest class has {facts.smallest_class} rows, and its scores are made probabilities on "
                "rows held out from training, which takes 4 of each"
            )
        cost = 0.05 + facts.rows * (facts.columns + 20) * max(1, task.classes - 1) * 5e-7
        return Suits("a linear model that looks at the rows near the border", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        ranges: dict[str, Any] = {"c": Float(1e-4, 1e2, log=True)}
        starts: list[dict[str, Any]] = [{"c": 1.0}, {"c": 0.01}]
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
        """``config["c"]``: as in LIBLINEAR: |w|^2 / 2 + c * sum of squared losses; ``epsilon`` in deviations
        of the target."""
        common.check(task, train, dense=True)
        weights = common.unit_weights(train)
        x = linear.working(train.x)
        c = float(config.get("c", 1.0))
        scale = Scale(0.0, 1.0)
        with common.blas_threads(1):
            if task.problem == "regression":
                scale = Scale.of(train.y, weights)
                solved = linear.solve(
                    x,
                    1,
                    margin.tube(scale.apply(train.y), weights, float(config.get("epsilon", 0.05))),
                    1.0 / (c * len(x)),
                    deadline=deadline,
                    watch=watch,
                )
            else:
                solved = margin.classify(
                    task, x, train.y, weights, c, seed=seed, deadline=deadline, watch=watch
                )
        w, b = linear.with_absent(task, train.y, solved)
        return LinearFitted(
            task, w, b, scale, len(solved.curve), common.thinned(solved.curve), solved.stopped
        )


FAMILY = LinearSvm()
