"""Confident learning: which labels of classes are probably wrong, and how labels flow from class to class.

Northcutt, Jiang & Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

NOWHERE = -1
"""No class is named with confidence."""
SHRINK = 0.02
"""Added to both rates before they are compared, so that a handful of rows makes no flow."""
COMMONNESS = 0.25
"""The power with which the rate of a flow counts besides its direction."""


@dataclass(frozen=True, slots=True)
class Confident:
    """What out-of-fold predictions say of the labels of n rows and k classes."""

    thresholds: Array
    """float64 [k]: the mean probability of a class in the rows that are labelled so; infinite for a class
    that no row has."""
    seems: Codes
    """int64 [n]: the most probable of the classes that reach their threshold, or ``NOWHERE``."""
    counts: NDArray[np.int64]
    """int64 [k, k]: rows by label and by what they seem to be (the confident joint)."""
    joint: Array
    """float64 [k, k]: the same as shares of all rows, each label with its true count (equation 3)."""

    @property
    def contradicted(self) -> int:
        """Rows that seem to be of another class. Where classes are hard to tell apart these are mostly the
        model's errors, so it is the upper end of how many labels are wrong, where the inputs decide the
        class."""
        return int(self.counts.sum() - np.trace(self.counts))

    @property
    def one_way(self) -> int:
        """Contradictions beyond those that run the other way: a model confuses two classes in both
        directions, wrong labels seldom flow as much back. The lower end of how many are wrong, where the
        inputs decide the class; labels replaced evenly by lot do not show in it."""
        return int(np.maximum(self.counts - self.counts.T, 0).sum())


def confident(labels: Codes, probabilities: Array) -> Confident:
    """``labels`` int64 [n], ``probabilities`` float64 [n, k], of models that had not seen the row.

    Raises ValueError where the shapes do not fit or a probability is not finite.
    """
    n, k = probabilities.shape
    if len(labels) != n or not np.all(np.isfinite(probabilities)):
        raise ValueError("one finite probability for each row and class, and one label for each row")
    sizes = np.bincount(labels, minlength=k)
    own = np.bincount(labels, weights=probabilities[np.arange(n), labels], minlength=k)
    thresholds = np.where(sizes > 0, own / np.maximum(sizes, 1), np.inf)
    reached = np.where(probabilities >= thresholds - 1e-12, probabilities, -1.0)
    seems = np.where(reached.max(axis=1, initial=-1.0) >= 0, reached.argmax(axis=1), NOWHERE)
    sure = seems >= 0
    counts = np.bincount(labels[sure] * k + seems[sure], minlength=k * k).reshape(k, k)
    whole = counts + np.eye(k) * 1e-9  # a label without a confident row is taken as right
    joint = whole / whole.sum(axis=1, keepdims=True) * sizes[:, None]
    return Confident(
        thresholds, seems.astype(np.int64), counts.astype(np.int64), joint / max(float(joint.sum()), 1e-300)
    )


def suspicion(labels: Codes, probabilities: Array, found: Confident) -> tuple[Array, Codes]:
    """How suspicious each label is, float64 [n] in [0, 1], and the class to put in its place, int64 [n].

    The odds that the row is of another class, each other class weighted by how labels flow: by how much more
    often it is labelled as this one than the other way round, and (to a fourth root) how often at all. A
    model's own confusions run both ways and so weigh one; labels that slip one way weigh more. An order, not
    a probability. On the data it was made with it is better than the plain probability of the label
    where labels slip one way, and a little worse where they were replaced by lot (benchmarks/labels).
    """
    rows = np.arange(len(labels))
    true = found.joint.sum(axis=0, keepdims=True)
    rate = np.divide(found.joint, true, out=np.zeros_like(found.joint), where=true > 0)  # P(label | true)
    kept = np.maximum(np.diag(rate), 1e-6)[:, None]
    # Of each pair: rate[i, j] is how often a true j is labelled i.
    weight = (rate + SHRINK) / (rate.T + SHRINK) * np.maximum(rate / kept, 1e-6) ** COMMONNESS
    others = np.maximum(probabilities, 1e-12) * weight[labels]
    others[rows, labels] = 0.0
    against = others.sum(axis=1)
    own = np.maximum(probabilities[rows, labels], 1e-12)
    instead = np.where((found.seems >= 0) & (found.seems != labels), found.seems, np.argmax(others, axis=1))
    return np.asarray(against / (against + own), dtype=np.float64), instead.astype(np.int64)
