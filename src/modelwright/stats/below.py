"""Has a mean fallen below a bound? Evidence that may be read at any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from modelwright.stats.eprocess import Mixture, block_starts

Array = NDArray[np.float64]

RISK = 1e-4
"""The chance that a bound from :func:`inside_bound` is too high."""
STAKES = (0.01, 0.03, 0.1, 0.25, 0.5, 0.8)
"""Part of the wealth that is lost when a value is as good as can be."""


def inside_bound(rows: int, outside: int, risk: float = RISK) -> float:
    """What share of new rows lies, at least, between two order statistics of ``rows`` reference rows which
    left ``outside`` of them beyond; true with probability 1 - ``risk`` (Wilks 1941, tolerance limits).

    The share is Beta(rows - outside - 1, outside + 2) for continuous values, whatever their distribution, and
    larger in tendency for discrete ones; so ``BelowTest(inside_bound(n, k)).update(inside)`` tests that new
    values leave the reference's usual range more often than they should, with the reference's own sampling
    error paid for. A two-sided test would call it drift that integers seldom lie outside of their quantiles.
    """
    if rows - outside <= 1:
        return 0.0
    return float(special.betaincinv(rows - outside - 1, outside + 2, risk))


class BelowTest:
    """Tests "the mean, given the past, is always at least ``bound``" of values in [``low``, ``high``].

    Under it P(``log_most`` >= log(1/a) at any time) <= a: each value x (scaled to [0, 1], the bound to b)
    multiplies the wealth by 1 + s (b - x) with s = stake / (1 - b), which is at least 1 - stake and has mean
    at most one whatever came before; no independence is needed (Waudby-Smith & Ramdas 2024, Estimating means
    of bounded random variables by betting; Timans et al. 2025, arXiv 2506.16416, for risks of a live model).
    Stakes and start times are mixed as in :mod:`~modelwright.stats.eprocess`, so that a fall after a long
    good time is found. For accuracy: ``BelowTest(goal).update(correct)``. "A loss has risen above b" is the
    same of 1 - loss: ``BelowTest(1 - b).update(1 - loss)``.
    """

    def __init__(self, bound: float, *, low: float = 0.0, high: float = 1.0) -> None:
        if not low < bound < high:
            raise ValueError("the bound must lie between low and high")
        self.bound, self.low, self.high = float(bound), float(low), float(high)
        self._waiting: Array = np.empty(0)
        self._mixture = Mixture(np.ones(len(STAKES)))

    @property
    def log_e(self) -> float:
        return self._mixture.log_e

    @property
    def log_most(self) -> float:
        return self._mixture.log_most

    @property
    def rows(self) -> int:
        return self._mixture.rows + len(self._waiting)

    def update(self, values: ArrayLike) -> Array:
        """Take new values [n] in their order; return the log evidence after each block that became full.

        Raises ValueError for a value outside [low, high] or NaN.
        """
        x = np.asarray(values, dtype=np.float64).reshape(-1)
        if not bool(((x >= self.low) & (x <= self.high)).all()):
            raise ValueError(f"values must lie in [{self.low}, {self.high}]")
        pending = np.concatenate((self._waiting, (x - self.low) / (self.high - self.low)))
        first = self._mixture.rows
        starts = block_starts(first, first + len(pending))
        if len(starts) < 2:
            self._waiting = pending
            return np.empty(0)
        done = int(starts[-1]) - first
        self._waiting = pending[done:].copy()
        b = (self.bound - self.low) / (self.high - self.low)
        stakes = np.array(STAKES) / (1.0 - b)
        gains = np.log1p(stakes * (b - pending[:done, None]))
        return self._mixture.advance(np.add.reduceat(gains, starts[:-1] - first, axis=0), starts)

    def to_json(self) -> dict[str, Any]:
        return {
            "bound": self.bound,
            "low": self.low,
            "high": self.high,
            "waiting": [float(v) for v in self._waiting],
            "mixture": self._mixture.to_json(),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> BelowTest:
        test = cls(float(told["bound"]), low=float(told["low"]), high=float(told["high"]))
        test._waiting = np.array(told["waiting"], dtype=np.float64)
        test._mixture.restore(told["mixture"])
        return test
