"""Leaving out one unit at a time: a standard error that errs to the safe side with few units."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.intervals import NONE, Interval, t_quantile

Array = NDArray[np.float64]


def standard_error(left_out: Array) -> float:
    """Jackknife standard error from the statistic without each unit [units] (Efron & Stein 1981).

    It is biased upwards, which is what few units need. NaN for fewer than two units or any NaN.
    """
    units = len(left_out)
    if units < 2 or not bool(np.all(np.isfinite(left_out))):
        return math.nan
    return math.sqrt(float(np.sum(np.square(left_out - left_out.mean()))) * (units - 1) / units)


def corrected(value: float, left_out: Array) -> float:
    """``value`` less the bias of order 1/units that leaving units out shows (Quenouille 1956)."""
    units = len(left_out)
    return units * value - (units - 1) * float(left_out.mean())


def t_interval(value: float, error: float, df: float, level: float) -> Interval:
    """``value`` plus and minus Student's t times ``error``; NaN where there is no error or no freedom."""
    if not (math.isfinite(value) and error >= 0 and df > 0):
        return NONE
    half = t_quantile(level, df) * error
    return value - half, value + half
