"""From members to the answer, in one graph: weighted mean, calibration, decision, sets and intervals.

Outputs, all with the rows first:

======================  ==================  =============================================================
``probabilities``       float32 [N, k]      calibrated, sum to one (classification)
``label``               int64 [N]           the code of the predicted class (classification)
``set``                 bool [N, k]         classes of the prediction set (classification with intervals)
``value``               float32 [N]         the prediction (regression)
``low``, ``high``       float32 [N]         the prediction interval (regression with intervals)
======================  ==================  =============================================================

The decision is made on ``probabilities`` as they are given out (float32), so that whoever reads them can
repeat it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.calibrate import Calibration
from modelwright.graph.dedupe import dedupe
from modelwright.graph.join import join
from modelwright.graph.pooling import Pool, add_pooled


@dataclass(frozen=True, slots=True)
class Finish:
    """What stands between the members' scores and the answer.

    ``classes`` is 0 for regression. ``threshold`` (two classes): the second class from this probability on.
    ``costs`` [actual][predicted]: the label with the least expected cost, in place of the threshold
    (Elkan, 2001). ``radius``: split-conformal; values within ``radius`` of the prediction, or classes whose
    probability is at least ``1 - radius`` (Vovk et al., 2005; Sadinle et al., 2019). ``soften``: this share
    of every probability is spread evenly over the classes. ``floor``, ``ceiling``: values are kept within
    these, intervals too. ``pool``: how the members' scores become one (``graph/pooling.py``).
    """

    classes: int
    calibration: Calibration = field(default_factory=Calibration)
    threshold: float = 0.5
    costs: tuple[tuple[float, ...], ...] = ()
    radius: float | None = None
    soften: float = 0.0
    floor: float | None = None
    ceiling: float | None = None
    pool: Pool = "mean"

    def to_json(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "calibration": self.calibration.to_json(),
            "threshold": self.threshold,
            "costs": [list(row) for row in self.costs],
            "radius": self.radius,
            "soften": self.soften,
            "floor": self.floor,
            "ceiling": self.ceiling,
            "pool": self.pool,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finish:
        return cls(
            int(data["classes"]),
            Calibration.from_json(data["calibration"]),
            data["threshold"],
            tuple(tuple(row) for row in data["costs"]),
            data["radius"],
            data["soften"],
            data["floor"],
            data["ceiling"],
            data.get("pool", "mean"),
        )


def released(models: Sequence[onnx.ModelProto], weights: Sequence[float], finish: Finish) -> onnx.ModelProto:
    """The one graph that ships: members of weight zero left out, shared parts computed once, finished.

    ``weights`` are not negative and at least one is positive; those of a mean are scaled to sum to one.
    """
    if len(models) != len(weights) or min(weights, default=-1.0) < 0.0 or sum(weights) <= 0.0:
        raise ValueError("one weight of at least 0 for each member, and one above 0")
    used = [(model, float(weight)) for model, weight in zip(models, weights, strict=True) if weight > 0.0]
    graph, tensors = join([model for model, _ in used])
    tensors = dedupe(graph, tensors)
    scores = add_pooled(graph, tensors, [weight for _, weight in used], finish.classes or 1, finish.pool)
    add_finish(graph, scores, finish)
    dedupe(graph, [])
    return graph.build()


def mean(graph: GraphBuilder, tensors: Sequence[str], weights: Sequence[float], columns: int) -> str:
    """The weighted mean of float32 tensors [N, columns], as a float64 tensor."""
    return add_pooled(graph, tensors, weights, columns, "mean")


def add_finish(graph: GraphBuilder, scores: str, finish: Finish) -> None:
    """Add calibration, decision and the outputs to a float64 tensor [N, classes] or [N, 1]."""
    calibrated = finish.calibration.to_graph(graph, scores)
    if finish.classes:
        _classes(graph, calibrated, finish)
    else:
        _values(graph, calibrated, finish)


def _narrow(graph: GraphBuilder, tensor: str) -> str:
    return graph.node("Cast", [tensor], to=onnx.TensorProto.FLOAT)


def _classes(graph: GraphBuilder, calibrated: str, finish: Finish) -> None:
    k = finish.classes
    positive = graph.node(
        "Clip", [calibrated, graph.constant(0.0, "float64", "zero"), graph.constant(1.0, "float64", "one")]
    )
    total = graph.node("ReduceSum", [positive, graph.constant([1], "int64", "axis")], keepdims=1)
    total = graph.node("Max", [total, graph.constant(1e-300, "float64", "tiny")])
    shares = graph.node("Div", [positive, total])
    if finish.soften:
        shares = graph.node("Mul", [shares, graph.constant(1.0 - finish.soften, "float64", "kept")])
        shares = graph.node("Add", [shares, graph.constant(finish.soften / k, "float64", "spread")])
    probabilities = _narrow(graph, shares)
    graph.output(probabilities, "probabilities", "float32", k)
    if finish.costs:
        costs = graph.constant(finish.costs, "float32", "costs")
        expected = graph.node("MatMul", [probabilities, costs])
        label = graph.node("ArgMin", [expected], axis=1, keepdims=0)
    elif k == 2:
        chance = graph.node("Gather", [probabilities, graph.constant(1, "int64", "second")], axis=1)
        threshold = graph.constant(finish.threshold, "float32", "threshold")
        label = graph.node("Cast", [graph.node("GreaterOrEqual", [chance, threshold])], to=7)
    else:
        label = graph.node("ArgMax", [probabilities], axis=1, keepdims=0)
    graph.output(label, "label", "int64", None)
    if finish.radius is not None:
        least = graph.constant(1.0 - finish.radius, "float32", "least")
        graph.output(graph.node("GreaterOrEqual", [probabilities, least]), "set", "bool", k)


def _values(graph: GraphBuilder, calibrated: str, finish: Finish) -> None:
    value = graph.node("Reshape", [calibrated, graph.constant([-1], "int64", "flat")])
    floor = -np.finfo(np.float32).max if finish.floor is None else finish.floor
    ceiling = np.finfo(np.float32).max if finish.ceiling is None else finish.ceiling
    bounds = [graph.constant(bound, "float64", "bound") for bound in (floor, ceiling)]

    def give(tensor: str, name: str) -> None:
        graph.output(_narrow(graph, graph.node("Clip", [tensor, *bounds])), name, "float32", None)

    give(value, "value")
    if finish.radius is not None:
        radius = graph.constant(finish.radius, "float64", "radius")
        give(graph.node("Sub", [value, radius]), "low")
        give(graph.node("Add", [value, radius]), "high")


def decide(probabilities: npt.NDArray[np.float32], finish: Finish) -> npt.NDArray[np.int64]:
    """The labels that the graph gives for these probabilities, float32 [n, k]; int64 [n]."""
    labels: npt.NDArray[np.int64]
    if finish.costs:
        labels = np.argmin(probabilities @ np.array(finish.costs, dtype=np.float32), axis=1)
    elif finish.classes == 2:
        labels = (probabilities[:, 1] >= np.float32(finish.threshold)).astype(np.int64)
    else:
        labels = np.argmax(probabilities, axis=1)
    return labels
