"""A picture as it is shown to people: its pixels, enlarged where there are few, and heat laid over them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Pixels, data_uri, png
from modelwright.runtime.signature import Tensor

SIDE = 112
"""Pixels of a page that the longer side of a small picture gets, about."""
MOST = 160
"""Pixels of the longer side beyond which a picture is shown smaller."""
QUALITY = 85
"""Of JPEG, for colour pictures whose PNG is larger."""
FOR, AGAINST = (38, 98, 217), (212, 105, 15)
"""Colours of what speaks for an answer and against it: told apart by everybody."""


def show(cell: Any, tensor: Tensor | None, alt: str, caption: str) -> Picture:
    """``cell`` uint8 [channels, height, width]."""
    pixels = seen(cell)
    height, width = shown_size(*pixels.shape[:2])
    return Picture(alt, caption, encoded(pixels), width, height)


def seen(cell: npt.NDArray[Any]) -> Pixels:
    """[h, w] or [h, w, 3], of at most :data:`MOST` pixels a side (means of blocks)."""
    pixels = np.asarray(cell, dtype=np.uint8).transpose(1, 2, 0)
    step = -(-max(pixels.shape[:2]) // MOST)
    if step > 1:
        height, width = (pixels.shape[0] // step) * step, (pixels.shape[1] // step) * step
        blocks = pixels[:height, :width].reshape(height // step, step, width // step, step, -1)
        pixels = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def shown_size(height: int, width: int) -> tuple[int, int]:
    """Small pictures several times as large, by a whole number."""
    times = max(1, round(SIDE / max(height, width)))
    return height * times, width * times


def encoded(pixels: Pixels) -> str:
    """As PNG; colour as JPEG where that is smaller, and Pillow is there."""
    exact = png(pixels)
    if pixels.ndim == 3 and len(exact) > 4000:
        try:
            from PIL import Image
        except ImportError:
            return data_uri(exact, "image/png")
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
        if file.tell() < len(exact):
            return data_uri(file.getvalue(), "image/jpeg")
    return data_uri(exact, "image/png")


def heated(pixels: Pixels, heat: npt.NDArray[np.float64]) -> Pixels:
    """The picture in grey with its heat, -1 to 1 [h, w], in colour over it: [h, w, 3]."""
    grey = pixels if pixels.ndim == 2 else pixels @ np.array([0.299, 0.587, 0.114])
    ground = np.repeat(np.asarray(grey, dtype=np.float64)[:, :, None], 3, axis=2) * 0.75 + 40
    colour = np.where(heat[:, :, None] > 0, np.array(FOR), np.array(AGAINST))
    share = 0.8 * np.abs(heat)[:, :, None]
    return np.asarray(np.clip(np.rint(ground * (1 - share) + colour * share), 0, 255), dtype=np.uint8)
