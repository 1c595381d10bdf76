"""Two rows in one: mixup (Zhang et al., 2018) and cutmix (Yun et al., 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from modelwright.models.deep.batches import Batch
from modelwright.models.deep.settings import Settings

WORDS = ("text", "tokens")
"""Inputs of these kinds are ids, of which there is no mean."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """``inputs`` hold ``share`` of their own row and the rest of the row at ``other`` int64 [b]."""

    inputs: dict[str, Tensor]
    other: Tensor
    share: float


def mixes(settings: Settings, takes: tuple[str, ...]) -> str:
    """ "" | "mixup" | "cutmix" | "mixup or cutmix": what these inputs allow of what the settings ask for."""
    images = all(name.startswith("image") for name in takes)
    up = settings.mixup > 0 and not any(name.startswith(WORDS) for name in takes)
    cut = settings.cutmix > 0 and images
    return " or ".join(word for word, on in (("mixup", up), ("cutmix", cut)) if on)


def mixed_batch(batch: Batch, how: str, settings: Settings, generator: torch.Generator) -> Mixed:
    """Mix each row with another of the batch; where both ways are asked for, each has half of the batches."""
    rows = len(batch.y)
    where = batch.y.device
    other = torch.randperm(rows, generator=generator, device=generator.device).to(where)
    coin = _uniform(generator)
    if how == "cutmix" or (how != "mixup" and coin < 0.5):
        return _cut(batch, other, _beta(settings.cutmix, generator), generator)
    share = _beta(settings.mixup, generator)
    inputs = {
        name: torch.lerp(value.float().index_select(0, other), value.float(), share)
        for name, value in batch.inputs.items()
    }
    return Mixed(inputs, other, share)


def _cut(batch: Batch, other: Tensor, share: float, generator: torch.Generator) -> Mixed:
    """A rectangle of (1 - share) of the area comes from the other row, at the same place in all images."""
    inputs = dict(batch.inputs)
    side = (1.0 - share) ** 0.5
    across, down = _uniform(generator), _uniform(generator)
    kept = 0.0
    for name, value in batch.inputs.items():
        height, width = value.shape[-2:]
        top, bottom = _span(down, side, height)
        left, right = _span(across, side, width)
        mixed = value.clone()
        mixed[..., top:bottom, left:right] = value.index_select(0, other)[..., top:bottom, left:right]
        inputs[name] = mixed
        kept += 1.0 - (bottom - top) * (right - left) / (height * width)
    return Mixed(inputs, other, kept / len(batch.inputs))


def _span(centre: float, side: float, length: int) -> tuple[int, int]:
    half = 0.5 * side * length
    return max(round(centre * length - half), 0), min(round(centre * length + half), length)


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator, device=generator.device))


def _beta(alpha: float, generator: torch.Generator) -> float:
    """A draw from Beta(alpha, alpha), by the ratio of two gamma draws."""
    two = torch.full((2,), alpha, dtype=torch.float64, device=generator.device)
    a, b = torch._standard_gamma(two, generator=generator).tolist()
    return a / (a + b) if a + b > 0 else 0.5
