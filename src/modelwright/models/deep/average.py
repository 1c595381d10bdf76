"""An exponential average of the weights, which is smoother than the last ones (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Averages all floats of a module's state (weights, statistics of norms); other entries are copied.

    The decay rises from 0.1 to ``decay``, so that the first steps are soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}
        # The module's own tensors keep their places for as long as it is trained.
        live = module.state_dict()
        floats = [name for name, value in live.items() if value.is_floating_point()]
        self._own = [self.state[name] for name in floats]
        self._live = [live[name].detach() for name in floats]
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
        kept = {name: value.detach().clone() for name, value in module.state_dict().items()}
        put(module, self.state)
        try:
            yield
        finally:
            put(module, kept)


@torch.no_grad()
def put(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Copy a state into the module's tensors where they are."""
    for name, value in module.state_dict().items():
        value.copy_(state[name])


def copied(module: nn.Module) -> dict[str, Tensor]:
    """The module's state, as it is now, on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in module.state_dict().items()}
