"""Which weights move how: optimisers with weight decay on matrices alone."""

from __future__ import annotations

import torch
from torch import nn

from modelwright.models.deep.settings import Settings


def optimiser_of(module: nn.Module, settings: Settings, rate: float) -> torch.optim.Optimizer:
    """The optimiser of the settings over the weights that are to be learned.

    Biases, norms and other vectors do not decay. A module may name parts that move slower or faster:
    ``rate_factors`` {prefix of the name: factor} (a pretrained body beside a new head); the longest prefix
    that fits counts. Each group keeps its factor as ``factor`` for the schedule.
    """
    factors: dict[str, float] = getattr(module, "rate_factors", {})
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in module.named_parameters():
        if not weight.requires_grad:
            continue
        fitting = [prefix for prefix in factors if name.startswith(prefix)]
        factor = factors[max(fitting, key=len)] if fitting else 1.0
        decay = settings.decay if weight.ndim > 1 else 0.0
        groups.setdefault((factor, decay), []).append(weight)
    if not groups:
        raise ValueError("the network has no weight to learn")
    listed = [
        {"params": weights, "lr": rate * factor, "weight_decay": decay, "factor": factor}
        for (factor, decay), weights in groups.items()
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(
            listed, lr=rate, momentum=settings.momentum, nesterov=settings.momentum > 0, fused=True
        )
    if settings.optimiser == "rmsprop":
        return torch.optim.RMSprop(listed, lr=rate, momentum=settings.momentum)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    # One kernel over all weights; the same on a CPU and a GPU.
    return kind(listed, lr=rate, betas=(settings.momentum, 0.999), fused=True)


@torch.no_grad()
def clip(weights: list[nn.Parameter], most: float) -> float | None:
    """Scale all gradients so that their common norm is at most ``most`` (Pascanu et al., 2013).

    Returns the norm they had; None on a GPU, which is not waited for.
    """
    slopes = [weight.grad for weight in weights if weight.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(slopes)))
    if norm.device.type != "cpu":
        torch._foreach_mul_(slopes, (most / (norm + 1e-6)).clamp(max=1.0))
        return None
    value = float(norm)
    if value > most:
        torch._foreach_mul_(slopes, most / (value + 1e-6))
    return value


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
