"""What a training gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained network, in evaluation mode on the CPU.

    ``module`` gives logits [n, k], or values [n, 1] in the target's own units. ``rounds``: the epochs that
    its weights have seen. ``curve``: (epoch, training loss, held-out loss). ``events``: what watchers saw.
    """

    module: nn.Module
    rounds: int
    curve: tuple[tuple[int, float, float], ...]
    stopped: str
    """"" | "early stopping" | "deadline" | "watch" | what a watcher saw."""
    events: tuple[dict[str, Any], ...] = ()
    """JSON records with step, epoch, name, sentence, action."""
    facts: dict[str, Any] = field(default_factory=dict)
    """How it was trained, for the report; JSON."""


@dataclass(slots=True)
class Best:
    """The weights to keep, and what was said of them."""

    epoch: int = 0
    score: float = float("-inf")
    loss: float = float("inf")
    state: dict[str, Tensor] | None = None


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
