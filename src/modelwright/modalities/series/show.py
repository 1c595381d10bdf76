"""A series as it is shown to people: a line for each channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Pixels, data_uri, png
from modelwright.modalities.image.show import AGAINST, FOR
from modelwright.runtime.signature import Tensor

WIDTH, HEIGHT = 480, 112
"""Pixels of one channel; shown at half the size."""
CHANNELS = 4
"""Channels that are drawn."""
INK, GAP = (40, 46, 54), (236, 236, 232)


def show(cell: Any, tensor: Tensor | None, alt: str, caption: str) -> Picture:
    """``cell`` float32 [channels, steps], NaN where nothing is there."""
    return drawn(cell, np.zeros(cell.shape), alt, caption)


def drawn(cell: Any, heat: npt.NDArray[np.float64], alt: str, caption: str) -> Picture:
    """The lines, with -1 to 1 behind each step [channels, steps] in colour."""
    lines = [_line(cell[c], heat[c]) for c in range(min(len(cell), CHANNELS))]
    pixels = np.concatenate(lines, axis=0)
    if len(cell) > CHANNELS:
        caption = f"{caption} (the first {CHANNELS} of {len(cell)} channels)"
    return Picture(alt, caption, data_uri(png(pixels), "image/png"), WIDTH // 2, len(pixels) // 2)


def _line(values: npt.NDArray[Any], heat: npt.NDArray[np.float64]) -> Pixels:
    steps = len(values)
    made = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    at = np.linspace(0, steps - 1, WIDTH)
    near = at.round().astype(int)
    share = np.abs(heat[near])[:, None] * 0.75
    colour = np.where(heat[near][:, None] > 0, np.array(FOR), np.array(AGAINST))
    made[:] = np.rint(255 * (1 - share) + colour * share).astype(np.uint8)[None]
    there = np.isfinite(values)
    made[:, ~there[near]] = GAP
    if not there.any():
        return made
    low, high = float(values[there].min()), float(values[there].max())
    spread = high - low if high > low else 1.0
    known = np.where(there, values, low).astype(np.float64)
    height = np.interp(at, np.arange(steps), known)
    place = (HEIGHT - 7) - (height - low) / spread * (HEIGHT - 14)
    for x in range(WIDTH):
        before = place[x - 1] if x and there[near[x - 1]] else place[x]
        top, bottom = sorted((before, place[x]))
        if there[near[x]]:
            made[max(0, int(top) - 1) : int(bottom) + 2, x] = INK
    return made
