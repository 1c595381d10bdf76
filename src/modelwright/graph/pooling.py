"""How members' scores become one: a weighted mean, or a weighted sum of log-probabilities.

The mean keeps what members agree on; the sum of logarithms (the logarithmic opinion pool: Genest and Zidek
1986; with weights that are learnt, Hinton's product of experts, 1999) lets a member that is sure of what is
not so overrule others, and sharpens, since its weights need not sum to one. In numpy for choosing, as nodes
for shipping.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.calibrate import SMALLEST

Floats = npt.NDArray[np.float64]
Pool = Literal["mean", "log"]


def logs(scores: Floats) -> Floats:
    """Log-probabilities, none smaller than that of ``SMALLEST``."""
    found: Floats = np.log(np.clip(scores, SMALLEST, 1.0))
    return found


def pooled(parts: Sequence[Floats], weights: Sequence[float], pool: Pool = "mean") -> Floats:
    """One float64 [n, k] of many. ``weights``: none negative, one above 0; those of a mean are scaled to sum
    to one. ``log`` is for probabilities alone."""
    if pool == "mean":
        total = sum(weights)
        mean: Floats = np.sum([part * (w / total) for part, w in zip(parts, weights, strict=True)], axis=0)
        return mean
    summed = np.sum([logs(part) * w for part, w in zip(parts, weights, strict=True)], axis=0)
    powers = np.exp(summed - summed.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def add_pooled(
    graph: GraphBuilder, tensors: Sequence[str], weights: Sequence[float], columns: int, pool: Pool
) -> str:
    """The pooled scores of float32 tensors [N, columns], as a float64 tensor."""
    import onnx

    together: dict[str, float] = {}
    for tensor, weight in zip(tensors, weights, strict=True):
        together[tensor] = together.get(tensor, 0.0) + weight
    values = np.array(list(together.values()))
    if pool == "mean":
        if len(together) == 1:
            return graph.node("Cast", [next(iter(together))], to=onnx.TensorProto.DOUBLE)
        values = values / values.sum()
    beside = graph.node("Concat", list(together), axis=1) if len(together) > 1 else next(iter(together))
    doubled = graph.node("Cast", [beside], to=onnx.TensorProto.DOUBLE)
    if pool == "log":
        bounds = [graph.constant(value, "float64", "bound") for value in (SMALLEST, 1.0)]
        doubled = graph.node("Log", [graph.node("Clip", [doubled, *bounds])])
    matrix = np.concatenate([value * np.eye(columns) for value in values])
    made = graph.node("MatMul", [doubled, graph.constant(matrix, "float64", "weights")])
    return graph.node("Softmax", [made], axis=1) if pool == "log" else made
