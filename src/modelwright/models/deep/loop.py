"""The training loop: what happens to a network from its first weights to its last, in the order it happens.

A step goes through one batch: rows by index, augmentation, forward, loss, backward, clipping, the optimiser's
move at the schedule's rate, the average of the weights. An epoch goes through all rows; then held-out rows
are judged by the goal's own metric, and the best weights are kept. Watchers look at each step and epoch.

All chance is a function of the seed and the step, so a training can go on from any step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modelwright.models.deep.augment import Augment
from modelwright.models.deep.average import Average, copied, put
from modelwright.models.deep.batches import Batch, Batches, batch_for, mixed
from modelwright.models.deep.checkpoint import Checkpoints, fingerprint
from modelwright.models.deep.devices import Devices, alone
from modelwright.models.deep.examples import Examples
from modelwright.models.deep.idle import idle_units
from modelwright.models.deep.initial import initialisation
from modelwright.models.deep.losses import loss_of
from modelwright.models.deep.memory import bytes_for_rows, free_bytes, parts_for
from modelwright.models.deep.mix import mixed_batch, mixes
from modelwright.models.deep.optimisers import clip, optimiser_of, set_rate
from modelwright.models.deep.outcome import Best, Outcome, Standardised
from modelwright.models.deep.plan import FEWEST, Pace, most_steps
from modelwright.models.deep.rate_finder import find
from modelwright.models.deep.schedules import Plan, share
from modelwright.models.deep.settings import Settings
from modelwright.models.deep.state import State, captured, plain, restored
from modelwright.models.deep.validation import Held
from modelwright.models.deep.watchers import BACKS, Event, Watchers, record
from modelwright.models.family import Deadline, OutOfTime, Task, Watch, never_stop

STEP, CHANGE = 1, 2
"""Places of chance: what a network draws in a step (dropout), and how its batch is changed."""
TOO_FEW = "the deadline leaves too few steps to learn anything"
GOOD_STEPS, GOOD_APART = 500, 50
"""Steps within a long epoch after which a state to go back to is kept, and the least between two of them."""


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

    Raises :class:`OutOfTime` when the deadline leaves nothing usable, ValueError for settings that do not
    suit the task, and FloatingPointError when the network cannot be kept from diverging.
    """
    with alone(threads):
        return Training(make, train, valid, settings, task, seed, deadline, watch, notes, augment).run()


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
        self.settings, self.task, self.seed, self.watch = settings, task, seed, watch
        self.devices = Devices(settings.precision)
        # The first weights: the same in every process.
        torch.manual_seed(mixed(seed, 0))
        self.module = make()
        self.begun = initialisation(self.module, seed)
        self.model = self.devices.prepare(self.module)
        self.weights = [w for w in self.module.parameters() if w.requires_grad]
        self.takes: tuple[str, ...] = cast(Any, self.module).takes
        # What is learned.
        classes = 0 if task.problem == "regression" else task.classes
        self.loss = loss_of(settings, classes)
        self.centre, self.spread = (0.0, 1.0) if classes else _scale(train)
        self.held: Held | None = None
        if valid is not None and valid.rows and settings.rounds is None:
            plain_loss = loss_of(settings.but(smoothing=0.0), classes)
            self.held = Held(valid, task, plain_loss, self.centre, self.spread)
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
        self.rate = settings.rate or 0.0
        self.optimiser = optimiser_of(self.module, settings, self.rate)
        self.average = None if settings.ema is None else Average(self.module, settings.ema)
        self.plan = Plan((settings.rounds or settings.epochs) * self.batches.steps)
        self.wished = self.plan.total
        self.pace = Pace(deadline)
        # What has happened.
        self.step = 0
        self.lowered = 1.0
        """What watchers have made of the rate."""
        self.seen: list[float] = []
        """Losses of the steps of this epoch."""
        self.curve: list[tuple[int, float, float]] = []
        self.rates: dict[int, float] = {}
        """The learning rate at the end of each epoch."""
        self.best = Best()
        self.good: State | None = None
        """The last state to go back to."""
        self.watchers = Watchers(settings)
        self.events: list[dict[str, Any]] = []
        self.stopped = ""
        self.resumed_at = 0
        self.checkpoints = Checkpoints(
            notes, settings.checkpoint_seconds, fingerprint(self, train), writes=self.devices.rank == 0
        )

    # --- the loop -----------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        self.module.train()
        if self.held is not None:
            self.held.warm_up()
        if self.checkpoints.load(self):
            self.resumed_at = self.step
        else:
            self.settle()
            self.good = captured(self)
        steps = self.batches.steps
        while self.step < self.plan.total and not self.stopped:
            began = time.perf_counter()
            loss = self.one_step(self.step)
            self.step += 1
            self.seen.append(loss)
            event = self.watchers.after_step(self.step, -(-self.step // steps), loss)
            if event is not None and self.act(event):
                continue
            self.pace.stepped(time.perf_counter() - began)
            if self.pace.first_plan():
                self.replan()
            if self.step % steps == 0 or self.step == self.plan.total:
                self.end_epoch()
            elif self.pace.ends and self.late():
                if self.step < min(FEWEST, self.wished):
                    raise OutOfTime(TOO_FEW)
                self.stopped = "deadline"
                self.end_epoch()
            elif self.step % steps % GOOD_STEPS == 0:
                self.good = captured(self)
            if self.checkpoints.due():
                self.checkpoints.save(self)
        return self.outcome()

    def one_step(self, step: int) -> float:
        """One update; returns the loss of its batch. Where that, or its gradient, is not a number, nothing
        moves."""
        self.draw_from(step)
        set_rate(self.optimiser, self.rate * self.lowered * share(self.settings, self.plan.progress(step)))
        loss = self.gradients(step)
        # A GPU is not waited for: its numbers are looked at by the watchers, a step later.
        value = self.devices.value(loss)
        if self.settings.clip is not None:
            norm = clip(self.weights, self.settings.clip)
            if norm is not None and not math.isfinite(norm):
                value = float("nan")
        if self.devices.waits and not math.isfinite(value):
            return value
        self.optimiser.step()
        if self.average is not None:
            self.average.update(step)
        return value

    def gradients(self, step: int) -> Tensor:
        """Forward and backward of the batch of a step, in as many parts as memory asks for; its loss."""
        for weight in self.weights:
            weight.grad = None
        total: Tensor | None = None
        for number, batch in enumerate(self.batches.of(step), 1):
            with self.devices.part(self.model, last=number == self.batches.parts):
                loss = self.forward(batch) / self.batches.size
                self.devices.backward(loss)
            total = loss.detach() if total is None else total + loss.detach()
        assert total is not None
        return self.devices.sum(total)

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
        valid_loss = float("nan")
        self.seen = []
        if self.held is not None:
            with nullcontext() if self.average is None else self.average.worn_by(self.module):
                valid_loss, score = self.held.judge(self.module, self.devices)
                if (score, -valid_loss) > (self.best.score, -self.best.loss):
                    self.best = Best(epoch, score, valid_loss, copied(self.module))
        self.pace.judged(time.perf_counter() - began)
        self.curve.append((epoch, train_loss, valid_loss))
        last = self.plan.progress(self.step - 1)
        self.rates[epoch] = self.rate * self.lowered * share(self.settings, last)
        planned = math.ceil(self.plan.total / self.batches.steps)
        idle = idle_units(self.module, self.optimiser)
        for event in self.watchers.after_epoch(self.step, epoch, planned, train_loss, valid_loss, idle):
            if self.act(event):
                return
        asked = self.devices.agree(float(self.watch(epoch, train_loss, valid_loss)))
        if asked and not self.stopped:
            self.stopped = "watch"
        if self.held is not None and not self.stopped and epoch - self.best.epoch >= self.patience(planned):
            self.stopped = "early stopping"
        if self.step < self.plan.total and not self.stopped:
            self.replan()
        if self.good is None or self.step - self.good.step >= GOOD_APART:
            self.good = captured(self)

    # --- what watchers ask for ----------------------------------------------------------------------------

    def act(self, event: Event) -> bool:
        """Do what the settings say about an event; True when the training has gone back."""
        self.events.append(record(event))
        if event.action == "lower":
            self.lowered *= 0.5
        elif event.action == "stop":
            self.stopped = event.name
        elif event.action == "back" and self.good is not None:
            self.watchers.forget_steps()
            self.lowered *= 0.5
            restored(self, self.good)
            if self.watchers.memory.backs > BACKS:
                self.stopped = event.name
            return True
        return False

    def patience(self, planned: int) -> int:
        if self.settings.patience is not None:
            return self.settings.patience
        return 5 if self.settings.schedule == "constant" else max(5, math.ceil(planned / 2))

    # --- before the first step ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Measure what the settings leave open: parts of a batch by memory, the rate by a short test."""
        begin = captured(self)
        if self.settings.accumulate is None:
            share_ = self.batches.size // self.devices.processes
            few = bytes_for_rows(lambda rows: self.forward(self.batches.take(self.batches.order(0)[:rows])))
            parts = parts_for(share_, few, self.module, free_bytes(self.devices.device))
            self.batches.parts = min(int(self.devices.most(parts)), share_)
        if self.settings.rate is None:
            self.rate, _ = find(self._try_rate)
        restored(self, begin)

    def _try_rate(self, number: int, rate: float) -> float:
        self.draw_from(number)
        set_rate(self.optimiser, rate)
        loss = float(self.gradients(number))
        if self.settings.clip is not None:
            clip(self.weights, self.settings.clip)
        self.optimiser.step()
        return loss

    def draw_from(self, step: int) -> None:
        """Chance of this step, in this process."""
        seed = mixed(self.seed, STEP, step, self.devices.rank)
        torch.default_generator.manual_seed(seed)
        if self.devices.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        if self.augment is not None or self.mixes:
            self.chance.manual_seed(mixed(self.seed, CHANGE, step, self.devices.rank))

    # --- time ---------------------------------------------------------------------------------------------

    def replan(self) -> None:
        """As many epochs as the time that is left allows, so that the schedule ends before the deadline."""
        if not self.pace.ends:
            return
        total = int(self.devices.agree(most_steps(self.pace, self.step, self.batches.steps, self.wished)))
        if total < min(FEWEST, self.wished):
            raise OutOfTime(TOO_FEW)
        self.plan.change(self.step, total)
        if total <= self.step:
            self.stopped = "deadline"

    def late(self) -> bool:
        return bool(self.devices.agree(float(self.pace.late())))

    # --- the end ------------------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        rounds = max(math.ceil(self.step / self.batches.steps), 1)
        if self.best.state is not None:
            put(self.module, self.best.state)
            rounds = self.best.epoch
        elif self.average is not None:
            put(self.module, self.average.state)
        if self.step == 0 or not all(bool(torch.isfinite(w).all()) for w in self.weights):
            why = self.events[-1]["sentence"] if self.events else "its weights are not finite"
            raise FloatingPointError(f"the training could not be kept from diverging: {why}")
        if not self.stopped and self.settings.rounds is not None and self.plan.total < self.wished:
            self.stopped = "deadline"
        module = self.module.to("cpu")
        if (self.centre, self.spread) != (0.0, 1.0):
            module = Standardised(module, self.centre, self.spread)
        module.eval()
        facts = {
            "settings": self.settings.to_json(),
            "initialisation": self.begun,
            "weights": sum(w.numel() for w in self.module.parameters()),
            "learned_weights": sum(w.numel() for w in self.weights),
            "batch": self.batches.size,
            "parts": self.batches.parts,
            "rate": self.rate,
            "lowered": self.lowered,
            "rates": [[epoch, rate] for epoch, rate in sorted(self.rates.items())],
            "steps": self.step,
            "planned_steps": self.plan.total,
            "step_seconds": self.pace.step_seconds,
            "mixing": self.mixes,
            "best_epoch": self.best.epoch,
            "best_score": self.best.score,
            "resumed_at": self.resumed_at,
            "checkpoints": self.checkpoints.written,
            **self.devices.facts(),
        }
        return Outcome(module, rounds, tuple(self.curve), self.stopped, tuple(self.events), plain(facts))


def _scale(examples: Examples) -> tuple[float, float]:
    """(mean, deviation) of a numeric target by its weights; a deviation of 1 where all values are equal."""
    mean = float(np.average(examples.y, weights=examples.weights))
    deviation = float(np.sqrt(np.average((examples.y - mean) ** 2, weights=examples.weights)))
    return mean, deviation if deviation > 1e-12 * max(abs(mean), 1e-300) else 1.0
