"""Copies of what moves in a network, and an exponential average of it (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def moving(module: nn.Module) -> dict[str, Tensor]:
    """The module's own tensors that training changes, by name: weights that are learned, and buffers such as
    the statistics of norms. What is frozen is as it was made."""
    found = {name: weight.detach() for name, weight in module.named_parameters() if weight.requires_grad}
    kept = module.state_dict().keys()
    found |= {name: value for name, value in module.named_buffers() if name in kept}
    return found


def copied(module: nn.Module) -> dict[str, Tensor]:
    """A copy of what moves, as it is now."""
    return {name: value.clone() for name, value in moving(module).items()}


@torch.no_grad()
def put(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy a state into the module's tensors where they are."""
    for name, value in moving(module).items():
        value.copy_(state[name])


class Average:
    """Averages all floats among what moves; other entries are copied.

    The decay rises from 0.1 to ``decay``, so that the first steps are soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = copied(module)
        live = moving(module)
        floats = [name for name, value in live.items() if value.is_floating_point()]
        self._own = [self.state[name] for name in floats]
        self._live = [live[name] for name in floats]
        self._rest = [
            (self.state[name], value) for name, value in live.items() if not value.is_floating_point()
        ]

    @torch.no_grad()
    def update(self, step: int) -> None:
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        torch._foreach_lerp_(self._own, self._live, 1.0 - decay)
        for own, live in self._rest:
            own.copy_(live)

    @contextmanager
    def worn_by(self, module: nn.Module) -> Iterator[None]:
        """Within the block the module has the averaged weights; afterwards its own again."""
        kept = copied(module)
        put(module, self.state)
        try:
            yield
        finally:
            put(module, kept)
