"""Confidence sequences: intervals for a mean which hold at all times together.

An interval for a fixed number of rows, looked at again and again, misses sooner or later for certain; these
contain the mean at every time at once with probability ``level``, so looking costs nothing. They speak of one
mean over all rows so far; to follow a mean that moves, begin a new one (each day, each version).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

Array = NDArray[np.float64]
Interval = tuple[float, float]


def proportion(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Ends of the set of p that a bettor with a uniform prior has not ruined (Ville 1939; Robbins 1970).

    Wealth against p after s of n successes is B(s + 1, n - s + 1) / (p^s (1 - p)^(n - s)): a martingale where
    rows succeed with probability p each, given the past, so it ever reaches 1 / (1 - level) with probability
    at most 1 - level. It is also valid, and wide, for values in [0, 1] that are no whole successes
    (``trials`` rows with sum ``successes``), by convexity. It depends on the counts alone. No trials: (0, 1).
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if not trials > 0:
        return 0.0, 1.0
    s, f = successes, trials - successes
    most = float(special.betaln(s + 1, f + 1)) + math.log(1 / (1 - level))

    def short(p: float) -> float:
        """Below zero where p is in the interval: log wealth less log(1 / (1 - level))."""
        return most - 2 * math.log(1 / (1 - level)) - float(special.xlogy(s, p) + special.xlog1py(f, -p))

    at = s / trials
    low = 0.0 if s == 0 else _end(short, 0.0, at)
    high = 1.0 if f == 0 else _end(short, 1.0, at)
    return low, high


def _end(short: Any, outside: float, inside: float) -> float:
    tiny = 1e-300 if outside == 0.0 else 1.0 - 2.0**-53
    start = tiny if outside == 0.0 else min(tiny, 1.0)
    if short(start) <= 0:
        return outside
    return float(optimize.brentq(short, start, inside, xtol=1e-12, rtol=1e-12))


class MeanSequence:
    """Interval for the mean of values in [``low``, ``high``], narrow where they vary little.

    The empirical Bernstein sequence with predictable plug-in (Waudby-Smith & Ramdas 2024, theorem 2): valid
    where every value has the same mean given the past. Batches of any size give the same state.
    """

    def __init__(self, level: float = 0.95, *, low: float = 0.0, high: float = 1.0) -> None:
        if not low < high or not 0 < level < 1:
            raise ValueError("low must be below high, and level between 0 and 1")
        self.level, self.low, self.high = float(level), float(low), float(high)
        self.rows = 0
        # Sums of x, of squared distances from the mean so far, of bets, of bets times x, and of the price.
        self._sums = np.zeros(5)

    def update(self, values: ArrayLike) -> None:
        """Take values [n]; raises ValueError for one outside the bounds or NaN."""
        given = np.asarray(values, dtype=np.float64).reshape(-1)
        if not len(given):
            return
        if not bool(((given >= self.low) & (given <= self.high)).all()):
            raise ValueError(f"values must lie in [{self.low}, {self.high}]")
        x = (given - self.low) / (self.high - self.low)
        t = self.rows + np.arange(1.0, len(x) + 1)
        total = np.cumsum(np.concatenate((self._sums[:1], x)))
        mean_before = (0.5 + total[:-1]) / t
        mean_after = (0.5 + total[1:]) / (t + 1)
        squares = np.cumsum(np.concatenate((self._sums[1:2], (x - mean_after) ** 2)))
        variance_before = (0.25 + squares[:-1]) / t
        bet = np.minimum(np.sqrt(2 * self._price() / (variance_before * t * np.log1p(t))), 0.5)
        price = (x - mean_before) ** 2 * (-np.log1p(-bet) - bet)
        ends = [total[-1], squares[-1]]
        for start, part in zip(self._sums[2:], (bet, bet * x, price), strict=True):
            ends.append(np.cumsum(np.concatenate(([start], part)))[-1])
        self._sums = np.array(ends)
        self.rows += len(x)

    def _price(self) -> float:
        return math.log(2 / (1 - self.level))

    @property
    def mean(self) -> float:
        """The plain mean; NaN without values."""
        if not self.rows:
            return math.nan
        return self.low + (self.high - self.low) * float(self._sums[0]) / self.rows

    @property
    def interval(self) -> Interval:
        if not self.rows:
            return self.low, self.high
        _, _, bet, weighted, price = (float(v) for v in self._sums)
        centre, half = weighted / bet, (self._price() + price) / bet
        span = self.high - self.low
        return self.low + span * max(centre - half, 0.0), self.low + span * min(centre + half, 1.0)

    def to_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "low": self.low,
            "high": self.high,
            "rows": self.rows,
            "sums": [float(v) for v in self._sums],
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> MeanSequence:
        made = cls(float(told["level"]), low=float(told["low"]), high=float(told["high"]))
        made.rows = int(told["rows"])
        made._sums = np.array(told["sums"], dtype=np.float64)
        return made
