"""Linear and logistic regression with an elastic net penalty (Zou and Hastie, 2005).

Solved by accelerated proximal gradient steps (Beck and Teboulle, 2009) with restarts (O'Donoghue and
Candes, 2015): one smooth loop for both problems, which can be stopped at any step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.models.families import common, linear
from modelwright.models.families.common import Scale, Values
from modelwright.models.families.linear import LinearFitted, Loss, Solved
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
    Machine,
    OutOfTime,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)


def squared(y: Values, weights: Values) -> Loss:
    """Half the weighted mean of squared errors."""
    share = (weights / weights.sum())[:, None]
    target = y[:, None]

    def half(scores: Values) -> tuple[float, Values]:
        error = scores - target
        return float(0.5 * (share * error * error).sum()), share * error

    return half


def proximal(
    x: npt.NDArray[Any],
    outputs: int,
    loss: Loss,
    curvature: float,
    weights: Values,
    *,
    strength: float,
    l1_ratio: float,
    deadline: Deadline,
    watch: Watch,
    most: int = 600,
    tolerance: float = 1e-5,
    valid_loss: Callable[[Values, Values], float] | None = None,
) -> Solved:
    """Minimise mean loss + s (r |w|_1 + (1 - r)/2 |w|^2), bias free, where s is ``strength`` times the
    smallest penalty that sets every weight to zero, and r is ``l1_ratio``. ``curvature`` bounds the second
    derivative of the loss by score."""
    if deadline.passed():
        raise OutOfTime("the deadline had passed before the first step")
    m = x.shape[1]
    # The bias is a column of ones without a penalty; weights first.
    w, b = np.zeros((m, outputs)), np.zeros(outputs)

    def slopes(w: Values, b: Values) -> tuple[float, Values, Values]:
        value, slope = loss(np.asarray(x @ w.astype(x.dtype), dtype=np.float64) + b)
        return value, np.asarray(x.T @ slope.astype(x.dtype), dtype=np.float64), slope.sum(axis=0)

    share = weights / weights.sum()
    # Steps in units of each column's own size, so that rare categories do not slow the others down.
    squares = linear.column_squares(x)
    squares = (squares + 1e-4 * max(float(squares.max()), 1e-12))[:, None]
    spread = _largest_eigenvalue(x, share, np.sqrt(squares[:, 0]))
    # Where all weights are zero the best bias is not zero: settle it first, so that the strength is right.
    for _ in range(50):
        _, gradient, at_bias = slopes(w, b)
        b -= at_bias / curvature
        if np.abs(at_bias).max() < 1e-8:
            break
    penalty = strength * max(float(np.abs(gradient).max()), 1e-12) / max(l1_ratio, 1e-3)
    l1, l2 = penalty * l1_ratio, penalty * (1.0 - l1_ratio)
    step = 1.0 / (curvature * (spread + 1.0) * squares + l2)
    step_b = 1.0 / (curvature * (spread + 1.0))
    ahead_w, ahead_b, momentum = w, b, 1.0
    curve: list[tuple[int, float, float]] = []
    stopped = ""
    for number in range(1, most + 1):
        value, gradient, at_bias = slopes(ahead_w, ahead_b)
        target = ahead_w - step * (gradient + l2 * ahead_w)
        new_w = np.sign(target) * np.maximum(np.abs(target) - step * l1, 0.0)
        new_b = ahead_b - step_b * at_bias
        change_w, change_b = new_w - w, new_b - b
        if ((ahead_w - new_w) * change_w / step).sum() + ((ahead_b - new_b) * change_b).sum() / step_b > 0:
            momentum = 1.0
        following = 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * momentum * momentum))
        ahead_w = new_w + (momentum - 1.0) / following * change_w
        ahead_b = new_b + (momentum - 1.0) / following * change_b
        w, b, momentum = new_w, new_b, following
        at = math.nan
        if valid_loss is not None and (number % 20 == 0 or number == 1):
            at = valid_loss(w, b)
        curve.append((number, value, at))
        # Changes in units of the score that a column gives.
        moved = max(float(np.abs(change_w * np.sqrt(squares)).max()), float(np.abs(change_b).max()))
        if moved < tolerance * max(1.0, float(np.abs(w * np.sqrt(squares)).max())):
            break
        if watch(number, value, at):
            stopped = "watch"
        elif deadline.passed():
            stopped = "deadline"
        if stopped:
            break
    return Solved(w, b, curve, stopped)


def _largest_eigenvalue(x: npt.NDArray[Any], share: Values, size: Values) -> float:
    """Of (x / size)' diag(share) (x / size), by power iteration, a little raised to be safe as a bound."""
    # A start that is not symmetric, so that it is not orthogonal to the answer.
    vector = 1.0 + np.linspace(0.0, 0.1, x.shape[1])
    vector /= np.linalg.norm(vector)
    value = 1.0
    for _ in range(30):
        image = x @ (vector / size).astype(x.dtype)
        vector = np.asarray(x.T @ (image * share).astype(x.dtype), dtype=np.float64) / size
        value = float(np.linalg.norm(vector))
        if value == 0.0:
            return 1e-12
        vector /= value
    return 1.1 * value


class ElasticNet:
    name = "elastic_net"
    title = "Linear model with an elastic net"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, interpretable=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        cost = 0.1 + facts.rows * (facts.columns + 20) * max(1, task.classes - 1) * 1e-6
        return Suits("a linear model that leaves out the columns that say little", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return Space(
            ranges={"strength": Float(1e-5, 0.5, log=True), "l1_ratio": Float(0.02, 1.0)},
            starts=(
                {"strength": 1e-3, "l1_ratio": 0.5},
                {"strength": 0.01, "l1_ratio": 0.9},
                {"strength": 1e-4, "l1_ratio": 0.1},
            ),
        )

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> Fitted:
        """``config``: ``strength`` as a share of the penalty that empties the model, and ``l1_ratio``."""
        common.check(task, train, dense=True)
        weights = common.unit_weights(train)
        scale = Scale(0.0, 1.0)
        if task.problem == "regression":
            scale = Scale.of(train.y, weights)
            loss, curvature, outputs = squared(scale.apply(train.y), weights), 1.0, 1
        else:
            loss = linear.log_loss(task, train.y, weights)
            outputs, curvature = (1, 0.25) if task.problem == "binary" else (task.classes, 0.5)
        with common.blas_threads(1):
            solved = proximal(
                linear.working(train.x),
                outputs,
                loss,
                curvature,
                weights,
                strength=float(config.get("strength", 1e-3)),
                l1_ratio=float(config.get("l1_ratio", 0.5)),
                deadline=deadline,
                watch=watch,
                valid_loss=linear.valid_log_loss(task, valid) if task.problem != "regression" else None,
            )
        w, b = linear.with_absent(task, train.y, solved)
        return LinearFitted(
            task, w, b, scale, len(solved.curve), common.thinned(solved.curve), solved.stopped
        )


FAMILY = ElasticNet()
