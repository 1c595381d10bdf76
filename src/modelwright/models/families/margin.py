"""Machines with a margin, shared by the linear and the RBF one: squared hinge, and Platt's scaling.

Squared hinge and squared epsilon-insensitive losses are smooth, so that the one solver of linear.py does
(Fan et al., LIBLINEAR, JMLR 9, 2008). Scores become probabilities by a sigmoid (Platt, 1999) or a softmax
with one slope, settled on rows of the training part that the scores were not fitted on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from modelwright.models.families import common, linear
from modelwright.models.families.common import Values
from modelwright.models.families.linear import Loss, Solved
from modelwright.models.family import Deadline, Task, Watch, never_stop

FOLDED = 3000
"""Up to so many rows, scores for Platt's scaling come from three folds; beyond, from a quarter held out."""


def hinge(task: Task, y: npt.NDArray[Any], weights: Values) -> Loss:
    """Weighted mean of squared hinge losses, one score a class against the rest (one score for two)."""
    share = (weights / weights.sum())[:, None]
    if task.problem == "binary":
        sign = np.where(y == 1, 1.0, -1.0)[:, None]
    else:
        sign = 2.0 * common.one_hot(y, task.classes) - 1.0

    def squared(scores: Values) -> tuple[float, Values]:
        short = np.maximum(1.0 - sign * scores, 0.0)
        return float((share * short * short).sum()), -2.0 * share * sign * short

    return squared


def tube(y: Values, weights: Values, epsilon: float) -> Loss:
    """Weighted mean of squared distances from a tube of half width ``epsilon`` around the target."""
    share = (weights / weights.sum())[:, None]
    target = y[:, None]

    def squared(scores: Values) -> tuple[float, Values]:
        error = scores - target
        out = np.maximum(np.abs(error) - epsilon, 0.0)
        return float((share * out * out).sum()), 2.0 * share * out * np.sign(error)

    return squared


def classify(
    task: Task,
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    weights: Values,
    c: float,
    *,
    seed: int,
    deadline: Deadline,
    watch: Watch,
) -> Solved:
    """A calibrated machine: weights and bias of scores whose sigmoid (or softmax) is a probability."""
    outputs = 1 if task.problem == "binary" else task.classes

    def machine(rows: npt.NDArray[np.int64], watching: Watch) -> Solved:
        return linear.solve(
            x[rows],
            outputs,
            hinge(task, y[rows], weights[rows]),
            1.0 / (c * len(rows)),
            deadline=deadline,
            watch=watching,
        )

    parts = _parts(y, seed)
    held, scores = [], []
    for part in parts:
        solved = machine(np.setdiff1d(np.arange(len(y)), part), never_stop)
        held.append(part)
        scores.append(np.asarray(x[part] @ solved.weights.astype(x.dtype), dtype=np.float64) + solved.bias)
    rows = np.concatenate(held)
    slope, shift = platt(task, np.concatenate(scores), y[rows], weights[rows])
    final = machine(np.arange(len(y)), watch)
    return Solved(final.weights * slope, final.bias * slope + shift, final.curve, final.stopped)


def _parts(y: npt.NDArray[Any], seed: int) -> list[npt.NDArray[np.int64]]:
    """Rows to score, each class spread evenly over three folds, or a quarter of them."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    if len(y) <= FOLDED:
        return [np.sort(order[k::3]) for k in range(3)]
    return [np.sort(order[::4])]


def platt(task: Task, scores: Values, y: npt.NDArray[Any], weights: Values) -> tuple[float, Values]:
    """Slope and shift so that the link of ``slope * scores + shift`` has the least log loss; a small penalty
    keeps the slope finite where the scores tell the classes apart without error."""
    loss = linear.log_loss(task, y, weights)
    penalty = 1.0 / len(y)

    def objective(flat: Values) -> tuple[float, Values]:
        value, slope = loss(flat[0] * scores + flat[1:])
        gradient = np.concatenate([[(slope * scores).sum()], slope.sum(axis=0)])
        gradient[0] += 2e-2 * penalty * flat[0]
        gradient[1:] += 2 * penalty * flat[1:] * 1e-2
        return value + 1e-2 * penalty * float((flat * flat).sum()), gradient

    start = np.concatenate([[1.0], np.zeros(scores.shape[1])])
    result = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return float(result.x[0]), np.asarray(result.x[1:], dtype=np.float64)
