"""Numbers that lie far from the rest of their column, by a rule that they themselves do not move.

The distance from the median is counted in median absolute deviations of the value's own side (scaled to be a
standard deviation where the column is normal), so that a skewed column is not full of outliers. Source: Leys
and others, "Detecting outliers: Do not use standard deviation around the mean, use absolute deviation around
the median", J. Exp. Soc. Psychol. 49, 2013. Its limits of 2 to 3 are for normal columns; few here are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FAR = 10.0
"""Deviations: hardly a value of a normal or exponential column lies there, 3 in 1,000 of a lognormal one."""
LEAST = 20
"""Fewer values have no rest to be far from."""
NORMAL = 1.4826
"""A median absolute deviation times this is the standard deviation of a normal column."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """``count`` values lie below ``low`` or above ``high``; ``farthest`` is the one most deviations out."""

    count: int
    low: float
    high: float
    farthest: float


def limits(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The bounds beyond which a value would lie far from finite values [n], whether any does or not."""
    sides = _sides(values)
    if sides is None:
        return None
    middle, below, above = sides
    return middle - FAR * below, middle + FAR * above


def _sides(values: npt.NDArray[np.float64]) -> tuple[float, float, float] | None:
    """The median, and the deviations below and above it; None where there is no rest to be far from."""
    if values.size < LEAST:
        return None
    values = np.sort(values)
    middle = _middle(values)
    lower = values[: int(np.searchsorted(values, middle, "right"))]
    upper = values[int(np.searchsorted(values, middle, "left")) :]
    below = NORMAL * (middle - _middle(lower))
    above = NORMAL * (_middle(upper) - middle)
    if below <= 0.0 and above <= 0.0:
        return None
    return middle, below or above, above or below


def outliers(values: npt.NDArray[np.float64]) -> Outliers | None:
    """Of finite values [n]; None where there are none, or where most values are one and the same."""
    sides = _sides(values)
    if sides is None:
        return None
    middle, below, above = sides
    low, high = middle - FAR * below, middle + FAR * above
    out = values[(values < low) | (values > high)]
    if not out.size:
        return None
    distance = np.where(out < middle, (middle - out) / below, (out - middle) / above)
    return Outliers(int(out.size), low, high, float(out[int(distance.argmax())]))


def _middle(ordered: npt.NDArray[np.float64]) -> float:
    """The median of numbers in ascending order."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[half])
    return float(ordered[half - 1] + ordered[half]) / 2.0
