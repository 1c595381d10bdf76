"""What changes the sequences of a training batch: jitter, scaling, cropping (Um et al., 2017).

Steps that are not there (NaN) stay so.
"""

from __future__ import annotations

import torch
from torch import Tensor

JITTER = 0.05
"""Noise at each step, in deviations of the sequence."""
SCALE = 0.1
"""Largest change of how far a sequence swings about its mean, as a share."""
CROP = 0.2
"""Largest share of the oldest steps that is taken away."""
CROPPED = 0.5
"""Share of the sequences that are cropped."""


def augment(batch: dict[str, Tensor], strength: float, generator: torch.Generator) -> dict[str, Tensor]:
    """``series_*`` float32 [n, channels, steps] changed, all else as it is."""
    if strength <= 0:
        return batch
    return {
        name: changed(value, strength, generator) if name.startswith("series_") else value
        for name, value in batch.items()
    }


def changed(series: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """float32 [n, channels, steps]: noise on each step, the swing of each channel a little larger or smaller,
    and of half of them the oldest steps are taken away."""
    n, channels, steps = series.shape

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=series.device)

    there = ~torch.isnan(series)
    count = there.sum(dim=2, keepdim=True).clamp(min=1)
    known = torch.nan_to_num(series, nan=0.0)
    centre = known.sum(dim=2, keepdim=True) / count
    away = torch.where(there, known - centre, torch.zeros_like(known))
    spread = torch.sqrt(away.square().sum(dim=2, keepdim=True) / count)
    factor = torch.exp((2 * draw(n, channels, 1) - 1) * SCALE * strength)
    noise = torch.randn(series.shape, generator=generator, device=series.device)
    made = centre + away * factor + noise * spread * JITTER * strength
    gone = draw(n, 1, 1) * CROP * min(strength, 2.0) * steps * (draw(n, 1, 1) < CROPPED)
    keep = there & (torch.arange(steps, device=series.device) >= gone.floor())
    # What would lose its last step keeps all.
    keep = torch.where(keep.any(dim=2, keepdim=True), keep, there)
    return torch.where(keep, made, torch.full_like(made, torch.nan))
