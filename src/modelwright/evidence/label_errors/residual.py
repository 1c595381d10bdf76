"""Numbers that are probably wrong: those far from what a model says that had not seen them.

A rule of thumb, not a theory: a residual is divided by the usual error of rows that are predicted alike, and
counts as suspicious from ``FAR`` times on. A wrong label looks like that; so does a right one whose reason
is not among the inputs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FAR = 6.0
"""In robust standard deviations. Of normal errors one in five hundred million lies beyond, of errors with
the tails of Student's t with five degrees of freedom one in a thousand."""
NEIGHBOURS = 201
"""Rows next to each other in the order of predictions, whose errors say what is usual there."""
LEAST = 50
"""Rows below which nothing can be said."""


def standardised(actual: Array, predicted: Array) -> Array:
    """Residuals over the usual error of rows that are predicted alike: float64 [n].

    The centre is the local median, the scale 1.4826 times the local median of absolute deviations (that of a
    normal distribution is then its standard deviation), at least a tenth of the global one (by the ninetieth
    percentile), so that rows whose neighbours are predicted exactly do not stand out for a trifle. All 0
    where nothing errs.
    """
    residual = np.asarray(actual - predicted, dtype=np.float64)
    n = len(residual)
    if n == 0:
        return residual
    order = np.argsort(predicted, kind="stable")
    ordered = residual[order]
    half = min(NEIGHBOURS, n) // 2
    overall = float(np.quantile(np.abs(residual - np.median(residual)), 0.9)) / 1.645
    if overall == 0.0:
        overall = float(np.std(residual))
    if overall == 0.0:
        return np.zeros(n)
    padded = np.pad(ordered, half, mode="reflect" if half < n else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    result = np.empty(n)
    for start in range(0, n, 20_000):
        some = windows[start : start + 20_000]
        centre = np.median(some, axis=1)
        scale = 1.4826 * np.median(np.abs(some - centre[:, None]), axis=1)
        part = order[start : start + 20_000]
        result[part] = (ordered[start : start + 20_000] - centre) / np.maximum(scale, 0.1 * overall)
    return result


def slipped(actual: float, predicted: float, usual: float) -> str:
    """What a slip would explain the number: a sign, or a factor of ten, a hundred or a thousand; else empty.

    ``usual`` is the usual error there: the slip must explain the number to within twice that.
    """
    for factor in (10.0, 100.0, 1000.0):
        if abs(actual / factor - predicted) <= 2 * usual and abs(predicted) > 2 * usual:
            return f"{factor:g} times too large, as if a decimal point had slipped"
        if abs(actual * factor - predicted) <= 2 * usual and abs(predicted) > 2 * usual:
            return f"{factor:g} times too small, as if a decimal point had slipped"
    if math.copysign(1.0, actual) != math.copysign(1.0, predicted) and abs(-actual - predicted) <= 2 * usual:
        return "of the wrong sign"
    return ""
