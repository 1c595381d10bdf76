"""One label an item from several annotators' answers: the majority vote, and Dawid and Skene's model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.ratings import Ratings

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

NOBODY = -1
"""The code of an item that nobody labelled."""
MOST_ROUNDS = 1000
TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Consensus:
    """What most probably is true of each item."""

    method: str
    label: Codes
    """int64 [items]; ``NOBODY`` where there is no answer."""
    posterior: Array
    """float64 [items, classes]: the share of the votes, or the probability under the model; the prior
    where there is no answer."""
    prior: Array
    """float64 [classes]: how common the classes are."""
    confusion: Array
    """float64 [annotators, classes, classes]: the probability that the annotator says the second class where
    the first is true, by the model; for the vote, shares of the answers (see ``annotators.confusions``)."""
    converged: bool
    rounds: int
    log_likelihood: float
    """Of the answers under the model, in nats; NaN for the vote."""

    @property
    def certainty(self) -> Array:
        """float64 [items]: the probability (or share of the votes) of the label."""
        return np.asarray(self.posterior.max(axis=1), dtype=np.float64)


def majority(ratings: Ratings) -> Consensus:
    """The class that most answers name; of classes with as many answers, the one more common over all items,
    then the first."""
    counts = ratings.counts()
    votes = counts.sum(axis=1, keepdims=True)
    common = counts.sum(axis=0)
    prior = common / max(float(common.sum()), 1.0)
    rank = np.argsort(np.argsort(-common, kind="stable"), kind="stable")
    label = np.argmax(counts - rank * 1e-9, axis=1).astype(np.int64)
    label[votes[:, 0] == 0] = NOBODY
    with np.errstate(invalid="ignore", divide="ignore"):
        posterior = np.where(votes > 0, counts / votes, prior)
    tally = _tally(ratings, posterior)
    return Consensus("majority vote", label, posterior, prior, _rows(tally), True, 0, float("nan"))


def dawid_skene(
    ratings: Ratings,
    *,
    smoothing: float = 0.01,
    most_rounds: int = MOST_ROUNDS,
    tolerance: float = TOLERANCE,
) -> Consensus:
    """Each annotator has a confusion matrix, answers are independent given the truth; fitted by EM.

    Dawid & Skene (1979), Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm,
    Applied Statistics 28(1). EM begins at the shares of the votes, as there. ``smoothing`` answers are added
    to every cell of every confusion matrix (0: maximum likelihood), so that an annotator who was never seen
    to err is not taken to be infallible. ``converged`` says whether the log likelihood (of answers and
    smoothing) rose by less than ``tolerance`` a answer in the last round; the optimum is local.
    """
    posterior = _with_prior(ratings.counts())
    answered = np.bincount(ratings.item, minlength=len(ratings.items)) > 0
    best, rounds, converged = -np.inf, 0, False
    prior, confusion, likelihood = posterior.mean(axis=0), np.empty(0), float("nan")
    while rounds < most_rounds and not converged:
        rounds += 1
        prior = posterior[answered].mean(axis=0) if answered.any() else posterior.mean(axis=0)
        confusion = _rows(_tally(ratings, posterior) + smoothing)
        joint = log_joint(ratings, prior, confusion)
        top = joint.max(axis=1, keepdims=True)
        weight = np.exp(joint - top)
        posterior = weight / weight.sum(axis=1, keepdims=True)
        likelihood = float(np.sum((top[:, 0] + np.log(weight.sum(axis=1)))[answered]))
        with np.errstate(divide="ignore"):
            goal = likelihood + (smoothing * float(np.sum(np.log(confusion))) if smoothing else 0.0)
        converged = goal - best < tolerance * max(len(ratings.item), 1)
        best = goal
    label = np.argmax(posterior, axis=1).astype(np.int64)
    label[~answered] = NOBODY
    return Consensus("Dawid-Skene", label, posterior, prior, confusion, converged, rounds, likelihood)


def log_joint(ratings: Ratings, prior: Array, confusion: Array) -> Array:
    """Log probability of each class together with the item's answers: float64 [items, classes].

    A probability of 0 counts as e^-700 an answer, so that two infallible annotators who differ leave an item
    undecided rather than undefined.
    """
    least = 1e-304
    with np.errstate(divide="ignore"):
        told = np.log(np.maximum(confusion, least))
        joint = np.tile(np.log(np.maximum(prior, least)), (len(ratings.items), 1))
    np.add.at(joint, ratings.item, told[ratings.annotator, :, ratings.label])
    return joint


def _with_prior(counts: Array) -> Array:
    votes = counts.sum(axis=1, keepdims=True)
    common = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(votes > 0, counts / votes, common), dtype=np.float64)


def _tally(ratings: Ratings, posterior: Array) -> Array:
    """Expected answers [annotators, true class, class said]."""
    people, k = len(ratings.annotators), len(ratings.classes)
    tally = np.zeros((people, k, k))
    flat = ratings.annotator * k + ratings.label
    for true in range(k):
        sums = np.bincount(flat, weights=posterior[ratings.item, true], minlength=people * k)
        tally[:, true, :] = sums.reshape(people, k)
    return tally


def _rows(tally: Array) -> Array:
    """Rows that sum to one; where nothing is known, every class is as likely."""
    total = tally.sum(axis=-1, keepdims=True)
    k = tally.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, tally / total, 1.0 / k), dtype=np.float64)
