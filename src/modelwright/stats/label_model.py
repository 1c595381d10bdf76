"""Labels from rules that are often right, seldom speak, and contradict each other: a generative model.

After Ratner et al. (2017), Snorkel: Rapid Training Data Creation with Weak Supervision, and Ratner et al.
(2019), Training Complex Models with Multi-Task Weak Supervision: each rule votes for a class or abstains,
independently of the others given the true class, and is right with an accuracy of its own. Nobody says how
good the rules are: how often they agree with each other does, and so do rows whose label is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

ABSTAIN = -1
PRIOR_RIGHT, PRIOR_WRONG = 7.0, 3.0
"""What is thought of a rule before it is compared with others: votes right and wrong."""
MOST_ROUNDS = 500
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class LabelModel:
    """How good each rule is."""

    accuracy: Array
    """float64 [rules]: the probability that a vote is right."""
    votes: Codes
    """int64 [rules]: votes on rows where another rule voted too or the label is known; only these say how
    good the rule is. With none the accuracy is what was thought before."""
    balance: Array
    """float64 [classes]: how common the classes are taken to be."""
    converged: bool
    rounds: int

    def posterior(self, votes: Codes) -> Array:
        """Probability of each class, float64 [n, classes], from ``votes`` int64 [n, rules]; the balance where
        every rule abstains."""
        return _posterior(votes, self.accuracy, self.balance)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What can be said of a rule without knowing the truth. Shares are of all rows."""

    votes: int
    coverage: float
    """Share of rows where it votes."""
    overlaps: float
    """Share of rows where it and another rule vote."""
    conflicts: float
    """Share of rows where another rule votes for another class."""
    right: int
    judged: int
    """Votes on rows whose label is known, and how many of them agree with it."""


def fit(votes: Codes, classes: int, known: Codes | None = None, balance: Array | None = None) -> LabelModel:
    """The rules' accuracies by EM.

    ``votes`` int64 [n, rules], the class voted for or ``ABSTAIN``; ``known`` int64 [n], the label where it
    is known, else negative; ``balance`` [classes], by default that of the known labels where there are at
    least 20 of every class, else even. Rows with a single vote and no label say nothing of accuracies and
    are left out. The optimum is local, begun at rules that are right seven times in ten. Raises ValueError
    for fewer than two classes.
    """
    if classes < 2:
        raise ValueError("a label model needs at least two classes")
    n, rules = votes.shape
    label = np.full(n, -1, dtype=np.int64) if known is None else known
    if balance is None:
        counts = np.bincount(label[label >= 0], minlength=classes).astype(np.float64)
        balance = counts / counts.sum() if counts.min() >= 20 else np.full(classes, 1.0 / classes)
    voted = votes != ABSTAIN
    told = voted.any(axis=1) & ((voted.sum(axis=1) >= 2) | (label >= 0))
    # Rows with the same votes and label are one pattern, counted.
    patterns, count = np.unique(np.column_stack([votes[told], label[told]]), axis=0, return_counts=True)
    seen, truth = patterns[:, :-1], patterns[:, -1]
    spoke = seen != ABSTAIN
    total = (spoke * count[:, None]).sum(axis=0)
    accuracy = np.full(rules, PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG))
    rounds, converged = 0, False
    while rounds < MOST_ROUNDS and not converged:
        rounds += 1
        chance = _posterior(seen, accuracy, balance)
        fixed = truth >= 0
        chance[fixed] = np.eye(classes)[truth[fixed]]
        right = np.take_along_axis(chance, np.maximum(seen, 0), axis=1) * spoke
        now = ((right * count[:, None]).sum(axis=0) + PRIOR_RIGHT) / (total + PRIOR_RIGHT + PRIOR_WRONG)
        converged = bool(np.max(np.abs(now - accuracy), initial=0.0) < TOLERANCE)
        accuracy = now
    return LabelModel(accuracy, total.astype(np.int64), balance, converged, rounds)


def facts(votes: Codes, known: Codes | None = None) -> tuple[RuleFacts, ...]:
    """Coverage, overlaps and conflicts of each rule, and how it stands to the known labels."""
    n = max(len(votes), 1)
    voted = votes != ABSTAIN
    found = []
    for rule in range(votes.shape[1]):
        own = voted[:, rule]
        others = np.delete(votes, rule, axis=1)
        spoke = others != ABSTAIN
        against = spoke & (others != votes[:, [rule]])
        judged = own & (known >= 0) if known is not None else np.zeros(len(votes), dtype=bool)
        right = judged & (votes[:, rule] == known) if known is not None else judged
        found.append(
            RuleFacts(
                int(own.sum()),
                float(own.sum()) / n,
                float((own & spoke.any(axis=1)).sum()) / n,
                float((own & against.any(axis=1)).sum()) / n,
                int(right.sum()),
                int(judged.sum()),
            )
        )
    return tuple(found)


def _posterior(votes: Codes, accuracy: Array, balance: Array) -> Array:
    classes = len(balance)
    with np.errstate(divide="ignore"):
        joint = np.tile(np.log(balance), (len(votes), 1))
        yes, no = np.log(accuracy), np.log((1.0 - accuracy) / (classes - 1))
    for rule in range(votes.shape[1]):
        spoke = np.flatnonzero(votes[:, rule] != ABSTAIN)
        joint[spoke] += no[rule]
        joint[spoke, votes[spoke, rule]] += yes[rule] - no[rule]
    joint -= joint.max(axis=1, keepdims=True)
    weight = np.exp(joint)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)
