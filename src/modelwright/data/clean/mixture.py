"""Numbers of one column in two units: some far smaller or larger than the others, and alike when multiplied.

The values fall into two heaps with a gap between them, and one heap times a known factor has the distribution
of the other (two-sample Kolmogorov-Smirnov distance). Heaps that touch are not told apart: kilograms and
pounds of people are one heap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.book import Book

FACTORS = {
    10.0: "a tenth (mm and cm)", 12.0: "a twelfth (inches and feet, months and years)",
    25.4: "mm and inches", 30.48: "cm and feet", 39.37: "inches and metres", 60.0: "minutes and hours",
    100.0: "a hundredth (cm and m, percent and shares)", 304.8: "mm and feet", 365.25: "days and years",
    453.592: "grams and pounds", 1000.0: "a thousandth (g and kg, m and km)", 1609.344: "metres and miles",
    3600.0: "seconds and hours", 1e6: "a millionth",
}  # fmt: skip
_LEAST_ROWS = 50
_LEAST_PART = 10
_SHARE = 0.005
_GAP = 1.5
"""Ratio of the least of the upper heap to the most of the lower one."""
_WIDEST = 0.5
"""Spread of a heap (95% over 5% quantile) as a share of the factor, beyond which heaps are no heaps."""


def look(values: pl.Series, book: Book) -> None:
    """The finding on one column of typed numbers, where there is one."""
    found = mixed(values.drop_nulls().to_numpy())
    if found is None:
        return
    factor, count, least, most = found
    book.finding(
        "clean.unit-mix",
        "warning",
        f"{count:,} values of {values.name!r} lie between {least:g} and {most:g}, apart from all others, and "
        f"are like them when the two are {FACTORS[factor]} apart (a factor of {factor:g}): they may be in "
        "another unit.",
        "Write all values in one unit in the source; or, where the difference is real, accept the finding.",
        column=values.name,
        numbers={"rows": float(count), "factor": factor},
    )


def mixed(values: npt.NDArray[np.float64]) -> tuple[float, int, float, float] | None:
    """(factor, values of the smaller heap, its least, its most), or None. ``values``: float64 [rows]."""
    values = np.sort(values[np.isfinite(values)])
    if len(values) < _LEAST_ROWS or values[0] <= 0:
        return None
    logs = np.log(values)
    least = max(_LEAST_PART, int(np.ceil(_SHARE * len(values))))
    steps = np.diff(logs)[least - 1 : len(values) - least]
    if not len(steps) or steps.max() < np.log(_GAP):
        return None
    cut = least + int(np.argmax(steps))
    low, high = values[:cut], values[cut:]
    if min(len(np.unique(low)), len(np.unique(high))) < 5:
        return None
    ratio = float(np.median(high) / np.median(low))
    factor = min(FACTORS, key=lambda f: abs(np.log(f / ratio)))
    if max(_spread(low), _spread(high)) > _WIDEST * factor or abs(np.log(factor / ratio)) > 0.25:
        return None
    if _distance(low * factor, high) > 0.12 + 1.36 * np.sqrt(1 / len(low) + 1 / len(high)):
        return None
    # Whole numbers have gaps of their own: from 1 to 2 there is a factor of 2.
    if high[0] / low[-1] < np.sqrt(factor):
        return None
    part = low if len(low) <= len(high) else high
    return factor, len(part), float(part[0]), float(part[-1])


def _spread(values: npt.NDArray[np.float64]) -> float:
    low, high = np.quantile(values, [0.05, 0.95])
    return float(high / low)


def _distance(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    every = np.sort(np.concatenate([one, other]))
    a = np.searchsorted(one, every, side="right") / len(one)
    b = np.searchsorted(other, every, side="right") / len(other)
    return float(np.abs(a - b).max())
