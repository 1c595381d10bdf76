"""Scales on which an estimate is nearer to normal, and within which its interval cannot leave its bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
ScaleName = Literal["identity", "log", "logit", "fisher", "log1m"]


@dataclass(frozen=True, slots=True)
class Scale:
    """A monotone map and its inverse; ``rising`` tells whether it keeps the order."""

    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    """The derivative of ``forward``."""
    rising: bool = True

    def back(self, low: float, high: float) -> tuple[float, float]:
        """An interval on this scale, as an ordered interval of the original quantity."""
        with np.errstate(over="ignore"):
            ends = self.inverse(np.array([low, high]))
        return (float(ends[0]), float(ends[1])) if self.rising else (float(ends[1]), float(ends[0]))


def _same(x: Array) -> Array:
    return np.asarray(x, dtype=np.float64)


SCALES: dict[ScaleName, Scale] = {
    "identity": Scale(_same, _same, lambda x: np.ones_like(x)),
    "log": Scale(lambda x: np.log(x), lambda x: np.exp(x), lambda x: 1.0 / x),
    "logit": Scale(lambda x: special.logit(x), lambda x: special.expit(x), lambda x: 1.0 / (x * (1.0 - x))),
    "fisher": Scale(lambda x: np.arctanh(x), lambda x: np.tanh(x), lambda x: 1.0 / (1.0 - x * x)),
    # For r2 and its like, which are at most 1 and unbounded below.
    "log1m": Scale(lambda x: np.log1p(-x), lambda x: -np.expm1(x), lambda x: -1.0 / (1.0 - x), rising=False),
}
