"""What changes the sounds of a training batch: speed, shifts, gain, background noise.

Time and frequency masks, and the moving of the frequencies that stands for another speaker, are done on the
spectrogram (``models/deep/nets/spectrogram``), where they cost next to nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

SPEED = 0.15
"""Largest change of the speed (and with it the pitch), as a share."""
SHIFT = 0.1
"""Largest shift, as a share of the clip."""
GAIN = 6.0
"""Largest change of the level in decibels."""
NOISE = (15.0, 45.0)
"""Decibels by which the noise lies below the sound."""
NOISY = 0.5
"""Share of the clips that get noise."""


def augment(batch: dict[str, Tensor], strength: float, generator: torch.Generator) -> dict[str, Tensor]:
    """``audio_*`` int16 [n, samples] changed, all else as it is."""
    if strength <= 0:
        return batch
    return {
        name: changed(value, strength, generator) if name.startswith("audio_") else value
        for name, value in batch.items()
    }


def changed(sound: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """int16 [n, samples]: each clip played faster or slower about its middle, shifted, louder or softer, and
    half of them with noise of a random colour behind."""
    n, length = sound.shape
    device = sound.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=device)

    x = sound.to(torch.float32)
    speed = torch.exp((2 * draw(n, 1) - 1) * SPEED * strength)
    shift = (2 * draw(n, 1) - 1) * SHIFT * strength * length
    middle = (length - 1) / 2
    place = (torch.arange(length, device=device) - middle) * speed + middle + shift
    inside = (place >= 0) & (place <= length - 1)
    place = place.clamp(0, length - 1)
    low = place.floor().to(torch.int64)
    high = (low + 1).clamp(max=length - 1)
    part = place - low
    x = (torch.gather(x, 1, low) * (1 - part) + torch.gather(x, 1, high) * part) * inside
    peak = x.abs().amax(dim=1, keepdim=True)
    gain = torch.pow(10.0, (2 * draw(n, 1) - 1) * GAIN * strength / 20)
    # No louder than full scale: clipping is another fault than loudness.
    x = x * torch.minimum(gain, 32767.0 / peak.clamp(min=1.0))
    level = torch.sqrt(x.square().mean(dim=1, keepdim=True))
    below = NOISE[0] + draw(n, 1) * (NOISE[1] - NOISE[0])
    share = torch.pow(10.0, -below / 20) * strength * (draw(n, 1) < NOISY)
    noise = torch.randn(n, length, generator=generator, device=device)
    # From white to brownish: a mixture of the noise and its running mean over a few samples.
    smooth = torch.nn.functional.avg_pool1d(noise.unsqueeze(1), 9, stride=1, padding=4).squeeze(1) * 3.0
    colour = draw(n, 1)
    x = x + level * share * ((1 - colour) * noise + colour * smooth)
    return x.round().clamp(-32768, 32767).to(torch.int16)
