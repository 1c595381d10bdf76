"""Proportions over units that may hang together, and sums of proportions, honest also at zero errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.intervals import Interval, clopper_pearson, normal_quantile, t_quantile
from modelwright.stats.units import Units, effective_count, tally

Array = NDArray[np.float64]

# What is believed of rows of one unit before any error is seen: they share half of their fate, and this
# belief weighs as much as half a unit with errors. Without it, an error or two decide how alike units are.
PRIOR_LIKENESS, PRIOR_WEIGHT = 0.5, 0.5


def effective_trials(success: Array, trial: Array, units: Units, level: float) -> float:
    """How many independent trials these trials are worth (Korn & Graubard 1998), given units.

    ``success`` and ``trial`` [n] hold row weights where the row counts, else zero. The ratio of the variance
    of independent trials to that between units gives the worth, lowered by (z/t)^2 for few units. Where
    nothing (or everything) fails the data cannot say how alike the rows of a unit are, and each unit counts
    once.
    """
    n = int(np.count_nonzero(trial))
    total = float(trial.sum())
    if n == 0 or total <= 0:
        return 0.0
    p = float(success.sum()) / total
    if units.codes is None:
        worth = total**2 / float(np.sum(np.square(trial)))  # Kish: uneven weights
        return min(float(n), worth)
    sizes = tally(units.codes, trial > 0, units.count)
    present = int(np.count_nonzero(sizes))
    df = effective_count(sizes) - 1.0
    if present < 2 or df <= 0:
        return 0.0
    shrink = (normal_quantile(level) / t_quantile(level, df)) ** 2 if df < 1e4 else 1.0
    failing = tally(units.codes, (trial - success) > 0, units.count) > 0
    passing = tally(units.codes, success > 0, units.count) > 0
    mixed = min(int(failing.sum()), int(passing.sum()))
    if mixed == 0:
        return float(min(present, n)) * shrink
    between = units.total(success - p * trial) / total
    variance = float(np.sum(between**2)) * present / (present - 1)
    design = max(variance * n / (p * (1 - p)), 1.0)
    size = float(np.sum(sizes**2)) / n
    likeness = (design - 1) / (size - 1) if size > 1 else 0.0
    careful = (mixed * likeness + PRIOR_WEIGHT * PRIOR_LIKENESS) / (mixed + PRIOR_WEIGHT)
    design = max(design, 1 + careful * (size - 1))
    return max(n / design, min(1.0, n)) * shrink


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a sum: its value, its interval, and its rows' influence [n] on it."""

    value: float
    low: float
    high: float
    factor: float
    influence: Array


def combine(terms: Sequence[Term], units: Units) -> Interval:
    """Interval of sum(factor * value), from the intervals of the parts.

    MOVER, the method of variance estimates recovery (Zou & Donner 2008): each part's own asymmetric distance
    takes the place of its standard error, correlated as the influences are between units. A part without
    spread enters as independent, with the width of its own interval.
    """
    centre = sum(t.factor * t.value for t in terms)
    ends = []
    for side in (-1, 1):
        together = np.zeros(len(terms[0].influence)) if terms else np.zeros(0)
        alone = 0.0
        for t in terms:
            end = t.low if side * t.factor < 0 else t.high
            distance = t.factor * abs(end - t.value)
            spread = math.sqrt(float(np.sum(np.square(units.total(t.influence)))))
            if spread > 0:
                together += distance / spread * t.influence
            else:
                alone += distance**2
        reach = math.sqrt(float(np.sum(np.square(units.total(together)))) + alone)
        ends.append(centre + side * reach)
    return ends[0], ends[1]


def interval(success: Array, trial: Array, units: Units, level: float) -> Interval:
    """Interval of sum(success) / sum(trial): Clopper-Pearson on the effective number of trials."""
    worth = effective_trials(success, trial, units, level)
    if worth <= 0:
        return math.nan, math.nan
    return clopper_pearson(float(success.sum()) / float(trial.sum()) * worth, worth, level)
