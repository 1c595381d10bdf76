"""A sound as it is shown to people: its spectrogram, and the sound itself where it is short."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Pixels, data_uri, png, wav
from modelwright.modalities.audio.spectrum import RANGE, RATE, decibels, spectrum, window_of
from modelwright.runtime.signature import Tensor

WIDTH, HEIGHT = 200, 80
MOST_SAMPLES = 24_000
"""Samples of a sound that is played (48 kB); of a longer one the loudest stretch."""
_STOPS = np.array(
    [[0, 0, 4], [60, 15, 110], [170, 45, 90], [245, 125, 30], [252, 250, 190]], dtype=np.float64
)
"""Colours from silent to loud: lightness alone tells them apart."""


def show(cell: Any, tensor: Tensor | None, alt: str, caption: str) -> Picture:
    """``cell`` int16 [samples]."""
    rate = tensor.rate if tensor is not None and tensor.rate else RATE
    pixels = coloured(decibels(spectrum(cell, window_of(rate))))
    played = loudest(cell)
    if len(played) < len(cell):
        caption = f"{caption} ({len(played) / rate:.1f} s of {len(cell) / rate:.1f} s are played)"
    sound = data_uri(wav(played, rate), "audio/wav")
    return Picture(alt, caption, data_uri(png(pixels), "image/png"), WIDTH, HEIGHT, sound)


def fitted(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Frames by frequencies as [HEIGHT, WIDTH] of a picture: low frequencies below."""
    rows = np.linspace(values.shape[1] - 1, 0, HEIGHT).round().astype(int)
    columns = np.linspace(0, len(values) - 1, WIDTH).round().astype(int)
    return np.asarray(values.T[rows][:, columns], dtype=np.float64)


def coloured(values: npt.NDArray[np.float64]) -> Pixels:
    """Decibels [f, frequencies] as pixels [HEIGHT, WIDTH, 3]."""
    share = (fitted(values) + RANGE) / RANGE * (len(_STOPS) - 1)
    low = np.minimum(share.astype(int), len(_STOPS) - 2)
    far = (share - low)[:, :, None]
    return np.asarray(np.rint(_STOPS[low] * (1 - far) + _STOPS[low + 1] * far), dtype=np.uint8)


def loudest(cell: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The stretch of at most :data:`MOST_SAMPLES` with the most energy."""
    if len(cell) <= MOST_SAMPLES:
        return cell
    energy = np.concatenate([[0.0], np.cumsum(cell.astype(np.float64) ** 2)])
    start = int(np.argmax(energy[MOST_SAMPLES:] - energy[:-MOST_SAMPLES]))
    return cell[start : start + MOST_SAMPLES]
