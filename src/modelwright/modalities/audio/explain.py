"""What of a sound an answer rests on: the answer with one part of its spectrum after the other silenced."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Parts, data_uri, png
from modelwright.modalities.audio.show import WIDTH, coloured, fitted
from modelwright.modalities.audio.spectrum import RATE, decibels, samples_of, spectrum, window_of
from modelwright.modalities.image.show import heated
from modelwright.runtime.signature import Tensor

TIMES, BANDS = 10, 6
"""Parts along time, and along frequency (of equal width on the mel scale; Stevens et al., 1937)."""


def _rate(tensor: Tensor | None) -> int:
    return tensor.rate if tensor is not None and tensor.rate else RATE


def _edges(frames: int, bins: int, rate: int) -> tuple[list[int], list[int]]:
    times = np.linspace(0, frames, min(TIMES, frames) + 1).round().astype(int).tolist()
    top = 2595 * np.log10(1 + rate / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, BANDS + 1) / 2595) - 1)
    bands = np.unique((hertz / (rate / 2) * (bins - 1)).round().astype(int)).tolist()
    return times, [*bands[:-1], bins]


class _Explain:
    def parts(self, cell: Any, tensor: Tensor | None) -> Parts:
        """The sound without each part of time and frequency."""
        rate = _rate(tensor)
        size = window_of(rate)
        frames = spectrum(cell, size)
        times, bands = _edges(len(frames), frames.shape[1], rate)
        made, names = [], []
        seconds = (size // 4) / rate
        hertz = rate / 2 / (frames.shape[1] - 1)
        for start, end in itertools.pairwise(times):
            for low, high in itertools.pairwise(bands):
                without = frames.copy()
                without[start:end, low:high] = 0
                heard = np.rint(samples_of(without, size, len(cell)))
                made.append(np.clip(heard, -32768, 32767).astype(np.int16))
                begins, ends = (max(0.0, place * seconds - size / rate) for place in (start, end))
                names.append(f"{begins:.2f} to {ends:.2f} s, {low * hertz:.0f} to {high * hertz:.0f} Hz")
        return Parts(np.stack(made), tuple(names))

    def picture(
        self, cell: Any, tensor: Tensor | None, weights: npt.NDArray[np.float64], alt: str, caption: str
    ) -> Picture:
        """The spectrogram, and below it its map."""
        rate = _rate(tensor)
        frames = spectrum(cell, window_of(rate))
        times, bands = _edges(len(frames), frames.shape[1], rate)
        heat = np.zeros(frames.shape)
        place = 0
        for start, end in itertools.pairwise(times):
            for low, high in itertools.pairwise(bands):
                heat[start:end, low:high] = weights[place]
                place += 1
        largest = float(np.abs(heat).max())
        spectrogram = coloured(decibels(frames))
        map_ = heated(spectrogram, fitted(heat / largest if largest > 0 else heat))
        gap = np.full((4, WIDTH, 3), 255, dtype=np.uint8)
        both = np.concatenate([spectrogram, gap, map_], axis=0)
        return Picture(alt, caption, data_uri(png(both), "image/png"), WIDTH, both.shape[0])


EXPLAIN = _Explain()
