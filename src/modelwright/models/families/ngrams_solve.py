"""What the forms of ``ngrams`` learn from their rows: weights of each class against all others, and the link
that makes probabilities of their scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from modelwright.graph import layers
from modelwright.models.families import linear
from modelwright.models.families.common import Values
from modelwright.models.families.ngrams_fitted import unit, valued
from modelwright.models.family import Deadline, OutOfTime, Task

PARTS = 3
"""Parts of the training rows that are held out in turn for the link."""
MARGINS = ("tfidf", "presence", "nb-unit")
"""Forms that are solved as support vector machines, on the features as they are."""
BESIDE = 0.3
"""What a column of other kinds, of deviation 1, weighs beside a row of grams of length 1."""


def log_ratios(presence: Any, positive: npt.NDArray[np.bool_], weights: Values, alpha: float) -> Values:
    """float64 [m]: log of how much likelier each column is among the positive rows than among the others,
    smoothed by ``alpha`` (Wang and Manning, 2012)."""
    p = alpha + np.asarray(presence.T @ (weights * positive)).ravel()
    q = alpha + np.asarray(presence.T @ (weights * ~positive)).ravel()
    return np.asarray(np.log(p / p.sum()) - np.log(q / q.sum()))


@dataclass(frozen=True, slots=True)
class Learner:
    """One form with its settings. ``presence`` csr [n, m], ``features`` csr [n, m] are the same grams; what a
    form learns of the classes before it solves (log ratios, scales) it learns of the same rows."""

    task: Task
    form: str
    c: float
    alpha: float
    seed: int

    def scores(self, presence: Any, features: Any, x: Values, y: npt.NDArray[Any], weights: Values) -> Solved:
        outputs = 1 if self.task.problem != "multiclass" else self.task.classes
        classes = [y == (1 if outputs == 1 else code) for code in range(outputs)]
        scales = None
        if self.form == "nb-unit":
            ratios = [
                np.abs(log_ratios(presence, positive, weights, self.alpha))
                for positive in classes
                if positive.any() and not positive.all()
            ]
            scales = np.max([np.zeros(features.shape[1]), *ratios], axis=0)
            scales = np.asarray(scales.astype(np.float32), dtype=np.float64)  # as the graph holds them
            features = unit(valued(presence, scales, counted=False))
        made = [self._one(presence, features, x, positive, weights) for positive in classes]
        return Solved(
            np.column_stack([one[0] for one in made]),
            np.column_stack([one[1] for one in made]),
            np.array([one[2] for one in made]),
            scales,
        )

    def _one(
        self, presence: Any, features: Any, x: Values, positive: npt.NDArray[np.bool_], weights: Values
    ) -> tuple[Values, Values, float]:
        """Weights of grams and of other columns, and bias, of one class against all others."""
        m, beside = features.shape[1], x.shape[1]
        if positive.all() or not positive.any():
            return np.zeros(m), np.zeros(beside), 10.0 if positive.all() else -10.0
        ratio = np.ones(m) if self.form in MARGINS else log_ratios(presence, positive, weights, self.alpha)
        if self.form == "nb":
            share = float(weights[positive].sum() / weights.sum())
            return ratio, np.zeros(beside), math.log(share / (1.0 - share))
        made = features if self.form in MARGINS else features.multiply(ratio).tocsr()
        if beside:
            made = sparse.hstack([made, sparse.csr_matrix(BESIDE * x)]).tocsr()
        solver = self._solver()
        solver.fit(made, positive, sample_weight=weights)
        found = np.asarray(solver.coef_, dtype=np.float64).ravel()
        return found[:m] * ratio, found[m:] * BESIDE, float(solver.intercept_[0])

    def _solver(self) -> Any:
        if self.form in MARGINS:
            from sklearn.svm import LinearSVC

            return LinearSVC(C=self.c, dual=True, random_state=self.seed, max_iter=2000)
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=self.c, solver="liblinear", dual=True, random_state=self.seed, max_iter=2000
        )


@dataclass(frozen=True, slots=True)
class Solved:
    """``grams`` [m, k], ``beside`` [columns of x, k], ``bias`` [k]; ``scales`` [m] where what a gram is worth
    in a row of length 1 was learned with them."""

    grams: Values
    beside: Values
    bias: Values
    scales: Values | None = None

    def of(self, features: Any, x: Values) -> Values:
        """Scores [n, k] of rows like those that it was learned of."""
        if self.scales is not None:
            features = unit(valued(features, self.scales, counted=False))
        return np.asarray(features @ self.grams + x @ self.beside + self.bias)


def _link(
    task: Task, scores: Values, x: Values, y: npt.NDArray[Any], weights: Values
) -> tuple[float, Values, Values]:
    """Scale, weights of ``x`` [c, k] and offsets [k] that make scores of held-out rows log odds: the least
    log loss, with a light pull of the weights to zero."""
    from scipy.optimize import minimize

    k, c = scores.shape[1], x.shape[1]
    measure = linear.log_loss(task, y, weights)
    unit = max(float(np.abs(scores).mean()), 1e-9)
    s = scores / unit

    def objective(flat: Values) -> tuple[float, Values]:
        v, b = flat[1 : 1 + c * k].reshape(c, k), flat[1 + c * k :]
        value, slope = measure(flat[0] * s + x @ v + b)
        pull = 1.0 / len(y)
        gradient = np.concatenate(
            [[float((slope * s).sum())], (x.T @ slope + pull * v).ravel(), slope.sum(axis=0)]
        )
        return value + 0.5 * pull * float((v * v).sum()), gradient

    start = np.zeros(1 + c * k + k)
    start[0] = 1.0
    bounds = [(0.0, None)] + [(None, None)] * (len(start) - 1)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]) / unit, found[1 : 1 + c * k].reshape(c, k), found[1 + c * k :]


def linked(
    learner: Learner, features: Any, x: Values, y: npt.NDArray[Any], weights: Values, deadline: Deadline
) -> Solved:
    """Learned on all rows, with the link of scores that were made for each third of them by the others."""
    presence = features.astype(bool).astype(np.float64)
    solved = learner.scores(presence, features, x, y, weights)
    part = np.empty(len(y), dtype=np.int64)
    for code in np.unique(y):  # each class is dealt out in turn, in an order drawn from the seed
        rows = np.random.default_rng(learner.seed).permutation(np.flatnonzero(y == code))
        part[rows] = np.arange(len(rows)) % PARTS
    held = np.zeros((len(y), solved.bias.size))
    for one in range(PARTS):
        if deadline.passed():
            raise OutOfTime("the deadline passed before the scores were calibrated")
        here = part != one
        if len(np.unique(y[here])) < 2 or not (~here).any():
            held[~here] = solved.of(features[~here], x[~here])
            continue
        found = learner.scores(presence[here], features[here], x[here], y[here], weights[here])
        held[~here] = found.of(features[~here], x[~here])
    slope, beside, offset = _link(learner.task, held, x, y, weights)
    bias = slope * solved.bias + offset
    if learner.task.problem == "multiclass":
        absent = np.bincount(y, minlength=learner.task.classes) == 0
        bias = np.where(absent, layers.ABSENT, bias - bias[~absent].mean())
    return Solved(slope * solved.grams, slope * solved.beside + beside, bias, solved.scales)


def ridge(features: Any, x: Values, y: Values, weights: Values, c: float, deadline: Deadline) -> Solved:
    """Least squares with penalty |w|^2 / c, of numbers that have mean 0."""
    from sklearn.linear_model import Ridge

    made = sparse.hstack([features, sparse.csr_matrix(BESIDE * x)]).tocsr() if x.shape[1] else features
    solver = Ridge(alpha=1.0 / c, solver="sparse_cg", tol=1e-6).fit(made, y, sample_weight=weights)
    found = np.asarray(solver.coef_, dtype=np.float64)[:, None]
    m = features.shape[1]
    return Solved(found[:m], found[m:] * BESIDE, np.array([float(solver.intercept_)]))
