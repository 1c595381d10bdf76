"""How wrong each row is, and how to compare rows here with rows there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from modelwright.evidence.testing.answers import Opened
from modelwright.goal.metrics.scored import Scored
from modelwright.stats.units import Units, block_length, blocks, effective_count, groups

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def errors(scored: Scored) -> Floats:
    """1 where the predicted class is wrong and else 0, or the absolute error: float64 [n]."""
    if scored.values is not None:
        away: Floats = np.abs(scored.truth - scored.values)
        return away
    assert scored.labels is not None
    wrong: Floats = (scored.labels != scored.truth).astype(np.float64)
    return wrong


def surprise(scored: Scored) -> Floats:
    """Minus the log of the probability given to the true class, or the absolute error: float64 [n]."""
    if scored.probabilities is None:
        return errors(scored)
    chance = scored.probabilities[np.arange(len(scored)), scored.truth.astype(np.int64)]
    return -np.log(np.clip(chance, 1e-12, 1.0))


def error_name(scored: Scored) -> str:
    return "mean absolute error" if scored.values is not None else "share wrong"


@dataclass(frozen=True, slots=True)
class Gap:
    """Weighted mean errors inside and outside of a part of the rows, and the one-sided p value of "the errors
    inside are no larger"."""

    inside: float
    outside: float
    p: float


class Gaps:
    """Compares the errors of parts of the rows with those of the rest.

    The p value is that of Fisher's exact test where errors are 0 or 1, and of the rank sum test (Wilcoxon
    1945; Mann & Whitney 1947) for absolute errors. Where rows hang together in groups or in time, a t test
    over groups or blocks is made besides, and the larger p value is taken.
    """

    def __init__(self, rows: Opened, scored: Scored) -> None:
        self.error = errors(scored)
        self._weights = scored.row_weights
        self._labels = scored.values is None
        self._tested = self.error if self._labels else stats.rankdata(self.error)
        self._wrong = int(self.error.sum()) if self._labels else 0
        self._spread = float(np.var(self._tested))
        self._units = units_of(rows, self._tested - self._tested.mean())

    def of(self, inside: Mask) -> Gap:
        n, k = len(inside), int(inside.sum())
        w = self._weights
        outside = ~inside
        here = _mean(self.error[inside], w[inside])
        there = _mean(self.error[outside], w[outside])
        if k == 0 or k == n:
            return Gap(here, there, math.nan)
        if self._labels:
            p = float(stats.hypergeom.sf(self.error[inside].sum() - 1, n, self._wrong, k))
        else:
            p = self._rank_sum(inside, n, k)
        for units in self._units:
            p = max(p, self._over(units, inside))
        return Gap(here, there, p)

    def _rank_sum(self, inside: Mask, n: int, k: int) -> float:
        variance = self._spread * k * (n - k) / (n - 1)
        away = float(self._tested[inside].sum()) - k * float(self._tested.mean())
        return 1.0 if variance <= 0 else float(special.ndtr(-away / math.sqrt(variance)))

    def _over(self, units: Units, inside: Mask) -> float:
        """One-sided p value of the t test over units, of the difference of mean tested values."""
        y = self._tested
        a, b = y[inside], y[~inside]
        gap = float(a.mean() - b.mean())
        influence = np.where(inside, (y - a.mean()) / len(a), -(y - b.mean()) / len(b))
        summed = units.total(influence)
        df = effective_count(units.total(np.where(inside, 1.0 / len(a), 0.0))) - 1.0
        if units.count < 2 or df <= 0:
            return 1.0
        error = math.sqrt(float(np.sum(summed**2)) * units.count / (units.count - 1))
        if error == 0:
            return 1.0
        return float(stats.t.sf(gap / error, df))


def units_of(rows: Opened, series: Floats) -> list[Units]:
    """Groups and blocks of time of the rows; empty where rows are independent."""
    found = []
    if rows.groups is not None:
        by_group = groups(rows.groups)
        if by_group.count < rows.rows:
            found.append(by_group)
    if rows.time_order and rows.rows >= 4:
        found.append(blocks(rows.rows, block_length(series)))
    return found


def _mean(values: Floats, weights: Floats) -> float:
    total = float(weights.sum())
    return float(values @ weights) / total if total > 0 else math.nan
