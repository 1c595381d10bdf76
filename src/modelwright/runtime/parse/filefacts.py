"""What a log may tell of a cell of media instead of the cell: its format and its size, and a digest by which
the same content is known again. Nothing is decoded but heads."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np

from modelwright.runtime.parse import sounds
from modelwright.runtime.parse.image import FORMATS
from modelwright.runtime.signature import Tensor


def told(tensor: Tensor, cell: Any) -> str:
    """Such as "PNG, 640 x 480, 81,204 bytes, 3688a3e851236a9c": for people and logs, and not to be parsed."""
    if isinstance(cell, (bytes, bytearray)):
        content = bytes(cell)
        parts = _picture(content) if tensor.kind == "image" else _sound(content)
        parts.append(f"{len(content):,} bytes")
    else:
        array = np.asarray(cell if not isinstance(cell, str) else list(cell.encode()))
        if array.dtype.kind == "O":
            array = np.frombuffer(repr(cell).encode(), dtype=np.uint8)
            parts = []
        else:
            parts = [f"{len(cell):,} characters"] if isinstance(cell, str) else [_sides(array)]
        content = np.ascontiguousarray(array).tobytes()
    return ", ".join([*parts, hashlib.blake2b(content, digest_size=8).hexdigest()])


def _sides(array: Any) -> str:
    return " x ".join(f"{side:,}" for side in array.shape) + (" numbers" if array.ndim == 1 else "")


def _picture(content: bytes) -> list[str]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=[f for f in FORMATS if f in Image.OPEN]) as opened:
            return [str(opened.format), f"{opened.width} x {opened.height}"]
    except Exception:  # as in image.py: Pillow's readers raise whatever they meet
        return ["an image"]


def _sound(content: bytes) -> list[str]:
    import soundfile

    form = sounds.format_of(content[:16]).upper() or "a sound"
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            rate = int(file.samplerate)
            seconds = int(file.frames) / max(rate, 1)
            return [form, f"{rate:,} Hz", *([f"{seconds:.3g} s"] if seconds < 1e6 else [])]
    except (soundfile.SoundFileError, RuntimeError, ValueError):
        return [form]
