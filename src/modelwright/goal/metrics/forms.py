"""What a metric is made of: its form decides how its interval is found, so that one estimator serves all.

Every form has a ``value`` and the ``influence`` [n] of each row: its weight times the derivative of the value
by that weight. Influences sum to zero; the difference of two metrics on the same rows has the difference of
their influences. ``n`` counts the rows that the value rests on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.stats import bootstrap
from modelwright.stats.scales import ScaleName

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One proportion: weights [n] of the successes, and of the trials they are among."""

    success: Array
    trial: Array
    factor: float = 1.0
    curve: Literal["identity", "f1"] = "identity"
    """``f1``: the proportion is Jaccard's index J, and the part is 2J/(1+J)."""

    @property
    def proportion(self) -> float:
        total = float(self.trial.sum())
        return float(self.success.sum()) / total if total > 0 else math.nan

    def bend(self, p: float) -> float:
        return 2 * p / (1 + p) if self.curve == "f1" else p

    def influence(self) -> Array:
        """Influence [n] of the rows on this part, before its factor."""
        total, p = float(self.trial.sum()), self.proportion
        slope = 2 / (1 + p) ** 2 if self.curve == "f1" else 1.0
        result: Array = slope * (self.success - p * self.trial) / total
        return result


@dataclass(frozen=True, eq=False)
class Proportions:
    """A sum of proportions: shares of rows, or averages of such shares over classes."""

    parts: Callable[[], list[Part]]
    value: float
    n: int
    mixed: Array | None = None
    """For averages weighted by how often classes are seen: each row's class value [n], whose mean is the
    value."""
    weights: Array | None = None
    why: str = ""
    """Why there is no interval, where there is none."""

    def influence(self) -> Array:
        parts = self.parts()
        total = np.zeros(len(parts[0].trial))
        for part in parts:
            total += part.factor * part.influence()
        return total + self.mixed_influence() if self.mixed is not None else total

    def mixed_influence(self) -> Array:
        assert self.mixed is not None
        assert self.weights is not None
        share = self.weights / self.weights.sum()
        result: Array = share * (self.mixed - float(share @ self.mixed))
        return result


@dataclass(frozen=True, eq=False)
class Sums:
    """A smooth function of sums over rows: ``rows`` [n, d] with the weights within, ``function`` [..., d] to
    [...]."""

    rows: Array
    function: bootstrap.Value
    n: int
    scale: ScaleName = "identity"
    why: str = ""
    folded: bool = False
    """Whether it is a sum of absolute sums over the first sum: biased upwards where those are near 0."""

    @cached_property
    def value(self) -> float:
        if self.why:
            return math.nan
        return float(self.function(self.rows.sum(axis=0)))

    def influence(self) -> Array:
        influence: Array = self.rows @ bootstrap.gradient(self.function, self.rows.sum(axis=0))
        return influence


@dataclass(frozen=True, eq=False)
class Functional:
    """A function of the weighted rows that is no function of a few sums: areas under curves, correlation."""

    compute: Callable[[Array], float]
    """From weights [n] to the value."""
    find_influence: Callable[[Array], Array]
    weights: Array
    n: int
    scale: ScaleName = "identity"
    small: float = math.inf
    """A number that says how near the value is to where influences fail: expected misorderings or errors."""
    careful: Callable[[float, float], tuple[float, float]] | None = None
    """(level, rows counted as one) to an interval that holds where influences fail, near a perfect value."""
    carriers: float = math.inf
    """Rows of the rarest class, which carry most of the variance."""
    why: str = ""

    @cached_property
    def value(self) -> float:
        return math.nan if self.why else self.compute(self.weights)

    def influence(self) -> Array:
        return self.find_influence(self.weights)


@dataclass(frozen=True, eq=False)
class Quantile:
    """The ``q`` quantile of ``sample`` [n] with ``weights`` [n]."""

    sample: Array
    weights: Array
    q: float
    n: int
    even: bool = True
    why: str = ""

    @cached_property
    def value(self) -> float:
        if self.why:
            return math.nan
        return float(np.quantile(self.sample, self.q)) if self.even else self.at(self.q)

    def at(self, share: float) -> float:
        """The value with this share of the weight at or below."""
        order = np.argsort(self.sample, kind="stable")
        reached = np.cumsum(self.weights[order])
        place = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))
        return float(self.sample[order[min(place, len(order) - 1)]])

    def influence(self) -> Array:
        """By the density at the quantile, estimated from the values about n^(-1/3) in share around it."""
        reach = min(max(len(self.sample) ** (-1 / 3) / 2, 1e-9), self.q, 1 - self.q)
        width = self.at(self.q + reach) - self.at(self.q - reach)
        share = self.weights / self.weights.sum()
        below = self.sample <= self.value
        result: Array = -share * (below - float(share @ below)) * width / (2 * reach)
        return result


Form = Proportions | Sums | Functional | Quantile


@dataclass(frozen=True, slots=True)
class Choice:
    """Which class, or which average over classes, a metric is asked for."""

    for_class: int | None = None
    average: str | None = None
