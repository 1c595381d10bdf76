"""Tests of two models on the same rows, or on the same folds. All p values are two-sided."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from modelwright.stats import bootstrap
from modelwright.stats.intervals import NONE, Interval, normal_quantile, t_quantile
from modelwright.stats.ranking import Ranked

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def mcnemar(first_right: Mask, second_right: Mask) -> float:
    """p value of equal error rates on the same independent rows [n], by the exact test (McNemar 1947)."""
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(second_right & ~first_right))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second, 0.5).pvalue)


def delong(positive: Mask, first: Array, second: Array, level: float = 0.95) -> tuple[float, Interval, float]:
    """Difference of two ROC areas on the same rows [n], its interval and p value (DeLong 1988)."""
    ones = np.ones(len(positive))
    a, b = Ranked(positive, first), Ranked(positive, second)
    gap = a.roc_auc(ones) - b.roc_auc(ones)
    if math.isnan(gap):
        return math.nan, NONE, math.nan
    influence = a.roc_influence(ones) - b.roc_influence(ones)
    error = math.sqrt(float(np.sum(influence**2)))
    if error == 0:
        return gap, (gap, gap), 1.0 if gap == 0 else 0.0
    half = normal_quantile(level) * error
    return gap, (gap - half, gap + half), float(2 * stats.norm.sf(abs(gap) / error))


def paired_bootstrap(
    differences: Array, level: float = 0.95, seed: int = 0, codes: NDArray[np.int64] | None = None
) -> tuple[float, Interval, float]:
    """Mean of row-wise ``differences`` [n], its percentile interval and p value, resampling rows or groups.

    ``codes`` [n] gives the group of each row. The p value is twice the smaller share of replicates at or
    beyond 0.
    """
    count = len(differences) if codes is None else int(codes.max()) + 1
    rows = np.stack([np.ones(len(differences)), differences], axis=1)
    if codes is not None:
        rows = np.stack([np.bincount(codes, rows[:, j], count) for j in range(2)], axis=1)
    rng = np.random.default_rng(seed)
    values = bootstrap.replicate_values(
        rows, lambda s: s[..., 1] / s[..., 0], bootstrap.replicates_for(level), rng
    )
    tail = min(float(np.mean(values <= 0)), float(np.mean(values >= 0)))
    p = min(1.0, 2 * (tail * len(values) + 1) / (len(values) + 1))
    return float(np.mean(differences)), bootstrap.percentile(values, level), p


def nadeau_bengio(
    differences: ArrayLike, train_rows: float, test_rows: float, level: float = 0.95
) -> tuple[float, Interval, float]:
    """Mean of differences over folds of (repeated) cross-validation [folds], its interval and p value.

    The corrected resampled t test (Nadeau & Bengio 2003): folds share training rows, so the variance is
    multiplied by 1/folds + test/train and not by 1/folds.
    """
    values = np.asarray(differences, dtype=np.float64)
    folds = len(values)
    if folds < 2:
        return (float(values.mean()) if folds else math.nan), NONE, math.nan
    mean = float(values.mean())
    error = math.sqrt(float(values.var(ddof=1)) * (1 / folds + test_rows / train_rows))
    if error == 0:
        return mean, (mean, mean), 1.0 if mean == 0 else 0.0
    half = t_quantile(level, folds - 1) * error
    return mean, (mean - half, mean + half), float(2 * stats.t.sf(abs(mean) / error, folds - 1))
