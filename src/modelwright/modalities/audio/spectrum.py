"""The spectrogram of a sound, there and back: windows of about 32 ms, each with its frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SECONDS = 0.032
RATE = 16_000
"""Assumed where a column does not say its own."""
RANGE = 70.0
"""Decibels below the loudest that are drawn."""

Complex = npt.NDArray[np.complex128]


def window_of(rate: int) -> int:
    """Samples of a window: a power of two."""
    return int(2 ** np.clip(round(np.log2((rate or RATE) * SECONDS)), 5, 12))


def spectrum(samples: npt.NDArray[Any], size: int) -> Complex:
    """Frames by frequencies, [f, size // 2 + 1], with a quarter of a window between frames."""
    hop = size // 4
    padded = np.pad(samples.astype(np.float64), (size, size + hop))
    starts = np.arange(0, len(padded) - size + 1, hop)
    frames = padded[starts[:, None] + np.arange(size)[None, :]] * np.hanning(size + 1)[:-1]
    return np.asarray(np.fft.rfft(frames, axis=1))


def samples_of(frames: Complex, size: int, length: int) -> npt.NDArray[np.float64]:
    """The sound whose spectrum it is, by overlapping and adding (Griffin and Lim, 1984): float64 [length]."""
    hop = size // 4
    shape = np.hanning(size + 1)[:-1]
    pieces = np.fft.irfft(frames, size, axis=1) * shape
    total = np.zeros(hop * (len(frames) - 1) + size)
    weight = np.zeros_like(total)
    for place, piece in enumerate(pieces):
        total[place * hop : place * hop + size] += piece
        weight[place * hop : place * hop + size] += shape**2
    made = total / np.maximum(weight, 1e-9)
    return made[size : size + length]


def decibels(frames: Complex) -> npt.NDArray[np.float64]:
    """0 for the loudest, and down to ``-RANGE``: [f, frequencies]."""
    power = np.abs(frames) ** 2
    top = float(power.max(initial=0.0))
    if top <= 0:
        return np.full(power.shape, -RANGE)
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power / top, 1e-12)), -RANGE))
