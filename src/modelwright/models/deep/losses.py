"""What is made small: a loss of each row, so that weights, mixing and parts of a batch are exact.

Scores are logits [b, k] with class codes int64 [b], or values [b, 1] with float32 [b].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from modelwright.models.deep.settings import CLASS_LOSSES, VALUE_LOSSES, Settings

PerRow = Callable[[Tensor, Tensor], Tensor]
"""(scores, target) to float32 [b]."""


def loss_of(settings: Settings, classes: int) -> PerRow:
    """The loss of the settings; ``classes`` is 0 for values. Raises ValueError where it does not suit."""
    name = settings.loss
    if name == "auto":
        name = "cross entropy" if classes else "squared"
    if name not in (CLASS_LOSSES if classes else VALUE_LOSSES):
        raise ValueError(f"the loss {name!r} is not for {'classes' if classes else 'values'}")
    if name == "cross entropy":
        return cross_entropy(settings.smoothing)
    if name == "focal":
        return focal(settings.gamma)
    if name == "hinge":
        return hinge
    if name == "squared":
        return squared
    return huber(settings.delta)


def cross_entropy(smoothing: float = 0.0) -> PerRow:
    """With ``smoothing`` s, the target is (1 - s) for its class and s/k for each (Szegedy et al., 2016)."""

    def of(scores: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(scores.float(), y, reduction="none", label_smoothing=smoothing)

    return of


def focal(gamma: float) -> PerRow:
    """Cross entropy times (1 - p)^gamma: rows that are answered well count less (Lin et al., 2017)."""

    def of(scores: Tensor, y: Tensor) -> Tensor:
        log_p = functional.log_softmax(scores.float(), dim=1).gather(1, y[:, None]).squeeze(1)
        return -((1.0 - log_p.exp()).clamp(min=0.0) ** gamma) * log_p

    return of


def hinge(scores: Tensor, y: Tensor) -> Tensor:
    """How far any other class comes within one of the true one, at most (Crammer and Singer, 2001)."""
    scores = scores.float()
    true = scores.gather(1, y[:, None])
    others = scores.scatter(1, y[:, None], float("-inf"))
    return torch.relu(1.0 + others.amax(dim=1) - true.squeeze(1))


def squared(scores: Tensor, y: Tensor) -> Tensor:
    return (scores.squeeze(1).float() - y) ** 2


def huber(delta: float) -> PerRow:
    """Half the square up to ``delta``, linear beyond (Huber, 1964)."""

    def of(scores: Tensor, y: Tensor) -> Tensor:
        return functional.huber_loss(scores.squeeze(1).float(), y, reduction="none", delta=delta)

    return of
