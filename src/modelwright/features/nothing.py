"""One column of zeros: what a model sees where no column can tell rows apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder


@dataclass(frozen=True, slots=True)
class Nothing:
    kind: ClassVar[str] = "nothing"
    version: ClassVar[int] = 1
    columns: tuple[str, ...] = ()

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedNothing, Matrix]:
        fitted = FittedNothing()
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedNothing:
        return FittedNothing()


@dataclass(frozen=True, slots=True)
class FittedNothing:
    kind: ClassVar[str] = "nothing"
    names: tuple[str, ...] = ("(nothing)",)
    categorical: tuple[bool, ...] = (False,)

    def apply(self, typed: Typed) -> Matrix:
        return np.zeros((typed.rows, 1), dtype=np.float32)

    def sentence(self) -> str:
        return "no column can tell rows apart, so the model sees one column of zeros"

    def to_json(self) -> dict[str, Any]:
        return {}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        rows = graph.node("Shape", [inputs.any()], start=0, end=1)
        shape = graph.node("Concat", [rows, graph.constant([1], "int64", "one")], axis=0)
        return graph.node("ConstantOfShape", [shape])
