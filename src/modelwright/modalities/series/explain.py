"""What of a series an answer rests on: the answer with one stretch after the other made flat."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Parts
from modelwright.modalities.series.show import drawn
from modelwright.runtime.signature import Tensor

STRETCHES = 16
MOST = 64
"""Parts of all channels; with many channels stretches are longer."""


def _stretches(channels: int, steps: int) -> list[tuple[int, int, int]]:
    """(channel, beginning, end) of every part."""
    count = int(np.clip(MOST // channels, 1, min(STRETCHES, steps)))
    edges = np.linspace(0, steps, count + 1).round().astype(int).tolist()
    return [(c, a, b) for c in range(channels) for a, b in itertools.pairwise(edges)]


class _Explain:
    def parts(self, cell: Any, tensor: Tensor | None) -> Parts:
        """Each stretch at the mean of its channel; steps that are not there stay so."""
        there = np.isfinite(cell)
        sums = np.where(there, cell, 0).sum(axis=1, dtype=np.float64)
        means = sums / np.maximum(there.sum(axis=1), 1)
        made, names = [], []
        for channel, start, end in _stretches(*cell.shape):
            flat = cell.copy()
            flat[channel, start:end] = np.where(there[channel, start:end], means[channel], np.nan)
            made.append(flat)
            of = f" of channel {channel + 1}" if len(cell) > 1 else ""
            names.append(f"steps {start} to {end - 1}{of}")
        return Parts(np.stack(made), tuple(names))

    def picture(
        self, cell: Any, tensor: Tensor | None, weights: npt.NDArray[np.float64], alt: str, caption: str
    ) -> Picture:
        largest = float(np.abs(weights).max(initial=0.0))
        heat = np.zeros(cell.shape)
        for (channel, start, end), weight in zip(_stretches(*cell.shape), weights, strict=True):
            heat[channel, start:end] = weight / largest if largest > 0 else 0.0
        return drawn(cell, heat, alt, caption)


EXPLAIN = _Explain()
