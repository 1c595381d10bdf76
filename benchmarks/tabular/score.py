"""From predictions to a number, and to the loss of each test row, for paired comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]


def metric(job: dict[str, Any], truth: npt.NDArray[Any], scores: Floats) -> float:
    """ROC AUC of the positive class, log loss (natural, probabilities clipped at 1e-15), or RMSE."""
    if job["metric"] == "roc_auc":
        positive = truth == job["positive"]
        ranks = rankdata(scores[:, job["classes"].index(job["positive"])])
        n, m = positive.sum(), (~positive).sum()
        return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
    if job["metric"] == "log_loss":
        return float(losses(job, truth, scores).mean())
    return float(np.sqrt(np.mean((truth.astype(np.float64) - scores) ** 2)))


def losses(job: dict[str, Any], truth: npt.NDArray[Any], scores: Floats) -> Floats:
    """[n]: what a row adds. For ROC AUC the score of the positive class, since it is no mean of rows."""
    if job["metric"] == "roc_auc":
        return scores[:, job["classes"].index(job["positive"])]
    if job["metric"] == "log_loss":
        place = np.searchsorted(np.array(job["classes"]), truth)
        shares = scores / scores.sum(axis=1, keepdims=True)
        return -np.log(np.clip(shares[np.arange(len(truth)), place], 1e-15, 1.0))
    return (truth.astype(np.float64) - scores) ** 2


def better(job_metric: str, one: float, other: float) -> float:
    """How much better ``one`` is, in the metric's unit: positive is better."""
    return one - other if job_metric == "roc_auc" else other - one


def difference(
    job_metric: str, truth: npt.NDArray[Any], one: Floats, other: Floats, positive: str | None, seed: int = 0
) -> tuple[float, float, float]:
    """How much better ``one`` is than ``other`` (arrays as :func:`losses` gives), with the 95% percentile
    interval of 1,000 bootstrap samples of the test rows (Efron and Tibshirani, 1993), the same for both."""
    rng = np.random.default_rng(seed)
    n = len(truth)

    def value(rows: npt.NDArray[np.int64]) -> float:
        if job_metric == "roc_auc":
            good = (truth == positive)[rows]
            return _auc(good, one[rows]) - _auc(good, other[rows])
        if job_metric == "log_loss":
            return float(other[rows].mean() - one[rows].mean())
        return float(np.sqrt(other[rows].mean()) - np.sqrt(one[rows].mean()))

    drawn = [value(rng.integers(0, n, n)) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value(np.arange(n)), float(low), float(high)


def _auc(good: npt.NDArray[np.bool_], scores: Floats) -> float:
    ranks = rankdata(scores)
    n, m = good.sum(), (~good).sum()
    return float((ranks[good].sum() - n * (n + 1) / 2) / (n * m))
