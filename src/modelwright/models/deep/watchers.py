"""Names for what goes wrong in a training, as it goes wrong, and what is done about it.

Each name has an action in the settings (``on_nan``, ``on_spike``, ...): ``note`` it, ``lower`` the rate by
half, go ``back`` to the last good state with half the rate, or ``stop`` with the best weights so far.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from modelwright.models.deep.settings import Action, Settings

SPAN = 20
"""Steps of the running mean of the loss."""
SPIKE = 6.0
"""Deviations above its running mean that make a loss a spike (it is also at least twice the mean)."""
DIVERGED = 1.5
"""A running mean above so many times the first loss, and above twice its own lowest, is a divergence."""
BETTER = 1e-3
"""Relative fall of the loss that counts."""
PLATEAU = 0.25
"""Share of the planned epochs (at least five) without one that makes a plateau."""
OVER = 1.1
"""Held-out loss above so many times its lowest, while the training loss falls on, is overfitting."""
IDLE = 0.25
"""Share of a layer's units that learn nothing any more, from which on it is said."""
BACKS = 5
"""Times that a training goes back before it is given up."""


@dataclass(frozen=True, slots=True)
class Event:
    step: int
    epoch: int
    name: str
    """loss spike, not a number, plateau, divergence, overfitting, dead units."""
    sentence: str
    action: Action


@dataclass(slots=True)
class Memory:
    """What watchers remember from step to step; part of a checkpoint."""

    first: float | None = None
    mean: float | None = None
    spread: float = 0.0
    count: int = 0
    lowest: float | None = None
    quiet_until: int = 0
    backs: int = 0
    best_loss: float | None = None
    best_epoch: int = 0
    train_then: float | None = None
    said: dict[str, int] = field(default_factory=dict)
    """Epoch in which something was last said, so that it is said once and not each time."""


class Watchers:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.memory = Memory()

    def remember(self, memory: dict[str, Any]) -> None:
        self.memory = Memory(**memory)

    def forget_steps(self) -> None:
        """After going back: what the loss was since then does not count."""
        m = self.memory
        self.memory = Memory(first=m.first, backs=m.backs + 1, said=m.said)

    def after_step(self, step: int, epoch: int, loss: float) -> Event | None:
        """What the loss of a step (counted from 1) says."""
        m = self.memory
        if not math.isfinite(loss):
            words = f"the loss or its gradient is not a number at step {step}"
            return Event(step, epoch, "not a number", words, self.settings.on_nan)
        if m.mean is None or m.first is None:
            m.first = loss if m.first is None else m.first
            m.mean, m.count = loss, 1
            return None
        away = loss - m.mean
        event = None
        if m.count >= SPAN and step >= m.quiet_until:
            if away > SPIKE * math.sqrt(m.spread) and loss > 2.0 * m.mean:
                words = f"the loss rose from about {m.mean:.3g} to {loss:.3g} at step {step}"
                event = Event(step, epoch, "loss spike", words, self.settings.on_spike)
                m.quiet_until = step + SPAN
            elif m.mean > DIVERGED * max(m.first, 1e-6) and m.mean > 2.0 * (m.lowest or m.first):
                words = f"the loss is about {m.mean:.3g}, and was {m.first:.3g} at first, at step {step}"
                event = Event(step, epoch, "divergence", words, self.settings.on_divergence)
                m.quiet_until = step + 5 * SPAN
        m.count += 1
        weight = max(1.0 / m.count, 1.0 / SPAN)
        m.mean += weight * away
        m.spread = (1.0 - weight) * (m.spread + weight * away * away)
        if m.count >= SPAN:
            m.lowest = m.mean if m.lowest is None else min(m.lowest, m.mean)
        return event

    def after_epoch(
        self, step: int, epoch: int, planned: int, train: float, valid: float, idle: dict[str, float]
    ) -> list[Event]:
        """What an epoch says: its losses, and the share of idle units by layer."""
        events = []
        m = self.memory
        shown = train if math.isnan(valid) else valid
        if math.isfinite(shown):
            if m.best_loss is None or shown < m.best_loss - BETTER * abs(m.best_loss):
                m.best_loss, m.best_epoch, m.train_then = shown, epoch, train
                m.said.pop("overfitting", None)
            waited = epoch - m.best_epoch
            over = (
                not math.isnan(valid)
                and m.train_then is not None
                and waited >= 2
                and valid > OVER * m.best_loss
                and train < m.train_then
            )
            if over and self._new("overfitting", epoch):
                words = (
                    f"the held-out loss is {valid:.3g} and was {m.best_loss:.3g} after epoch {m.best_epoch}, "
                    f"while the training loss fell from {m.train_then:.3g} to {train:.3g}"
                )
                events.append(Event(step, epoch, "overfitting", words, self.settings.on_overfitting))
            long = waited >= max(5, math.ceil(PLATEAU * planned))
            if long and not over and "overfitting" not in m.said:
                words = f"the loss has not fallen since epoch {m.best_epoch} ({m.best_loss:.3g})"
                events.append(Event(step, epoch, "plateau", words, self.settings.on_plateau))
                # It may fall on at the next rate, and stand still again.
                m.best_epoch = epoch
        for layer, share in idle.items():
            if share >= IDLE and self._new(f"dead units of {layer}", epoch):
                words = f"{share:.0%} of the units of {layer} learn nothing any more"
                events.append(Event(step, epoch, "dead units", words, self.settings.on_dead))
        return events

    def _new(self, name: str, epoch: int) -> bool:
        if name in self.memory.said:
            return False
        self.memory.said[name] = epoch
        return True


def record(event: Event) -> dict[str, Any]:
    return asdict(event)
