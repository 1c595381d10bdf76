"""Histograms that can be given away: every bin holds several rows, and no edge is one row's value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 5
"""Rows that a bin, a listed category or the far side of a quantile must have: fewer could be told apart."""
MOST_BINS = 20


@dataclass(frozen=True, slots=True)
class Histogram:
    """``counts[i]`` of k + 1 bins holds edges[i-1] < value <= edges[i], the outer ones open to both ends;
    ``means`` are the bins' means. Empty where there are too few values."""

    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    means: tuple[float, ...] = ()

    def to_json(self) -> dict[str, list[float] | list[int]]:
        return {"edges": list(self.edges), "counts": list(self.counts), "means": list(self.means)}


def histogram(values: npt.NDArray[np.float64]) -> Histogram:
    """Bins with about equal counts (at most 20, each of at least 5) of finite values [n].

    Edges are quantiles, rounded to a thousandth of the central spread; means to six significant digits.
    """
    n = len(values)
    if n < LEAST:
        return Histogram()
    bins = max(1, min(MOST_BINS, n // (2 * LEAST)))
    edges = np.quantile(values, np.arange(1, bins) / bins) if bins > 1 else np.empty(0)
    edges = np.unique(rounded(edges, values))
    edges = edges[np.isfinite(edges)]
    place = np.searchsorted(edges, values, side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    kept = _merged([int(c) for c in counts])
    edges = edges[kept]
    place = np.searchsorted(edges, values, side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    # Shares are added up, and not values, so that the largest doubles do not overflow.
    sums = np.bincount(place, weights=values / counts[place], minlength=len(edges) + 1)
    means = [float(f"{mean:.6g}") for mean in sums]
    return Histogram(tuple(float(e) for e in edges), tuple(int(c) for c in counts), tuple(means))


def _merged(counts: list[int]) -> list[int]:
    """Places of the edges that stay so that every bin has at least ``LEAST``; there are so many in all."""
    kept: list[int] = []
    held = 0
    for place, count in enumerate(counts[:-1]):
        held += count
        if held >= LEAST:
            kept.append(place)
            held = 0
    if held + counts[-1] < LEAST and kept:
        kept.pop()
    return kept


def rounded(points: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points to a thousandth of the values' spread, so that they are nobody's own.

    The spread is that of the central 90% where they differ (else 98%, else all): by the extremes of a heavy
    tail, such as that of amounts of money, all quantiles would be rounded to one number.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.quantile(values, [0.05, 0.01, 0.0])
        high = np.quantile(values, [0.95, 0.99, 1.0])
        spreads = [float(s) for s in high - low if s > 0 and math.isfinite(s)]
    if not spreads:
        return points
    spread = spreads[0]
    step = 10.0 ** math.floor(math.log10(spread / 1000))
    if step < 1:
        # Division by a whole number gives the short decimal; multiplication by a tenth would not.
        inverse = round(1 / step)
        return np.round(points * inverse) / inverse
    return np.round(points / step) * step


def usual(values: npt.NDArray[np.float64]) -> tuple[float, float, float] | None:
    """The widest of the central 98, 90 and 50% of the values with several rows on both far sides:

    (low, high, coverage); None where there are too few values.
    """
    n = len(values)
    for tail in (0.01, 0.05, 0.25):
        if n * tail >= LEAST:
            low, high = rounded(np.quantile(values, [tail, 1 - tail]), values)
            return float(low), float(high), round(1 - 2 * tail, 2)
    return None
