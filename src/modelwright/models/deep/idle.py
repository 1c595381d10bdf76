"""Units that learn nothing any more, read from what the optimiser remembers of their gradients."""

from __future__ import annotations

import torch
from torch import nn

FAINT = 1e-6
"""A unit whose remembered gradient is below this share of its layer's median has had none for over a hundred
steps, at a decay of 0.9."""
MEMORIES = ("exp_avg", "momentum_buffer")


@torch.no_grad()
def idle_units(module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, float]:
    """Share of units (rows of a weight matrix, channels of a convolution) without a gradient, by layer.

    Empty for plain SGD, whose memory also holds weight decay, and for the first hundred steps, in which
    nothing has faded yet.
    """
    if isinstance(optimiser, torch.optim.SGD):
        return {}
    found = {}
    for layer, part in module.named_modules():
        if not isinstance(part, (nn.Linear, nn.modules.conv._ConvNd)):
            continue
        state = optimiser.state.get(part.weight, {})
        memory = next((state[name] for name in MEMORIES if name in state), None)
        if memory is None or memory.shape[0] < 4:
            continue
        sizes = memory.abs().flatten(1).amax(dim=1)
        share = float((sizes <= FAINT * sizes.max()).float().mean())
        if share > 0.0:
            found[layer] = share
    return found
