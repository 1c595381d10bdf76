"""A recipe: the operations that turn typed columns into the matrix that a family learns from.

The order of the steps is the order of the matrix's columns. A recipe is chosen from facts of the training
rows, fitted on the training rows alone, and gives the same numbers in numpy and in the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.features.operation import FittedOperation, GraphInputs, Matrix, Target
from modelwright.features.registry import OPERATIONS
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import Vocabulary, union
from modelwright.features.winsor import Bounds, Wishes
from modelwright.graph.builder import GraphBuilder


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on some columns. ``options`` are pairs of a name and a plain value."""

    kind: str
    columns: tuple[str, ...]
    options: tuple[tuple[str, str | int | float | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which operations on which columns. ``style`` is ``trees`` or ``dense``."""

    style: str
    steps: tuple[Step, ...]
    winsorise: Wishes = ()
    """Columns to be drawn in to bounds first, so that every step sees them so."""

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedRecipe, Matrix]:
        """Fit on these rows, which must be training rows. Returns the matrix of those very rows as well,
        float32 [n, m]; it differs from ``apply`` on them where the target is used."""
        fitted: list[FittedOperation] = []
        parts: list[Matrix] = []
        bounds = Bounds.learn(typed, self.winsorise)
        typed = typed if bounds is None else bounds.apply(typed)
        for place, step in enumerate(self.steps):
            kind = OPERATIONS.get(step.kind)(step.columns, **dict(step.options))
            operation, matrix = kind.fit(typed, target, seed + place)
            if matrix.shape[1]:
                fitted.append(operation)
                parts.append(matrix)
        if not fitted:
            operation, matrix = OPERATIONS.get("nothing")(()).fit(typed, target, seed)
            fitted.append(operation)
            parts.append(matrix)
        return FittedRecipe(self.style, tuple(fitted), bounds), _beside(parts)

    def to_json(self) -> dict[str, Any]:
        drawn = {"winsorise": [[name, list(rule)] for name, rule in self.winsorise]} if self.winsorise else {}
        return drawn | {
            "style": self.style,
            "steps": [
                {"kind": s.kind, "columns": list(s.columns), "options": dict(s.options)} for s in self.steps
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Recipe:
        steps = tuple(
            Step(s["kind"], tuple(s["columns"]), tuple(s["options"].items())) for s in data["steps"]
        )
        drawn = tuple((name, tuple(rule)) for name, rule in data.get("winsorise", ()))
        return cls(data["style"], steps, drawn)


@dataclass(frozen=True, slots=True)
class FittedRecipe:
    """Fitted operations in order; each has at least one output column."""

    style: str
    operations: tuple[FittedOperation, ...]
    bounds: Bounds | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for operation in self.operations for name in operation.names)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Which columns of the matrix are codes, as ``models.family.Rows`` wants them."""
        marks = [mark for operation in self.operations for mark in operation.categorical]
        return tuple(place for place, mark in enumerate(marks) if mark)

    def apply(self, typed: Typed) -> Matrix:
        """float32 [n, len(names)], C-contiguous, for any rows; never NaN or infinite in the dense style."""
        if self.bounds is not None:
            typed = self.bounds.apply(typed)
        return _beside([operation.apply(typed) for operation in self.operations])

    def sentences(self) -> tuple[str, ...]:
        first = () if self.bounds is None else (self.bounds.sentence(),)
        return first + tuple(operation.sentence() for operation in self.operations)

    def to_json(self) -> dict[str, Any]:
        drawn = {} if self.bounds is None else {"bounds": self.bounds.to_json()}
        return drawn | {
            "style": self.style,
            "operations": [
                {"kind": o.kind, "version": OPERATIONS.get(o.kind).version, "fitted": o.to_json()}
                for o in self.operations
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FittedRecipe:
        operations = tuple(OPERATIONS.get(o["kind"]).from_json(o["fitted"]) for o in data["operations"])
        bounds = Bounds.from_json(data["bounds"]) if "bounds" in data else None
        return cls(data["style"], operations, bounds)

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        """Add nodes; returns the name of the matrix, float32 [N, len(names)]."""
        if self.bounds is not None:
            inputs = self.bounds.to_graph(graph, inputs)
        vocabularies = [
            vocabulary
            for vocabulary in (getattr(operation, "vocabulary", None) for operation in self.operations)
            if isinstance(vocabulary, Vocabulary)
        ]
        if vocabularies:
            union(vocabularies).share(graph, inputs)
        tensors = [operation.to_graph(graph, inputs) for operation in self.operations]
        return tensors[0] if len(tensors) == 1 else graph.node("Concat", tensors, axis=1)


def _beside(parts: list[Matrix]) -> Matrix:
    return np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=np.float32)
