"""How much one column says of the target, out of fold.

The model of a column is the target's mean (or class shares) in each of its bins, shrunk towards that of all
rows and taken from the other folds, so that a column which is different in every row says nothing. This is
target encoding with cross-fitting (Micci-Barreca 2001, SIGKDD Explorations 3:27-32); numbers against numbers
may also be a straight line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.evidence.analyse.bins import Bins

PRIOR_ROWS = 1.0
"""Weight of the mean of all rows in a bin's mean, in rows."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Strength:
    """Shares of what can be explained, 0 to 1."""

    score: float
    """Gini (2 AUC - 1) for two classes, share of log loss explained for several, R2 for numbers."""
    explained: float
    """Share of log loss (classes) or variance (numbers) explained."""
    method: str
    values: int
    """Different values or bins."""


def strength(bins: Bins, target: Floats, folds: npt.NDArray[np.int64], k: int, classes: int) -> Strength:
    """The out-of-fold strength of ``bins`` (codes int64 [n]) for ``target`` (float64 [n]: codes or values).

    ``classes`` is 0 for numbers. Folds are 0 .. k-1.
    """
    if classes == 0:
        return _numeric(bins, target, folds, k)
    y = target.astype(np.int64)
    b = bins.count
    table = np.bincount((folds * b + bins.codes) * classes + y, minlength=k * b * classes)
    table = table.reshape(k, b, classes).astype(np.float64)
    learnt = table.sum(axis=0)[None] - table
    everything: Floats = learnt.sum(axis=1)
    prior = (everything + 1.0 / classes) / (everything.sum(axis=1, keepdims=True) + 1.0)
    shares = (learnt + PRIOR_ROWS * prior[:, None, :]) / (learnt.sum(axis=2, keepdims=True) + PRIOR_ROWS)
    loss = -float((table * np.log(shares)).sum())
    base = -float((table * np.log(prior)[:, None, :]).sum())
    explained = max(0.0, 1.0 - loss / base) if base > 0 else 0.0
    if classes == 2:
        positive: Floats = table[..., 1].ravel().astype(np.float64)
        negative: Floats = table[..., 0].ravel().astype(np.float64)
        gini = max(0.0, 2.0 * _auc(shares[..., 1].ravel(), positive, negative) - 1.0)
        return Strength(gini, explained, "Gini out of fold", b)
    return Strength(explained, explained, "log loss explained out of fold", b)


def _auc(scores: Floats, positive: Floats, negative: Floats) -> float:
    """Area under the ROC curve from counts of rows at each score (ties count half)."""
    _, place = np.unique(scores, return_inverse=True)
    pos = np.bincount(place.reshape(-1), weights=positive)
    neg = np.bincount(place.reshape(-1), weights=negative)
    pairs = pos.sum() * neg.sum()
    if pairs == 0:
        return 0.5
    below = np.cumsum(neg) - neg
    return float((pos * (below + 0.5 * neg)).sum() / pairs)


def _numeric(bins: Bins, y: Floats, folds: npt.NDArray[np.int64], k: int) -> Strength:
    b = bins.count
    where = folds * b + bins.codes
    sums = np.bincount(where, weights=y, minlength=k * b).reshape(k, b)
    rows = np.bincount(where, minlength=k * b).reshape(k, b).astype(np.float64)
    sums, rows = sums.sum(axis=0)[None] - sums, rows.sum(axis=0)[None] - rows
    prior = sums.sum(axis=1, keepdims=True) / np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    means = (sums + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
    total = float(((y - prior[folds, 0]) ** 2).sum())
    if total <= 0:
        return Strength(0.0, 0.0, "R2 out of fold", b)
    error = float(((y - means[folds, bins.codes]) ** 2).sum())
    if bins.values is not None:
        error = min(error, _line_error(bins.values, y, folds, k, prior[:, 0]))
    r2 = max(0.0, 1.0 - error / total)
    return Strength(r2, r2, "R2 out of fold", b)


def _line_error(x: Floats, y: Floats, folds: npt.NDArray[np.int64], k: int, prior: Floats) -> float:
    """Squared error of a straight line fitted on the other folds; the mean where x is missing."""
    there = np.isfinite(x)
    guess = prior[folds].copy()
    for fold in range(k):
        learn, judge = there & (folds != fold), there & (folds == fold)
        if learn.sum() < 3 or not judge.any():
            continue
        middle, spread = x[learn].mean(), x[learn].std()
        if spread <= 1e-12 * max(1.0, abs(float(middle))):
            continue
        z = (x[learn] - middle) / spread
        slope = float((z * (y[learn] - y[learn].mean())).mean())
        guess[judge] = y[learn].mean() + slope * (x[judge] - middle) / spread
    return float(((y - guess) ** 2).sum())
