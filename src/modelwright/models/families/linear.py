"""Linear scores: the losses, the solver that can be stopped, and the fitted form of every linear family."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.family import Deadline, OutOfTime, Rows, Task, Watch

BOUND = 1e5
"""Dense inputs beyond this many deviations are brought to it: an absurd value must not decide by overflow."""

Loss = Callable[[Values], tuple[float, Values]]
"""Of scores float64 [n, k]: the mean loss and its gradient by score [n, k]."""


def bounded(x: Matrix) -> Matrix:
    return np.clip(x, -BOUND, BOUND)


@dataclass(slots=True)
class LinearFitted:
    """Scores ``x @ weights + bias`` with their link. Binary: one column, sigmoid; multiclass: softmax;
    regression: ``scale``."""

    task: Task
    weights: Values
    bias: Values
    scale: Scale
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict(self, x: Matrix) -> Values:
        scores = bounded(x).astype(np.float64) @ self.weights + self.bias
        if self.task.problem == "binary":
            return layers.pair_values(scores)
        if self.task.problem == "multiclass":
            return layers.softmax_values(scores)
        return self.scale.back(scores)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        x = layers.clip(graph, x, -BOUND, BOUND)
        if self.task.problem == "binary":
            both = np.hstack([-self.weights, self.weights])
            return graph.node("Sigmoid", [layers.gemm(graph, x, both, np.hstack([-self.bias, self.bias]))])
        if self.task.problem == "multiclass":
            return layers.softmax(graph, layers.gemm(graph, x, self.weights, self.bias))
        weights = self.weights * self.scale.deviation
        return layers.gemm(graph, x, weights, self.scale.back(self.bias))


def log_loss(task: Task, y: npt.NDArray[Any], weights: Values) -> Loss:
    """Weighted mean log loss: logistic on one score, or softmax on one a class."""
    share = (weights / weights.sum())[:, None]
    if task.problem == "binary":
        sign = np.where(y == 1, 1.0, -1.0)[:, None]

        def binary(scores: Values) -> tuple[float, Values]:
            margin = sign * scores
            small = np.exp(-np.abs(margin))
            value = np.log1p(small) + np.maximum(-margin, 0.0)
            wrong = np.where(margin >= 0, small, 1.0) / (1.0 + small)
            return float((share * value).sum()), -share * sign * wrong

        return binary
    target = common.one_hot(y, task.classes)
    present = target.any(axis=0)

    def several(scores: Values) -> tuple[float, Values]:
        scores = np.where(present, scores, -np.inf)
        scores = scores - scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        total = e.sum(axis=1, keepdims=True)
        value = np.log(total) - np.where(target > 0, scores, 0.0).sum(axis=1, keepdims=True)
        return float((share * value).sum()), share * (e / total - target)

    return several


@dataclass(slots=True)
class Solved:
    weights: Values
    bias: Values
    curve: list[tuple[int, float, float]]
    stopped: str


def working(x: Matrix) -> npt.NDArray[Any]:
    """Small matrices in float64; large ones stay float32, where sums are still taken in float64."""
    x = bounded(x)
    return x.astype(np.float64) if x.size <= 20_000_000 else x


def column_squares(x: npt.NDArray[Any]) -> Values:
    """The mean square of each column, float64 [m]."""
    return np.asarray(np.einsum("ij,ij->j", x, x, dtype=np.float64) / len(x))


def solve(
    x: npt.NDArray[Any],
    outputs: int,
    loss: Loss,
    l2: float,
    *,
    deadline: Deadline,
    watch: Watch,
    most: int = 300,
    valid_loss: Callable[[Values, Values], float] | None = None,
) -> Solved:
    """Minimise mean loss + l2/2 * |weights|^2 (bias free) by L-BFGS (Liu and Nocedal, 1989), stopping at the
    deadline or when the watch says so. A smooth convex problem: the start does not matter."""
    if deadline.passed():
        raise OutOfTime("the deadline had passed before the first step")
    _, m = x.shape
    # In units of each column's own size, rare categories do not slow the others down (Jacobi's scaling).
    size = np.sqrt(column_squares(x) + l2 + 1e-6)[:, None]
    curve: list[tuple[int, float, float]] = []
    stopped = ""

    def objective(flat: Values) -> tuple[float, Values]:
        w, b = flat[: m * outputs].reshape(m, outputs) / size, flat[m * outputs :]
        value, slope = loss(np.asarray(x @ w.astype(x.dtype), dtype=np.float64) + b)
        gradient = np.asarray(x.T @ slope.astype(x.dtype), dtype=np.float64) + l2 * w
        inner = (gradient / size).ravel()
        return value + 0.5 * l2 * float((w * w).sum()), np.concatenate([inner, slope.sum(axis=0)])

    def each(intermediate_result: Any) -> None:
        nonlocal stopped
        step = len(curve) + 1
        flat = intermediate_result.x
        at = math.nan
        if valid_loss is not None and (step % 10 == 0 or step == 1):
            at = valid_loss(flat[: m * outputs].reshape(m, outputs) / size, flat[m * outputs :])
        curve.append((step, float(intermediate_result.fun), at))
        if watch(*curve[-1]):
            stopped = "watch"
        elif deadline.passed():
            stopped = "deadline"
        if stopped:
            raise StopIteration

    from scipy.optimize import minimize

    result = minimize(
        objective,
        np.zeros((m + 1) * outputs),
        jac=True,
        method="L-BFGS-B",
        callback=each,
        options={"maxiter": most, "maxcor": 20, "gtol": 1e-5, "ftol": 1e-8, "maxfun": 4 * most},
    )
    flat = np.asarray(result.x, dtype=np.float64)
    return Solved(flat[: m * outputs].reshape(m, outputs) / size, flat[m * outputs :], curve, stopped)


def with_absent(task: Task, y: npt.NDArray[Any], solved: Solved) -> tuple[Values, Values]:
    """Weights and bias where classes without a training row can never be predicted."""
    weights, bias = solved.weights.copy(), solved.bias.copy()
    if task.problem == "multiclass":
        absent = np.bincount(y, minlength=task.classes) == 0
        weights[:, absent] = 0.0
        bias -= bias[~absent].mean()
        bias[absent] = layers.ABSENT
    return weights, bias


def valid_log_loss(task: Task, valid: Rows | None) -> Callable[[Values, Values], float] | None:
    """The log loss on validation rows as a function of weights and bias, for curves; None without rows."""
    if valid is None:
        return None
    measure = log_loss(task, valid.y, common.unit_weights(valid))
    x = bounded(valid.x).astype(np.float64)
    return lambda w, b: measure(x @ w + b)[0]
