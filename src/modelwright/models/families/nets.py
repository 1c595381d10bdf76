"""What the nets share: targets with their loss and its slope, prior scores, and Adam on one flat vector."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.models.families import common
from modelwright.models.families.common import Matrix, Scale, Values
from modelwright.models.family import Rows, Task

DECAY_EVERY = 8
"""Steps between two decays, each for so many: the same shrinking for fewer passes over memory."""


def prior(task: Task, train: Rows, weights: Values) -> Values:
    """Scores of the class frequencies, so that the first epochs need not find them."""
    if task.problem == "regression":
        return np.zeros(1)
    count = np.bincount(train.y, weights=weights, minlength=task.classes) + 0.1
    logs = np.log(count / count.sum())
    return np.asarray(logs[1:] - logs[:1] if task.problem == "binary" else logs)


def answer(task: Task, scores: Values, scale: Scale) -> Values:
    """Probabilities [n, classes] or values [n, 1] from scores."""
    if task.problem == "binary":
        return layers.pair_values(scores)
    if task.problem == "multiclass":
        return layers.softmax_values(scores)
    return scale.back(scores)


class Targets:
    """The targets of one fit and their weights; the loss with its slope for each batch of rows."""

    def __init__(self, task: Task, rows: Rows, scale: Scale) -> None:
        self.weights = common.unit_weights(rows).astype(np.float32)
        self.binary, self.classes = task.problem == "binary", task.problem != "regression"
        if task.problem == "multiclass":
            self.target = common.one_hot(rows.y, task.classes).astype(np.float32)
        else:
            values = scale.apply(rows.y) if task.problem == "regression" else rows.y
            self.target = values.astype(np.float32)[:, None]

    def slope_of(self, rows: npt.NDArray[np.int64]) -> Callable[[Matrix], tuple[float, Matrix]]:
        """From scores [len(rows), outputs] to (mean loss, its slope): log loss, or half the squared error."""
        target, share = self.target[rows], (self.weights[rows] / len(rows))[:, None]

        def slope(scores: Matrix) -> tuple[float, Matrix]:
            if self.binary:
                p = 0.5 * (1.0 + np.tanh(0.5 * scores))
                value = np.logaddexp(0.0, scores) - target * scores
            elif self.classes:
                scores = scores - scores.max(axis=1, keepdims=True)
                e = np.exp(scores)
                total = e.sum(axis=1, keepdims=True)
                p = e / total
                value = np.log(total) - (target * scores).sum(axis=1, keepdims=True)
            else:
                p = scores
                value = 0.5 * (scores - target) ** 2
            return float((share * value).sum()), (share * (p - target)).astype(np.float32)

        return slope


class Adam:
    """AdamW (Loshchilov and Hutter, 2019) on one flat vector, each weight with its own rate and decay.

    ``rates`` multiply the step, ``decays`` the decay; both may be None (all one).
    """

    def __init__(
        self, flat: Matrix, slope: Matrix, rates: Matrix | None, decays: Matrix, decay: float, second: float
    ) -> None:
        self.flat, self.slope, self.rates, self.decays, self.decay = flat, slope, rates, decays, decay
        self.keep = second
        self.first, self.second, self.work = (np.zeros_like(flat) for _ in range(3))
        self.steps = 0

    def step(self, rate: float) -> None:
        """One step down ``slope``, which is used up."""
        self.steps += 1
        slope, work = self.slope, self.work
        # The sums are kept without their factors, which are put into the step: fewer passes over memory.
        self.first *= np.float32(0.9)
        self.first += slope
        slope *= slope
        self.second *= np.float32(self.keep)
        self.second += slope
        np.sqrt(self.second, out=work)
        root = math.sqrt((1.0 - self.keep) / (1.0 - self.keep**self.steps))
        work += np.float32(1e-8 / root)
        np.divide(self.first, work, out=work)
        work *= np.float32(0.1 * rate / (1.0 - 0.9**self.steps) / root)
        if self.rates is not None:
            work *= self.rates
        self.flat -= work
        if self.decay > 0.0 and self.steps % DECAY_EVERY == 0:
            np.multiply(self.flat, self.decays, out=work)
            work *= np.float32(DECAY_EVERY * rate * self.decay)
            self.flat -= work


def masks_of(rng: np.random.Generator, cells: int, dropout: float) -> Any:
    """A bank of ``cells`` dropout factors float32: 0, or 1 / (1 - dropout)."""
    # Bytes are many times quicker to draw than numbers; dropout is kept to a 256th.
    drawn = np.frombuffer(rng.bytes(cells), dtype=np.uint8)
    off = round(256 * dropout)
    return (drawn >= off) * np.float32(256.0 / (256.0 - off))
