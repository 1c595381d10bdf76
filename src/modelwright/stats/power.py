"""How many rows a claim needs: expected interval widths before any model exists."""

from __future__ import annotations

import math
from collections.abc import Callable

from modelwright.stats.intervals import clopper_pearson, normal_quantile
from modelwright.stats.ranking import hanley_mcneil_variance

MOST_ROWS = 10_000_000


def proportion_reach(p: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Distances from ``p`` down to the lower and up to the upper end of its exact interval."""
    low, high = clopper_pearson(p * trials, trials, level)
    return p - low, high - p


def auc_reach(auc: float, positives: float, negatives: float, level: float = 0.95) -> tuple[float, float]:
    """The same for a ROC area, by Hanley & McNeil's variance on the logit scale."""
    if positives < 1 or negatives < 1 or not 0 < auc < 1:
        return math.inf, math.inf
    error = math.sqrt(max(hanley_mcneil_variance(auc, positives, negatives), 0.0)) / (auc * (1 - auc))
    middle, half = math.log(auc / (1 - auc)), normal_quantile(level) * error
    return auc - 1 / (1 + math.exp(-(middle - half))), 1 / (1 + math.exp(-(middle + half))) - auc


def relative_reach(value: float, variation: float, rows: float, level: float = 0.95) -> tuple[float, float]:
    """The same for a positive mean whose rows have this coefficient of ``variation``, on the log scale."""
    if rows < 2:
        return math.inf, math.inf
    half = normal_quantile(level) * variation / math.sqrt(rows)
    return value * -math.expm1(-half), value * math.expm1(min(half, 700.0))


def least_rows(enough: Callable[[int], bool], most: int = MOST_ROWS) -> int | None:
    """The least number of rows that is ``enough`` (a test that stays true once it is), or None beyond
    ``most``."""
    high = 8
    while not enough(high):
        high *= 2
        if high > most:
            return None
    low = 1
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
