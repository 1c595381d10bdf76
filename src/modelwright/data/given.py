"""Cells of media as a client would send them, made from arrays: for examples and for tests."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.runtime.signature import Tensor


def example_of(tensor: Tensor, options: dict[str, Any]) -> str | list[Any]:
    """A cell as JSON holds it, of nobody's data: a grey picture, a quiet tone, a slow wave."""
    if tensor.kind == "image":
        grey = png(np.full(tensor.shape, 128, dtype=np.uint8))
        return base64.b64encode(grey).decode("ascii")
    if tensor.kind == "audio":
        rate = int(options["rate"])
        length = min(tensor.size, max(1, rate // 10))
        tone = 3000 * np.sin(2 * np.pi * 440 * np.arange(length) / rate)
        return base64.b64encode(wav(np.rint(tone).astype(np.int16), rate)).decode("ascii")
    steps = np.arange(min(tensor.shape[1], 8))
    slow = np.tile(np.round(np.sin(steps / 2), 3), (tensor.shape[0], 1))
    if options.get("axis") == "steps" and tensor.shape[0] > 1:
        slow = slow.T
    listed: list[Any] = slow.tolist()
    return listed[0] if tensor.shape[0] == 1 else listed


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 [1 or 3, height, width] (W3C PNG, third edition): grey or colour, no filter."""
    channels, height, width = pixels.shape
    lines = pixels.transpose(1, 2, 0).reshape(height, width * channels)
    raw = np.concatenate([np.zeros((height, 1), dtype=np.uint8), lines.astype(np.uint8)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(raw.tobytes(), 6)), (b"IEND", b"")]
    made = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + made


def wav(samples: npt.NDArray[np.int16], rate: int) -> bytes:
    """A WAV file of int16 [n], one channel."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()
