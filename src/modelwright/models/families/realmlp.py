"""A strong net for tables in numpy, after RealMLP (Holzmüller et al., NeurIPS 2024, arXiv 2407.04491).

What it has of the paper: robust scaling with a smooth clip, periodic features beside each number, a trained
factor for each input, neural-tangent scaling of the layers, Adam that forgets fast, a rate that comes down
several times (coslog), dropout and decay that end with the training, and the best epoch on validation rows.
What it leaves out: trained activations, and label smoothing, which is for accuracy and not for log loss. In
place of Mish stands SiLU, nearly the same curve for much less time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.families.nets import Adam, Targets, answer, masks_of, prior
from modelwright.models.families.realnet import CHUNK, Activation, Inputs, Net
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

SECOND = 0.95
"""How much of the mean squared slope Adam keeps at each step."""
BATCHES = ((2_000, 64), (4_000, 128), (50_000, 256), (200_000, 512), (math.inf, 1024))
"""Rows up to which a batch has so many."""
WORSE = 1.01
"""A cycle whose least loss is so many times that of earlier ones is the last: the net learns by heart."""
BANK = 1 << 20
"""Most dropout factors drawn at once; an epoch reads them from random places."""


@dataclass(slots=True)
class RealMlpFitted:
    task: Task
    inputs: Inputs
    net: Net
    activation: Activation
    scale: Scale
    low: float
    high: float
    """The smallest and largest target of the training rows: values outside of them are not answered."""
    rounds: int
    curve: Curve
    stopped: str

    def predict(self, x: Matrix) -> Values:
        return self.answers(self.inputs.parts(x))

    def answers(self, parts: tuple[Matrix, Matrix]) -> Values:
        numbers, others = parts
        chunks = [
            self.net.forward(numbers[s : s + CHUNK], others[s : s + CHUNK], self.activation)
            for s in range(0, max(1, len(others)), CHUNK)
        ]
        values = answer(self.task, np.concatenate(chunks).astype(np.float64), self.scale)
        return np.clip(values, self.low, self.high) if self.task.problem == "regression" else values

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        bent, rest = self.inputs.to_graph(graph, x)
        binary = self.task.problem == "binary"
        sign = np.array([[-1.0, 1.0]], np.float32) if binary else np.eye(self.net.sizes[-1], dtype=np.float32)
        scores = self.net.to_graph(graph, bent, rest, self.activation, sign)
        if binary:
            return graph.node("Sigmoid", [scores])
        if self.task.problem == "multiclass":
            return layers.softmax(graph, scores)
        value = layers.affine(graph, scores, self.scale.deviation, self.scale.mean)
        return layers.clip(graph, value, self.low, self.high)


class RealMlp:
    name = "realmlp"
    title = "Neural net for tables (RealMLP)"
    version = 1
    tags = Tags(recipe="dense", stoppable=True, gradient=True, rounds=True, tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return common.OPAQUE
        if facts.rows < 50:
            return Declines(f"{facts.rows} rows are too few to train a net (at least 50)")
        first = self.space(task, facts).starts[0]
        steps = first["epochs"] * max(1.0, facts.rows / first["batch"])
        inputs = 4 * facts.numbers + 6 * facts.categories + 100 * facts.texts
        work = 5e-11 * first["batch"] * first["width"] * (2.5 * first["width"] + inputs)
        return Suits(
            "periodic features and slow cooling: the strongest net for numbers", 0.3 + steps * (work + 6e-4)
        )

    def space(self, task: Task, facts: DataFacts) -> Space:
        regression = task.problem == "regression"
        rows = facts.rows
        base: dict[str, Any] = {
            "width": 256 if rows > 2_000 else 128,
            "layers": 3,
            "epochs": min(48, max(12 if rows < 100_000 else 6, 350_000 // max(1, rows))),
            "batch": next(size for most, size in BATCHES if rows <= most),
            "learning_rate": 0.15 if regression else 0.04,
            "dropout": 0.0 if regression else 0.1,
            "decay": 0.02 if regression else 0.15,
            "frequencies": 16,
            "spread": 0.6 if regression else 0.2,
        }
        others: tuple[dict[str, Any], ...] = (
            {**base, "frequencies": 0, "dropout": 0.2},
            {**base, "spread": 0.6, "dropout": 0.25},
        )
        if regression:
            others = (
                {**base, "spread": 1.5, "dropout": 0.05},
                {**base, "spread": 0.15, "dropout": 0.1, "decay": 0.05},
            )
        return Space(
            ranges={
                "width": Int(64, 512, log=True),
                "layers": Int(1, 4),
                "learning_rate": Float(0.01, 0.5, log=True),
                "dropout": Float(0.0, 0.5),
                "decay": Float(1e-3, 0.3, log=True),
                "spread": Float(0.02, 2.0, log=True),
            },
            starts=(base, *others),
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
        """``config["epochs"]`` epochs with one schedule; the best on ``valid`` is kept. When the deadline
        comes sooner, the schedule is run through in the time there is. ``config["rounds"]`` makes exactly
        that many."""
        common.check(task, train, dense=True)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the first epoch")
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        scale = Scale.of(train.y, weights) if task.problem == "regression" else Scale(0.0, 1.0)
        outputs = task.classes if task.problem == "multiclass" else 1
        inputs = Inputs.of(train.x)
        net = Net(
            len(inputs.numbers), len(inputs.others), outputs, int(c["width"]), int(c["layers"]),
            int(c["frequencies"]), 3,
        )  # fmt: skip
        rng = np.random.default_rng(seed)
        net.initialise(rng, prior(task, train, weights), float(c["spread"]))
        activation: Activation = "silu" if task.problem == "regression" else "selu"
        low, high = (
            (float(train.y.min()), float(train.y.max())) if task.problem == "regression" else (0.0, 1.0)
        )
        fitted = RealMlpFitted(task, inputs, net, activation, scale, low, high, 0, (), "")
        with common.blas_threads(1):
            training = _Training(fitted, train, valid, c, rng, deadline, watch)
            training.run()
        fitted.rounds, fitted.stopped = training.best, training.stopped
        fitted.curve = common.thinned(training.curve)
        return fitted


class _Training:
    """The epochs of one fit."""

    def __init__(
        self,
        fitted: RealMlpFitted,
        train: Rows,
        valid: Rows | None,
        c: dict[str, Any],
        rng: np.random.Generator,
        deadline: Deadline,
        watch: Watch,
    ) -> None:
        self.fitted, self.net, self.rng, self.watch = fitted, fitted.net, rng, watch
        self.targets = Targets(fitted.task, train, fitted.scale)
        self.numbers, self.others = fitted.inputs.parts(train.x)
        self.valid = valid
        self.valid_parts = None if valid is None else fitted.inputs.parts(valid.x)
        self.valid_weights = None if valid is None else common.unit_weights(valid)
        self.adam = Adam(self.net.flat, self.net.slope, self.net.rates, self.net.decays, 0.0, SECOND)
        self.rate, self.dropout, self.decay = (float(c[k]) for k in ("learning_rate", "dropout", "decay"))
        self.exact = "rounds" in c
        self.epochs = max(1, int(c["rounds" if self.exact else "epochs"]))
        # An exact number ends where the schedule has a low, so that the last epochs are calm.
        self.end = nearest_low(self.epochs / int(c["epochs"])) if self.exact else 1.0
        self.batches = max(1, round(len(train.x) / int(c["batch"])))
        self.width = int(c["width"])
        self.follows = valid is not None and not self.exact
        self.began = time.monotonic()
        # A tenth stays for the graph and for steps that take longer than others.
        self.allowed, self.deadline = 0.9 * deadline.left(), deadline
        self.curve: list[tuple[int, float, float]] = []
        self.best, self.stopped = 0, ""

    def run(self) -> None:
        best_loss, best_flat, cycle_loss = math.inf, self.net.flat.copy(), math.inf
        cycle = 0
        for epoch in range(1, self.epochs + 1):
            train_loss = self._epoch(epoch)
            valid_loss = self._valid_loss()
            self.curve.append((epoch, train_loss, valid_loss))
            if not self.follows:
                self.best = epoch
            elif valid_loss < best_loss:
                best_loss, self.best = valid_loss, epoch
                best_flat[:] = self.net.flat
            if not self.stopped and self.watch(*self.curve[-1]):
                self.stopped = "watch"
            if self.follows and not self.stopped:
                cycle_loss = min(cycle_loss, valid_loss)
                if self._cycle() > cycle:
                    if cycle_loss > WORSE * best_loss:
                        self.stopped = "early stopping"
                    cycle, cycle_loss = self._cycle(), math.inf
            if self.stopped:
                break
        if self.stopped == "deadline" and self.exact:
            raise OutOfTime(f"{len(self.curve)} of {self.epochs} epochs were made before the deadline")
        if self.follows:
            self.best = max(1, self.best)
            self.net.flat[:] = best_flat

    def _done(self, steps: int) -> float:
        """How much of the schedule is behind: by counted steps, or by the clock where that is further. A fit
        of an exact number of epochs goes by its steps alone."""
        counted = self.end * steps / (self.epochs * self.batches)
        if self.exact or self.allowed == math.inf:
            return counted
        return max(counted, (time.monotonic() - self.began) / self.allowed)

    def _cycle(self) -> int:
        """Cycles of the schedule that are behind."""
        return int(math.log2(1.0 + 15.0 * self._done(len(self.curve) * self.batches)) + 1e-9)

    def _epoch(self, epoch: int) -> float:
        total = 0.0
        order = self.rng.permutation(len(self.others))
        late, masks = 1.0, None
        for number, rows in enumerate(np.array_split(order, self.batches)):
            done = self._done((epoch - 1) * self.batches + number)
            if done >= 1.0 or (number % 16 == 0 and self.deadline.passed()):
                self.stopped = "deadline"
                break
            if number == 0:
                late = late_of(done)
                masks = self._masks(self.dropout * late, len(rows))
            slope_of = self.targets.slope_of(rows)
            total += len(rows) * self.net.backward(
                self.numbers[rows], self.others[rows], self.fitted.activation, slope_of, masks
            )
            self.adam.decay = self.decay * late
            self.adam.step(self.rate * coslog(done))
        return total / len(order)

    def _masks(self, dropout: float, rows: int) -> Iterator[Matrix] | None:
        if round(256 * dropout) == 0:
            return None
        one = rows * self.width
        bank = masks_of(self.rng, min(max(BANK, 2 * one), one * self.batches * self.net.depth), dropout)
        return self._cuts(bank, one, rows)

    def _cuts(self, bank: Matrix, one: int, rows: int) -> Iterator[Matrix]:
        while True:
            for start in self.rng.integers(0, len(bank) - one + 1, 256).tolist():
                yield bank[start : start + one].reshape(rows, self.width)

    def _valid_loss(self) -> float:
        if self.valid is None or self.valid_parts is None:
            return math.nan
        predicted = self.fitted.answers(self.valid_parts)
        task = self.fitted.task
        loss = common.loss(task, self.valid.y, predicted, self.valid_weights)
        return loss / self.fitted.scale.deviation**2 if task.problem == "regression" else loss


def coslog(done: float) -> float:
    """The paper's schedule: from zero to one and back four times, each time slower."""
    return 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * done)))


def nearest_low(done: float) -> float:
    """The end of the cycle that is nearest: 1/15, 3/15, 7/15 or 1 of the schedule."""
    cycles = min(4, max(1, round(math.log2(1.0 + 15.0 * done))))
    return (2.0**cycles - 1.0) / 15.0


def late_of(done: float) -> float:
    """One for the first half, then a cosine down to zero: dropout and decay end with the training."""
    return 1.0 if done < 0.5 else 0.5 * (1.0 + math.cos(math.pi * (2.0 * done - 1.0)))


FAMILY = RealMlp()
