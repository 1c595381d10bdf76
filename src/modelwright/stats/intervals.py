"""Confidence intervals with a closed form: proportions, means, quantiles.

All functions take two-sided ``level`` (0.95 leaves 2.5% on each side) and return ``(low, high)``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Interval = tuple[float, float]
NONE: Interval = (math.nan, math.nan)


def clopper_pearson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Exact interval of a proportion (Clopper & Pearson 1934): errs at most (1 - level)/2 on each side.

    Counts may be fractional (an effective sample size, Korn & Graubard 1998). No trials: NaN.
    """
    if not trials > 0:
        return NONE
    tail = (1.0 - level) / 2.0
    x = min(max(successes, 0.0), trials)
    low = 0.0 if x <= 0 else float(special.betaincinv(x, trials - x + 1.0, tail))
    high = 1.0 if x >= trials else float(special.betaincinv(x + 1.0, trials - x, 1.0 - tail))
    return low, high


def wilson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927): shorter than the exact one, right on average only."""
    if not trials > 0:
        return NONE
    z = normal_quantile(level)
    p = successes / trials
    centre = p + z * z / (2 * trials)
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def normal_quantile(level: float) -> float:
    """The z with P(|Z| <= z) = level."""
    return float(special.ndtri((1.0 + level) / 2.0))


def t_quantile(level: float, df: float) -> float:
    """The t with P(|T| <= t) = level for Student's t; the normal quantile where ``df`` is infinite."""
    return float(stats.t.ppf((1.0 + level) / 2.0, df)) if math.isfinite(df) else normal_quantile(level)


def t_mean(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Student's interval of a mean of independent ``values`` [n]; NaN for fewer than two."""
    n = len(values)
    if n < 2:
        return NONE
    half = t_quantile(level, n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)
    centre = float(np.mean(values))
    return centre - half, centre + half


def log_mean(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Interval of the mean of positive, right-skewed ``values`` [n], by the delta method on the log scale."""
    n = len(values)
    centre = float(np.mean(values)) if n else math.nan
    if n < 2 or not centre > 0:
        return NONE
    half = t_quantile(level, n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n) / centre
    return centre * math.exp(-half), centre * math.exp(half)


def quantile(values: NDArray[np.float64], q: float, level: float = 0.95) -> Interval:
    """Distribution-free interval of the ``q`` quantile of independent ``values`` [n], by order statistics.

    (David & Nagaraja, Order Statistics, section 7.1.) An end that no order statistic can bound at this level
    is infinite: the 99th percentile needs 368 values for an upper end at level 0.95.
    """
    n = len(values)
    if n == 0:
        return NONE
    ordered = np.sort(values)
    tail = (1.0 - level) / 2.0
    # P(X_(r) > quantile) = P(Binomial(n, q) < r) = cdf(r - 1); both tails are kept at or below (1 - level)/2.
    counts = np.arange(0, n + 1)
    cdf = stats.binom.cdf(counts, n, q)
    below = int(np.searchsorted(cdf, tail, side="right"))  # the number of r - 1 with cdf <= tail
    low = float(ordered[below - 1]) if below >= 1 else -math.inf
    above = int(np.searchsorted(cdf, 1.0 - tail, side="left")) + 1  # the least s with cdf(s - 1) >= 1 - tail
    high = float(ordered[above - 1]) if above <= n else math.inf
    return low, high
