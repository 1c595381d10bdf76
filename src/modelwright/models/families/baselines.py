"""The baselines: what a model that looks at no input would say. Free, and always fitted."""

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
    Machine,
    ProblemKind,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)


@dataclass(slots=True)
class ConstantFitted:
    row: Values
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict(self, x: Matrix) -> Values:
        return np.tile(self.row, (len(x), 1))

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        return layers.constant_rows(graph, x, self.row)


@dataclass(frozen=True, slots=True)
class Baseline:
    name: str
    title: str
    problems: tuple[ProblemKind, ...]
    version: int = 1

    @property
    def tags(self) -> Tags:
        return Tags(problems=self.problems, recipe="trees", baseline=True, stoppable=True, interpretable=True)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.problem not in self.problems:
            return Declines(f"it is a baseline for {' and '.join(self.problems)} problems")
        return Suits("a baseline: what to beat", 0.001)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(ranges={})

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
        """The weighted frequencies of the classes, or the weighted mean. Never out of time."""
        common.check(task, train, dense=False)
        weights = common.unit_weights(train)
        if task.problem == "regression":
            return ConstantFitted(np.array([np.average(train.y.astype(np.float64), weights=weights)]))
        counts = np.bincount(train.y, weights=weights, minlength=task.classes)
        return ConstantFitted(counts / counts.sum())


MAJORITY = Baseline("majority", "Class frequencies (baseline)", ("binary", "multiclass"))
MEAN = Baseline("mean", "Mean (baseline)", ("regression",))
