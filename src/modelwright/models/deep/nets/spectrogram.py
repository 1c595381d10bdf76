"""Sounds: a log-mel spectrogram inside of the network, and a small convolutional network on it.

The front has no weights to learn: frames and their Fourier transform are one strided convolution with a
windowed basis, then power, triangular mel filters (Davis and Mermelstein, 1980; the scale of O'Shaughnessy,
1987) and the logarithm relative to the loudest place of the clip, so that the gain does not matter. So the
graph takes samples, and nothing of it has to be written again for serving.

While it trains, the front changes what it hears: the mel filters are moved along the frequencies (vocal
tract length perturbation; Jaitly and Hinton, 2013), frequencies are made louder and softer by a smooth curve
as another microphone, room or voice does (a random equaliser), the tempo is changed without the pitch, and
bands and stretches of time are blanked (SpecAugment; Park et al., 2019). What is changed on the samples
themselves (speed, noise, shifts) is in ``modalities/audio/augment``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from modelwright.models.deep.intake import Given

FRAME, HOP = 0.025, 0.010
"""Seconds of a frame, and from one to the next."""
FLOOR = 1e-6
"""Power below the loudest place under which nothing is heard: 60 dB."""
SILENCE = 1e-7
"""Mean power of a clip, full scale 1, below which it is quiet whatever its loudest place is."""
LOWEST = 60.0
"""Hertz of the lowest filter's edge."""
WARPS = 21
"""Filter banks to draw from."""
KNOTS = 5
"""Frequencies, evenly over the bands, at which the random equaliser draws its gains."""
DEFAULT_RATE = 16_000
MOST_FRAMES = 400
"""Frames of a clip at most: longer clips have a longer hop."""


class LogMel(nn.Module):
    """int16 [n, samples] to float32 [n, 1, bands, frames], about 0 to 1 (0: 60 dB below the loudest)."""

    basis: Tensor
    banks: Tensor

    def __init__(
        self,
        samples: int,
        rate: int,
        bands: int,
        warp: float,
        masks: float,
        tone: float = 0.0,
        tempo: float = 0.0,
    ) -> None:
        super().__init__()
        self.frame = max(16, round(FRAME * rate))
        self.hop = max(round(HOP * rate), math.ceil(samples / MOST_FRAMES))
        self.pad = max(0, self.frame - samples)
        self.bands, self.warp, self.masks, self.tone, self.tempo = bands, warp, masks, tone, tempo
        size = 1 << math.ceil(math.log2(self.frame))
        self.register_buffer("basis", torch.from_numpy(fourier(self.frame, size)), persistent=False)
        factors = np.concatenate([[1.0], np.exp(np.linspace(-warp, warp, WARPS))])
        banks = np.stack([filters(bands, size, rate, float(factor)) for factor in factors])
        self.register_buffer("banks", torch.from_numpy(banks), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        # Powers span twelve orders of magnitude: nothing for half precision.
        with torch.autocast(x.device.type, enabled=False):
            return self.heard(x)

    def heard(self, x: Tensor) -> Tensor:
        x = x.to(torch.float32) / 32768.0
        if self.pad:
            x = functional.pad(x, (0, self.pad))
        parts = functional.conv1d(x.unsqueeze(1), self.basis, stride=self.hop)
        half = parts.shape[1] // 2
        power = parts[:, :half].square() + parts[:, half:].square()
        if self.training and self.warp > 0:
            bank = self.banks[torch.randint(1, WARPS + 1, (len(x),), device=x.device)]
            mel = torch.bmm(bank, power)
        else:
            mel = torch.matmul(self.banks[0], power)
        if self.training and self.tone > 0:
            mel = mel * equaliser(len(mel), self.bands, self.tone, mel.device)
        loudest = mel.amax(dim=(1, 2), keepdim=True).clamp(min=SILENCE)
        heard = 1.0 + torch.log(mel / loudest + FLOOR) / -math.log(FLOOR)
        if self.training and self.tempo > 0:
            heard = retimed(heard, self.tempo)
        if self.training and self.masks > 0:
            heard = blanked(heard, 1, self.masks * 0.2, 2)
            heard = blanked(heard, 2, self.masks * 0.2, 2)
        return heard.unsqueeze(1)


def fourier(frame: int, size: int) -> npt.NDArray[np.float32]:
    """The Fourier basis of ``size`` points under a Hann window of ``frame`` samples, [2 * bins, 1, frame]:
    first the real, then the imaginary parts."""
    time = np.arange(frame)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (time + 0.5) / frame)
    angles = 2 * np.pi * np.outer(np.arange(size // 2 + 1), time) / size
    both = np.concatenate([np.cos(angles), -np.sin(angles)]) * window / window.sum()
    made: npt.NDArray[np.float32] = both.astype(np.float32)[:, None, :]
    return made


def filters(bands: int, size: int, rate: int, factor: float) -> npt.NDArray[np.float32]:
    """Triangular mel filters [bands, bins], their centres multiplied by ``factor`` (up to 0.8 of the highest
    frequency, and from there on by less, so that the highest stays where it is)."""
    top = rate / 2
    mels = np.linspace(_mel(min(LOWEST, top / 10)), _mel(top), bands + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    knee = 0.8 * top / max(factor, 1.0)
    slope = (top - knee * factor) / (top - knee)
    edges = np.where(edges <= knee, edges * factor, top - (top - edges) * slope)
    bins = np.arange(size // 2 + 1) * rate / size
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    # No filter is narrower than a bin, or the lowest ones would hear nothing.
    width = rate / size
    rise = (bins - np.minimum(low, middle - width)) / (middle - np.minimum(low, middle - width))
    fall = (np.maximum(high, middle + width) - bins) / (np.maximum(high, middle + width) - middle)
    bank = np.maximum(0.0, np.minimum(rise, fall))
    made: npt.NDArray[np.float32] = bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)
    return made.astype(np.float32)


def _mel(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


def equaliser(n: int, bands: int, tone: float, device: torch.device) -> Tensor:
    """Factors of power float32 [n, bands, 1]: straight lines between :data:`KNOTS` gains in decibels, each of
    deviation ``tone``."""
    gains = tone * torch.randn(n, 1, KNOTS, device=device)
    curve = functional.interpolate(gains, size=bands, mode="linear", align_corners=True)
    return torch.pow(10.0, curve / 10.0).transpose(1, 2)


def retimed(x: Tensor, tempo: float) -> Tensor:
    """``x`` [n, bands, frames], each row faster or slower about its middle by up to ``tempo`` (logarithmic),
    zero where nothing was."""
    last = x.shape[2] - 1
    factor = torch.exp((2 * torch.rand(len(x), 1, device=x.device) - 1) * tempo)
    place = (torch.arange(last + 1, device=x.device) - last / 2) * factor + last / 2
    inside = (place >= 0) & (place <= last)
    place = place.clamp(0, last)
    low = place.floor().to(torch.int64)
    part = (place - low).unsqueeze(1)
    high = (low + 1).clamp(max=last)
    before = torch.gather(x, 2, low.unsqueeze(1).expand(-1, x.shape[1], -1))
    behind = torch.gather(x, 2, high.unsqueeze(1).expand(-1, x.shape[1], -1))
    return (before * (1 - part) + behind * part) * inside.unsqueeze(1)


def blanked(x: Tensor, axis: int, most: float, times: int) -> Tensor:
    """``x`` [n, bands, frames] with ``times`` stretches of up to ``most`` of an axis at zero, in each row."""
    length = x.shape[axis]
    place = torch.arange(length, device=x.device)
    for _ in range(times):
        width = torch.rand(len(x), 1, device=x.device) * most * length
        start = torch.rand(len(x), 1, device=x.device) * (length - width)
        keep = (place < start) | (place >= start + width)
        x = x * (keep.unsqueeze(2) if axis == 1 else keep.unsqueeze(1))
    return x


class Spectrogram(nn.Module):
    """A log-mel front and convolutions with pooling; int16 [n, samples] to features float32 [n, width].

    What comes out of the convolutions is pooled over time as a mean and a maximum, so a word may stand
    anywhere in the clip.
    """

    def __init__(
        self,
        samples: int,
        rate: int,
        bands: int = 40,
        widths: tuple[int, ...] = (24, 48, 72, 96),
        warp: float = 0.07,
        masks: float = 1.0,
        dropout: float = 0.1,
        tone: float = 0.0,
        tempo: float = 0.0,
    ) -> None:
        super().__init__()
        self.front = LogMel(samples, rate, bands, warp, masks, tone, tempo)
        first, *others = widths
        # Most of the time would go into the first layers, so the very first one halves both axes, and again.
        layers: list[nn.Module] = [
            nn.BatchNorm2d(1),
            nn.Conv2d(1, first, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
        before = first
        for number, width in enumerate(others):
            layers += [
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            if number == 1:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            layers.append(nn.Dropout2d(dropout))
            before = width
        # Channels last: a third faster on a CPU.
        self.body = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.join = nn.Conv2d(before, 2 * before, (-(-bands // 8), 1), bias=False)
        self.norm = nn.BatchNorm2d(2 * before)
        self.width = 4 * before

    def forward(self, x: Tensor) -> Tensor:
        seen = self.front(x).contiguous(memory_format=torch.channels_last)
        found = functional.relu(self.norm(self.join(self.body(seen)))).squeeze(2)
        return torch.cat([found.mean(dim=2), found.amax(dim=2)], dim=1)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of sounds, from the keys ``bands``, ``width``, ``warp``, ``tone`` (decibels), ``tempo``,
    ``masks``, ``dropout``."""
    rate = given.rate or DEFAULT_RATE
    bands = int(config.get("bands", 40 if rate <= 8000 else 64))
    base = int(config.get("width", 24))
    return cast(
        nn.Module,
        Spectrogram(
            given.shape[0],
            rate,
            bands,
            (base, 2 * base, 3 * base, 4 * base),
            float(config.get("warp", 0.07)),
            float(config.get("masks", 1.0)),
            float(config.get("dropout", 0.1)),
            float(config.get("tone", 0.0)),
            float(config.get("tempo", 0.0)),
        ),
    )
