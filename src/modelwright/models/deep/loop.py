"""The training loop: what happens to a network from its first weights to its last, in the order it happens.

One step goes through one batch: rows by index, augmentation, forward, loss, backward, clipping, the
optimiser's move at the schedule's rate, the average of the weights. One epoch goes through all rows, then
held-out rows are judged by the goal's own metric, and the best weights are kept.

All chance is a function of the seed and the step, so a training can go on from any step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modelwright.models.deep.augment import Augment
from modelwright.models.deep.average import Average, copied, put
from modelwright.models.deep.batches import Batch, Batches, batch_for, mixed
from modelwright.models.deep.devices import Devices, alone
from modelwright.models.deep.examples import Examples
from modelwright.models.deep.initial import initialisation
from modelwright.models.deep.losses import loss_of
from modelwright.models.deep.mix import mixed_batch, mixes
from modelwright.models.deep.optimisers import optimiser_of, set_rate
from modelwright.models.deep.plan import Pace, most_steps
from modelwright.models.deep.schedules import Plan, share
from modelwright.models.deep.settings import Settings
from modelwright.models.deep.validation import Held
from modelwright.models.family import Deadline, OutOfTime, Task, Watch, never_stop

STEP, CHANGE = 1, 2
"""Places of chance: what a network draws in a step (dropout), and how its batch is changed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained network, in evaluation mode on the CPU.

    ``module`` gives logits [n, k], or values [n, 1] in the target's own units. ``rounds``: the epochs that
    its weights have seen. ``curve``: (epoch, training loss, held-out loss). ``events``: what the watchers saw.
    """

    module: nn.Module
    rounds: int
    curve: tuple[tuple[int, float, float], ...]
    stopped: str
    """"" | "early stopping" | "deadline" | "watch" | what a watcher saw."""
    events: tuple[dict[str, Any], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """How it was trained, for the report: settings, initialisation, steps, device, its best score."""


class Standardised(nn.Module):
    """A network of a target in deviations from its mean, that answers in the target's own units."""

    def __init__(self, module: nn.Module, centre: float, spread: float) -> None:
        super().__init__()
        self.module = module
        self.takes: tuple[str, ...] = cast(Any, module).takes
        self.trims: tuple[str, ...] = getattr(module, "trims", ())
        self.centre = centre
        self.spread = spread

    def forward(self, *inputs: Tensor) -> Tensor:
        return cast(Tensor, self.module(*inputs)) * self.spread + self.centre


def train(
    make: Callable[[], nn.Module],
    train: Examples,
    valid: Examples | None,
    settings: Settings,
    *,
    task: Task,
    seed: int,
    threads: int,
    deadline: Deadline,
    watch: Watch = never_stop,
    notes: Path | None = None,
    augment: Augment | None = None,
) -> Outcome:
    """Train the network that ``make`` builds. ``valid`` serves early stopping alone; ``notes`` is the folder
    of this fit, from which a killed one goes on.

    Raises :class:`OutOfTime` when the deadline leaves nothing usable, and ValueError for settings that do not
    suit the task.
    """
    with alone(threads):
        return Training(make, train, valid, settings, task, seed, deadline, watch, notes, augment).run()


@dataclass(slots=True)
class Best:
    """The weights to keep."""

    epoch: int = 0
    score: float = float("-inf")
    loss: float = float("inf")
    state: dict[str, Tensor] | None = None


class Training:
    """One training under way."""

    def __init__(
        self,
        make: Callable[[], nn.Module],
        train: Examples,
        valid: Examples | None,
        settings: Settings,
        task: Task,
        seed: int,
        deadline: Deadline,
        watch: Watch,
        notes: Path | None,
        augment: Augment | None,
    ) -> None:
        self.settings = settings
        self.task = task
        self.seed = seed
        self.deadline = deadline
        self.watch = watch
        self.devices = Devices(settings.precision)
        # The first weights: the same in every process.
        torch.manual_seed(mixed(seed, 0))
        self.module = make()
        self.begun = initialisation(self.module, seed)
        self.model = self.devices.prepare(self.module)
        self.weights = [w for w in self.module.parameters() if w.requires_grad]
        self.takes: tuple[str, ...] = cast(Any, self.module).takes
        # What is learned.
        self.centre, self.spread = _scale(train) if task.problem == "regression" else (0.0, 1.0)
        self.loss = loss_of(settings, 0 if task.problem == "regression" else task.classes)
        self.held = None
        if valid is not None and valid.rows and settings.rounds is None:
            plain = loss_of(settings.but(smoothing=0.0), 0 if task.problem == "regression" else task.classes)
            self.held = Held(valid, task, plain, self.centre, self.spread)
        self.batches = Batches(
            train,
            self.takes,
            settings.batch or batch_for(train.rows),
            seed=seed,
            device=self.devices.device,
            rank=self.devices.rank,
            processes=self.devices.processes,
            parts=settings.accumulate or 1,
            trims=getattr(self.module, "trims", ()),
            centre=self.centre,
            spread=self.spread,
        )
        self.augment = augment if settings.augment > 0 else None
        self.mixes = mixes(settings, self.takes)
        self.chance = torch.Generator(device=self.devices.device)
        # How it moves.
        self.rate = settings.rate or 1e-3
        self.optimiser = optimiser_of(self.module, settings, self.rate)
        self.average = None if settings.ema is None else Average(self.module, settings.ema)
        self.plan = Plan((settings.rounds or settings.epochs) * self.batches.steps)
        self.pace = Pace(deadline, held=0 if self.held is None else self.held.examples.rows)
        # What has happened.
        self.step = 0
        self.lowered = 1.0
        """What watchers have made of the rate."""
        self.seen: list[float] = []
        """Losses of the steps of this epoch."""
        self.curve: list[tuple[int, float, float]] = []
        self.best = Best()
        self.stopped = ""
        self.events: list[dict[str, Any]] = []

    # --- the loop -----------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        self.module.train()
        while self.step < self.plan.total and not self.stopped:
            began = time.perf_counter()
            self.seen.append(self.one_step(self.step))
            self.step += 1
            self.pace.stepped(time.perf_counter() - began)
            if self.pace.known_at(self.step):
                self.replan()
            if self.step % self.batches.steps == 0 or self.step == self.plan.total:
                self.end_epoch()
            elif self.late():
                self.stopped = "deadline"
                self.end_epoch()
        return self.outcome()

    def one_step(self, step: int) -> float:
        """One update; returns the loss of its batch."""
        self._draw_from(step)
        set_rate(self.optimiser, self.rate * self.lowered * share(self.settings, self.plan.progress(step)))
        self.optimiser.zero_grad(set_to_none=True)
        total: Tensor | None = None
        for number, batch in enumerate(self.batches.of(step)):
            last = number == self.batches.parts - 1
            with nullcontext() if last else self.devices.part(self.model, last):
                loss = self.forward(batch) / self.batches.size
                self.devices.backward(loss)
            total = loss.detach() if total is None else total + loss.detach()
        assert total is not None
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.weights, self.settings.clip, foreach=True)
        self.optimiser.step()
        if self.average is not None:
            self.average.update(step)
        return float(self.devices.sum(total))

    def forward(self, batch: Batch) -> Tensor:
        """The sum of the weighted losses of the rows of a batch."""
        if self.augment is not None:
            batch.inputs = self.augment(batch.inputs, self.settings.augment, self.chance)
        if not self.mixes:
            rows = self.loss(self.model(*[batch.inputs[name] for name in self.takes]), batch.y)
            return (rows if batch.weights is None else rows * batch.weights).sum()
        mix = mixed_batch(batch, self.mixes, self.settings, self.chance)
        scores = self.model(*[mix.inputs[name] for name in self.takes])
        own, others = self.loss(scores, batch.y), self.loss(scores, batch.y.index_select(0, mix.other))
        if batch.weights is not None:
            own, others = own * batch.weights, others * batch.weights.index_select(0, mix.other)
        return (mix.share * own + (1.0 - mix.share) * others).sum()

    def end_epoch(self) -> None:
        """Judge the held-out rows, keep the best weights, and look whether to go on."""
        began = time.perf_counter()
        epoch = math.ceil(self.step / self.batches.steps)
        train_loss = float(np.mean(self.seen)) if self.seen else float("nan")
        self.seen = []
        valid_loss = float("nan")
        if self.held is not None:
            with nullcontext() if self.average is None else self.average.worn_by(self.module):
                valid_loss, score = self.held.judge(self.module, self.devices.device)
                if (score, -valid_loss) > (self.best.score, -self.best.loss):
                    self.best = Best(epoch, score, valid_loss, copied(self.module))
            self.pace.judged(time.perf_counter() - began)
        self.curve.append((epoch, train_loss, valid_loss))
        if self.watch(epoch, train_loss, valid_loss) and not self.stopped:
            self.stopped = "watch"
        if self.held is not None and not self.stopped and epoch - self.best.epoch >= self._patience():
            self.stopped = "early stopping"
        if self.step < self.plan.total and not self.stopped:
            self.replan()

    # --- time ---------------------------------------------------------------------------------------------

    def replan(self) -> None:
        """As many epochs as the time that is left allows, so that the schedule ends before the deadline."""
        if self.deadline.at is None:
            return
        wished = (self.settings.rounds or self.settings.epochs) * self.batches.steps
        if self.settings.rounds is not None:
            return
        possible = most_steps(self.pace, self.step, self.batches.steps, wished)
        total = int(self.devices.agree(possible))
        if total <= 0:
            raise OutOfTime("the deadline leaves too few steps to learn anything")
        self.plan.change(self.step, total)

    def late(self) -> bool:
        return self.deadline.at is not None and bool(self.devices.agree(float(self.pace.late())))

    def _patience(self) -> int:
        if self.settings.patience is not None:
            return self.settings.patience
        if self.settings.schedule == "constant":
            return 5
        return max(5, math.ceil(self.plan.total / self.batches.steps / 2))

    def _draw_from(self, step: int) -> None:
        """Chance of this step, in this process."""
        torch.default_generator.manual_seed(mixed(self.seed, STEP, step, self.devices.rank))
        if self.devices.device.type == "cuda":
            torch.cuda.manual_seed(mixed(self.seed, STEP, step, self.devices.rank))
        if self.augment is not None or self.mixes:
            self.chance.manual_seed(mixed(self.seed, CHANGE, step, self.devices.rank))

    # --- the end ------------------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        rounds = math.ceil(self.step / self.batches.steps)
        if self.best.state is not None:
            put(self.module, self.best.state)
            rounds = self.best.epoch
        elif self.average is not None:
            put(self.module, self.average.state)
        module = self.module.to("cpu")
        if (self.centre, self.spread) != (0.0, 1.0):
            module = Standardised(module, self.centre, self.spread)
        module.eval()
        facts = {
            "settings": self.settings.to_json(),
            "initialisation": self.begun,
            "weights": sum(w.numel() for w in self.weights),
            "batch": self.batches.size,
            "parts": self.batches.parts,
            "rate": self.rate,
            "steps": self.step,
            "planned_steps": self.plan.total,
            "step_seconds": self.pace.step_seconds,
            "mixing": self.mixes,
            "best_epoch": self.best.epoch,
            "best_score": self.best.score if math.isfinite(self.best.score) else None,
            **self.devices.facts(),
        }
        return Outcome(module, max(rounds, 1), tuple(self.curve), self.stopped, tuple(self.events), facts)


def _scale(examples: Examples) -> tuple[float, float]:
    """(mean, deviation) of a numeric target by its weights; a deviation of 1 where all values are equal."""
    mean = float(np.average(examples.y, weights=examples.weights))
    deviation = float(np.sqrt(np.average((examples.y - mean) ** 2, weights=examples.weights)))
    return mean, deviation if deviation > 1e-12 * max(abs(mean), 1e-300) else 1.0
