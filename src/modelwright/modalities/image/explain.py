"""What of a picture an answer rests on: the answer with one patch after the other covered (Zeiler and Fergus,
2014). It needs the model's answers alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Parts
from modelwright.modalities.image.show import encoded, heated, seen, shown_size
from modelwright.runtime.signature import Tensor

GRID = 8
"""Steps of the patch along each side; it is two steps wide, so that neighbours overlap."""
GAP = 4
"""Pixels between the picture and its map."""


def _places(size: int) -> list[tuple[int, int]]:
    """Beginnings and ends of the patches along a side."""
    steps = min(GRID, size)
    edges = np.linspace(0, size, steps + 1).round().astype(int).tolist()
    wide = 2 if steps > 3 else 1
    return [(edges[i], edges[i + wide]) for i in range(steps - wide + 1)]


class _Explain:
    def parts(self, cell: Any, tensor: Tensor | None) -> Parts:
        """Patches of the picture's mean colour."""
        _, height, width = cell.shape
        mean = np.rint(cell.mean(axis=(1, 2))).astype(np.uint8)[:, None, None]
        made, names = [], []
        for top, bottom in _places(height):
            for left, right in _places(width):
                covered = cell.copy()
                covered[:, top:bottom, left:right] = mean
                made.append(covered)
                names.append(f"rows {top} to {bottom - 1}, columns {left} to {right - 1}")
        return Parts(np.stack(made), tuple(names))

    def picture(
        self, cell: Any, tensor: Tensor | None, weights: npt.NDArray[np.float64], alt: str, caption: str
    ) -> Picture:
        """The picture, and beside it its map: each pixel has the mean of the patches that cover it."""
        _, height, width = cell.shape
        heat, count = np.zeros((height, width)), np.zeros((height, width))
        place = 0
        for top, bottom in _places(height):
            for left, right in _places(width):
                heat[top:bottom, left:right] += weights[place]
                count[top:bottom, left:right] += 1
                place += 1
        heat /= np.maximum(count, 1)
        largest = float(np.abs(heat).max())
        pixels = seen(cell)
        tall, wide = pixels.shape[:2]
        rows, columns = np.arange(tall) * height // tall, np.arange(wide) * width // wide
        map_ = heated(pixels, (heat / largest if largest > 0 else heat)[rows][:, columns])
        plain = np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
        times = shown_size(tall, wide)[0] // tall
        gap = np.full((tall, max(1, GAP // times), 3), 255, dtype=np.uint8)
        both = np.concatenate([plain, gap, map_], axis=1)
        return Picture(alt, caption, encoded(both), both.shape[1] * times, tall * times)


EXPLAIN = _Explain()
