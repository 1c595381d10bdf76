"""A multilayer perceptron for tables, in numpy: rectified layers, dropout, AdamW.

He initialisation (He et al., 2015), dropout (Srivastava et al., 2014), AdamW (Loshchilov and Hutter, 2019).
With validation rows the step shrinks when the loss stops falling, and the best weights seen are kept; without
them the step follows a cosine over a set number of epochs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.families.nets import Targets, answer, prior
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Fitted,
    Float,
    Int,
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

FAR = 30.0
"""Inputs are brought within so many deviations: a net knows nothing of what lies beyond."""
MOST_EPOCHS = 200
PATIENCE = 5
SHRINKS = 3
"""How often the step is divided by four after ``PATIENCE`` epochs without a better loss."""


class Net:
    """Weights of all layers in one float32 vector ``flat``, with a view for each layer."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        count = sum(a * b + b for a, b in pairwise(sizes))
        self.flat = np.zeros(count, dtype=np.float32)
        self.slope = np.zeros(count, dtype=np.float32)
        self.decays = np.zeros(count, dtype=np.float32)
        self.layers = list(self._views(self.flat))
        self.slopes = list(self._views(self.slope))
        for weights, _ in self._views(self.decays):
            weights[:] = 1.0

    def _views(self, vector: Matrix) -> Iterator[tuple[Matrix, Matrix]]:
        start = 0
        for a, b in pairwise(self.sizes):
            yield vector[start : start + a * b].reshape(a, b), vector[start + a * b : start + a * b + b]
            start += a * b + b

    def initialise(self, rng: np.random.Generator, bias: Values) -> None:
        """Normal weights of variance 2 / fan-in; a last layer close to zero around ``bias``."""
        for number, (weights, _) in enumerate(self.layers):
            spread = math.sqrt(2.0 / weights.shape[0]) * (0.1 if number == len(self.layers) - 1 else 1.0)
            weights[:] = spread * rng.standard_normal(weights.shape, dtype=np.float32)
        self.layers[-1][1][:] = bias

    def scores(self, x: Matrix) -> Matrix:
        for number, (weights, bias) in enumerate(self.layers):
            x = x @ weights
            x += bias
            if number < len(self.layers) - 1:
                np.maximum(x, 0.0, out=x)
        return x

    def backward(self, x: Matrix, slope_of: Any, dropout: float, rng: np.random.Generator) -> float:
        """One pass forward and back over a batch; fills ``slope``; returns the batch's loss."""
        inputs = [x]
        last = len(self.layers) - 1
        for number, (weights, bias) in enumerate(self.layers):
            x = x @ weights
            x += bias
            if number < last:
                np.maximum(x, 0.0, out=x)
                if dropout > 0.0:
                    kept = rng.random(x.shape, dtype=np.float32) >= dropout
                    x *= kept
                    x *= np.float32(1.0 / (1.0 - dropout))
                inputs.append(x)
        loss, down = slope_of(x)
        for number in range(last, -1, -1):
            weights_slope, bias_slope = self.slopes[number]
            np.matmul(inputs[number].T, down, out=weights_slope)
            down.sum(axis=0, out=bias_slope)
            if number:
                down = down @ self.layers[number][0].T
                # Zero where the unit was off or dropped; the scale of what was kept.
                down *= inputs[number] > 0
                if dropout > 0.0:
                    down *= np.float32(1.0 / (1.0 - dropout))
        return float(loss)


class AdamW:
    def __init__(self, net: Net, decay: float) -> None:
        self.net = net
        self.decay = decay
        self.first = np.zeros_like(net.flat)
        self.second = np.zeros_like(net.flat)
        self.steps = 0

    def step(self, rate: float) -> None:
        self.steps += 1
        slope = self.net.slope
        self.first *= 0.9
        self.first += np.float32(0.1) * slope
        self.second *= np.float32(0.999)
        slope *= slope
        self.second += np.float32(0.001) * slope
        root = np.sqrt(self.second)
        root *= np.float32(1.0 / math.sqrt(1.0 - 0.999**self.steps))
        root += np.float32(1e-8)
        np.divide(self.first, root, out=root)
        root *= np.float32(rate / (1.0 - 0.9**self.steps))
        if self.decay > 0.0:
            self.net.flat -= np.float32(rate * self.decay) * self.net.decays * self.net.flat
        self.net.flat -= root


@dataclass(slots=True)
class MlpFitted:
    task: Task
    layers: list[tuple[Matrix, Matrix]]
    scale: Scale
    rounds: int
    curve: Curve
    stopped: str

    def predict(self, x: Matrix) -> Values:
        x = np.clip(x, -FAR, FAR)
        for number, (weights, bias) in enumerate(self.layers):
            x = x @ weights + bias
            if number < len(self.layers) - 1:
                x = np.maximum(x, 0.0)
        return answer(self.task, x.astype(np.float64), self.scale)

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        x = layers.clip(graph, x, -FAR, FAR)
        for weights, bias in self.layers[:-1]:
            x = graph.node("Relu", [layers.gemm(graph, x, weights, bias)])
        weights, bias = self.layers[-1]
        if self.task.problem == "binary":
            both = layers.gemm(graph, x, np.hstack([-weights, weights]), np.hstack([-bias, bias]))
            return graph.node("Sigmoid", [both])
        scores = layers.gemm(graph, x, weights, bias)
        if self.task.problem == "multiclass":
            return layers.softmax(graph, scores)
        return layers.affine(graph, scores, self.scale.deviation, self.scale.mean)


class _Batches(Targets):
    """The rows of one fit in shuffled batches."""

    def __init__(self, task: Task, rows: Rows, scale: Scale, size: int) -> None:
        super().__init__(task, rows, scale)
        self.x = np.ascontiguousarray(np.clip(rows.x, -FAR, FAR))
        self.size = size

    def each(self, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
        order = rng.permutation(len(self.x))
        for start in range(0, len(order), self.size):
            yield order[start : start + self.size]


class Mlp:
    name = "mlp"
    title = "Multilayer perceptron"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, gradient=True, rounds=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        if facts.rows < 50:
            return Declines(f"{facts.rows} rows are too few to train a net (at least 50)")
        cost = 0.3 + facts.rows * (facts.columns + 200) * 8e-7 / max(1, machine.cores) ** 0.5
        return Suits("smooth interactions that trees cannot draw; adds to an ensemble", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {"width": 128, "layers": 2, "dropout": 0.1, "learning_rate": 1e-3, "decay": 0.01, "batch": 128}
        if facts.rows > 20_000:
            base["batch"] = 256
        elif facts.rows < 2_000:
            base["batch"] = 32
        return Space(
            ranges={
                "width": Int(16, 512, log=True),
                "layers": Int(1, 3),
                "dropout": Float(0.0, 0.5),
                "learning_rate": Float(3e-4, 1e-2, log=True),
                "decay": Float(1e-4, 1.0, log=True),
                "batch": Int(32, 512, log=True),
            },
            starts=(
                base,
                {**base, "width": 256, "dropout": 0.3, "decay": 0.1},
                {**base, "width": 64, "layers": 1, "dropout": 0.0, "learning_rate": 3e-3},
                {**base, "width": 256, "layers": 3, "dropout": 0.05},
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
        """Epochs of shuffled batches. ``config["rounds"]`` makes exactly that many."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the first epoch")
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights) if task.problem == "regression" else Scale(0.0, 1.0)
        outputs = task.classes if task.problem == "multiclass" else 1
        net = Net((train.x.shape[1], *([int(c["width"])] * int(c["layers"])), outputs))
        rng = np.random.default_rng(seed)
        net.initialise(rng, prior(task, train, weights))
        with common.blas_threads(1):
            training = _Training(task, train, valid, scale, net, c, rng, deadline, watch)
            training.run()
        return MlpFitted(
            task,
            [(w.copy(), b.copy()) for w, b in net.layers],
            scale,
            training.best,
            common.thinned(training.curve),
            training.stopped,
        )


class _Training:
    """The epochs of one fit: step size, best weights, and why it ended."""

    def __init__(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        scale: Scale,
        net: Net,
        c: dict[str, Any],
        rng: np.random.Generator,
        deadline: Deadline,
        watch: Watch,
    ) -> None:
        self.task, self.valid, self.scale, self.net = task, valid, scale, net
        self.rng, self.deadline, self.watch = rng, deadline, watch
        self.batches = _Batches(task, train, scale, int(c["batch"]))
        self.optimiser = AdamW(net, float(c["decay"]))
        self.rate, self.dropout = float(c["learning_rate"]), float(c["dropout"])
        self.exact = "rounds" in c
        self.follows = valid is not None and not self.exact
        self.epochs = max(1, int(c["rounds"])) if self.exact else MOST_EPOCHS if self.follows else 30
        self.curve: list[tuple[int, float, float]] = []
        self.best, self.stopped = 0, ""
        self.valid_x = np.clip(valid.x, -FAR, FAR) if valid is not None else None
        self.valid_weights = common.unit_weights(valid) if valid is not None else None

    def run(self) -> None:
        best_loss, best_flat, waited, shrinks = math.inf, self.net.flat.copy(), 0, 0
        for epoch in range(1, self.epochs + 1):
            train_loss = self._epoch(epoch, self.rate * 0.25**shrinks)
            valid_loss = self._valid_loss()
            self.curve.append((epoch, train_loss, valid_loss))
            if not self.follows:
                self.best = epoch
            elif valid_loss < best_loss:
                best_loss, waited, self.best = valid_loss, 0, epoch
                best_flat[:] = self.net.flat
            else:
                waited += 1
            if not self.stopped and self.watch(*self.curve[-1]):
                self.stopped = "watch"
            if self.follows and waited >= PATIENCE:
                waited, shrinks = 0, shrinks + 1
                # On from the best weights, with smaller steps.
                self.net.flat[:] = best_flat
                if shrinks >= SHRINKS:
                    self.stopped = self.stopped or "early stopping"
            if self.stopped:
                break
        if self.stopped == "deadline" and self.exact:
            raise OutOfTime(f"{len(self.curve)} of {self.epochs} epochs were made before the deadline")
        if self.follows:
            self.best = max(1, self.best)
            self.net.flat[:] = best_flat

    def _epoch(self, epoch: int, rate: float) -> float:
        total, seen = 0.0, 0
        many = -(-len(self.batches.x) // self.batches.size)
        begun = time.monotonic()
        for number, rows in enumerate(self.batches.each(self.rng)):
            if not self.follows:
                done = (epoch - 1 + number / many) / self.epochs
                rate = self.rate * 0.5 * (1.0 + math.cos(math.pi * done))
            slope_of = self.batches.slope_of(rows)
            total += len(rows) * self.net.backward(self.batches.x[rows], slope_of, self.dropout, self.rng)
            seen += len(rows)
            self.optimiser.step(rate)
            if number % 16 == 0 and self.deadline.passed():
                self.stopped = "deadline"
                break
        # An epoch that would not be finished is not begun.
        if not self.stopped and epoch < self.epochs and self.deadline.left() < time.monotonic() - begun:
            self.stopped = "deadline"
        return total / max(1, seen)

    def _valid_loss(self) -> float:
        if self.valid is None or self.valid_x is None:
            return math.nan
        scores = self.net.scores(self.valid_x).astype(np.float64)
        predicted = answer(self.task, scores, self.scale)
        loss = common.loss(self.task, self.valid.y, predicted, self.valid_weights)
        return loss / self.scale.deviation**2 if self.task.problem == "regression" else loss


FAMILY = Mlp()
