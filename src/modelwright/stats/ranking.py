"""Areas under the ROC and the precision-recall curve, with the influence of each row on them.

The influence of row i is w_i times the derivative of the area by w_i; influences sum to zero. The variance of
an area over independent units is the sum over units of the squared sum of influences; for single unweighted
rows that is DeLong's estimator (DeLong, DeLong & Clarke-Pearson 1988; the fast form of Sun & Xu 2014), for
groups of rows Obuchowski's (1997).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.intervals import Interval, normal_quantile
from modelwright.stats.units import tally

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Ranked:
    """Rows ordered by falling score, sorted once, so that areas under many weightings are quick.

    ``positive`` [n] bool, ``scores`` [n] float64. Rows with equal scores form one step.
    """

    def __init__(self, positive: Mask, scores: Array) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.positive = positive[self.order]
        ordered = scores[self.order]
        last = np.ones(len(ordered), dtype=bool)
        last[:-1] = ordered[1:] != ordered[:-1]
        self.ends = np.flatnonzero(last)
        """Position of the last row of each step."""
        self.step = (np.cumsum(last) - last).astype(np.int64)

    def _steps(self, weights: Array) -> tuple[Array, Array]:
        w = weights[self.order]
        steps = len(self.ends)
        return tally(self.step, w * self.positive, steps), tally(self.step, w * ~self.positive, steps)

    def roc_auc(self, weights: Array) -> float:
        """Area under the ROC curve for row weights [n]; NaN where one class has no weight."""
        pos, neg = self._steps(weights)
        p, q = float(pos.sum()), float(neg.sum())
        if not (p > 0 and q > 0):
            return math.nan
        above = np.cumsum(pos) - pos
        return float(np.sum(neg * (above + pos / 2)) / (p * q))

    def roc_influence(self, weights: Array) -> Array:
        """Influence [n] of each row on the ROC area."""
        pos, neg = self._steps(weights)
        p, q = float(pos.sum()), float(neg.sum())
        beaten = (q - np.cumsum(neg)) + neg / 2  # weight of negatives that a positive of this step beats
        losing = (np.cumsum(pos) - pos) + pos / 2  # weight of positives that beat a negative of this step
        auc = float(np.sum(pos * beaten) / (p * q))
        w = weights[self.order]
        of_positives, of_negatives = (beaten / q - auc) / p, (losing / p - auc) / q
        ordered = np.where(self.positive, of_positives[self.step], of_negatives[self.step]) * w
        influence = np.empty_like(ordered)
        influence[self.order] = ordered
        return influence

    def average_precision(self, weights: Array) -> float:
        """Area under the precision-recall steps (average precision); NaN where no positive has weight."""
        pos, neg = self._steps(weights)
        p = float(pos.sum())
        if not p > 0:
            return math.nan
        tp, seen = np.cumsum(pos), np.cumsum(pos + neg)
        precision = np.divide(tp, seen, out=np.zeros_like(tp), where=seen > 0)
        return float(np.sum(pos * precision) / p)

    def precision_influence(self, weights: Array) -> Array:
        """Influence [n] of each row on the average precision."""
        pos, neg = self._steps(weights)
        p = float(pos.sum())
        tp, seen = np.cumsum(pos), np.cumsum(pos + neg)
        safe = np.where(seen > 0, seen, 1.0)
        precision = tp / safe
        ap = float(np.sum(pos * precision) / p)
        # A row of weight at step s adds to `seen` (and `tp`) of its own step and of every later one.
        gain = np.cumsum((pos / safe)[::-1])[::-1]
        loss = np.cumsum((pos * tp / safe**2)[::-1])[::-1]
        w = weights[self.order]
        at = self.step
        ordered = np.where(self.positive, precision[at] + gain[at] - loss[at] - ap, -loss[at]) / p * w
        influence = np.empty_like(ordered)
        influence[self.order] = ordered
        return influence


def newcombe_auc(auc: float, positives: float, negatives: float, level: float = 0.95) -> Interval:
    """Score-type interval of an area that stays honest at and near 1 (Newcombe 2006, method 5).

    The ends are the areas whose Hanley-McNeil variance puts ``auc`` exactly z standard errors away.
    """
    from scipy.optimize import brentq

    z = normal_quantile(level)
    tiny = 1e-9

    def gap(theta: float) -> float:
        return (auc - theta) ** 2 - z * z * newcombe_variance(theta, positives, negatives)

    low = float(brentq(gap, tiny, min(auc, 1 - tiny))) if auc > tiny and gap(tiny) > 0 else 0.0
    high = float(brentq(gap, max(auc, tiny), 1 - tiny)) if auc < 1 - tiny and gap(1 - tiny) > 0 else 1.0
    return low, high


def newcombe_variance(auc: float, positives: float, negatives: float) -> float:
    """Variance of an area under exponential scores, the two class sizes made even (Newcombe 2006)."""
    middle = (positives + negatives) / 2 - 1
    shape = (1 - auc) / (2 - auc) + auc / (1 + auc)
    return auc * (1 - auc) * (1 + middle * shape) / (positives * negatives)


def hanley_mcneil_variance(auc: float, positives: float, negatives: float) -> float:
    """Variance of an area from the class sizes alone (Hanley & McNeil 1982), for planning."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)
    return spread / (positives * negatives)
