"""From raw sums to answers: the last step of every sum of trees, in numpy and in the graph."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder

Link = Literal["none", "logistic", "softmax", "pair"]
"""``logistic``: one sum, sigmoid, [1 - p, p]; ``pair``: the sum is p already; ``none``: numbers."""


def linked_values(
    raw: npt.NDArray[np.float64], link: Link, scale: float, offset: float
) -> npt.NDArray[np.float64]:
    """float64 [n, classes] probabilities, or [n, 1] values in units of ``scale`` around ``offset``."""
    if link == "logistic":
        return layers.pair_values(raw)
    if link == "softmax":
        return layers.softmax_values(raw)
    if link == "pair":
        return np.hstack([1.0 - raw, raw])
    return raw * scale + offset


def linked(graph: GraphBuilder, raw: str, link: Link, scale: float, offset: float) -> str:
    """The same in the graph: from float32 sums to float32 [N, classes] or [N, 1]."""
    if link == "logistic":
        return layers.logistic_pair(graph, raw)
    if link == "softmax":
        return layers.softmax(graph, raw)
    if link == "pair":
        return layers.complement_pair(graph, raw)
    if scale == 1.0 and offset == 0.0:
        return raw
    return layers.affine(graph, raw, scale, offset)
