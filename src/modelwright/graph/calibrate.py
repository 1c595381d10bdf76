"""Calibration of scores: the small formulas, in numpy for fitting them and as nodes for shipping them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelwright.graph.builder import GraphBuilder

Floats = npt.NDArray[np.float64]

SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 before a logarithm."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores become calibrated probabilities or values.

    ``none``: as they are. ``sigmoid`` (two classes; Platt, 1999, on the log-odds): log-odds times
    ``scale[0]`` plus ``shift[0]``. ``temperature``: log-probabilities times ``scale[0]`` (one over the
    temperature). ``vector`` (Guo et al., 2017): log-probabilities times ``scale`` plus ``shift``, one of each
    a class. ``linear`` (numbers): value times ``scale[0]`` plus ``shift[0]``.
    """

    kind: Literal["none", "sigmoid", "temperature", "vector", "linear"] = "none"
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "scale": list(self.scale), "shift": list(self.shift)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        return cls(data["kind"], tuple(data["scale"]), tuple(data["shift"]))

    def apply(self, scores: Floats) -> Floats:
        """float64 [n, classes] probabilities that sum to one, or [n, 1] values."""
        if self.kind == "none":
            return scores
        if self.kind == "linear":
            return scores * self.scale[0] + self.shift[0]
        logs = np.log(np.clip(scores, SMALLEST, 1.0 - SMALLEST))
        if self.kind == "sigmoid":
            odds = (logs[:, 1] - logs[:, 0]) * self.scale[0] + self.shift[0]
            logs = np.column_stack([np.zeros_like(odds), odds])
        elif self.kind == "temperature":
            logs = logs * self.scale[0]
        else:
            logs = logs * np.array(self.scale) + np.array(self.shift)
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        calibrated: Floats = powers / powers.sum(axis=1, keepdims=True)
        return calibrated

    def to_graph(self, graph: GraphBuilder, scores: str) -> str:
        """Add nodes to a float64 tensor [N, k]; returns a float64 tensor of the same shape."""

        def times_plus(tensor: str, scale: Any, shift: Any) -> str:
            tensor = graph.node("Mul", [tensor, graph.constant(scale, "float64", "scale")])
            return graph.node("Add", [tensor, graph.constant(shift, "float64", "shift")])

        if self.kind == "none":
            return scores
        if self.kind == "linear":
            return times_plus(scores, self.scale[0], self.shift[0])
        bounds = [graph.constant(value, "float64", "bound") for value in (SMALLEST, 1.0 - SMALLEST)]
        logs = graph.node("Log", [graph.node("Clip", [scores, *bounds])])
        if self.kind == "sigmoid":
            # log-odds into the second column, 0 into the first: softmax of these is the sigmoid
            odds = graph.constant([[0.0, -self.scale[0]], [0.0, self.scale[0]]], "float64", "odds")
            logs = graph.node("MatMul", [logs, odds])
            logs = graph.node("Add", [logs, graph.constant([[0.0, self.shift[0]]], "float64", "shift")])
        elif self.kind == "temperature":
            logs = graph.node("Mul", [logs, graph.constant(self.scale[0], "float64", "scale")])
        else:
            logs = times_plus(logs, [self.scale], [self.shift])
        return graph.node("Softmax", [logs], axis=1)
