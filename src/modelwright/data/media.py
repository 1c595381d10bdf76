"""What a raw column of bytes, or of lists of numbers, holds: told from its cells, never from its name."""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

import polars as pl

Media = Literal["image", "audio", "series"]

_IMAGES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"P5",
    b"P6",
)
_SOUNDS = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"FORM", b".snd")
_LOOKED_AT = 200
_LEAST_STEPS = 4
"""Numbers in a list from which it is a series, and not a pair of coordinates."""


def kind_of(series: pl.Series) -> Media | None:
    """The kind of most of the first cells that are there; None where they are neither."""
    present = series.drop_nulls().head(_LOOKED_AT)
    if present.dtype == pl.Binary:
        found = Counter(kind_of_bytes(cell) for cell in present.to_list())
        kind, count = found.most_common(1)[0] if found else (None, 0)
        return kind if kind is not None and 2 * count >= len(present) else None
    if present.dtype == pl.String and len(present):
        return "series" if all(_is_list(cell) for cell in present.to_list()) else None
    return None


def kind_of_bytes(content: bytes) -> Media | None:
    """By the mark that files begin with."""
    head = content[:16]
    if head[:4] == b"RIFF":
        return "image" if head[8:12] == b"WEBP" else "audio"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in (b"avif", b"heic", b"mif1") else "audio"
    if head.startswith(_IMAGES):
        return "image"
    return "audio" if head.startswith(_SOUNDS) else None


def _is_list(cell: str) -> bool:
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return False
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return False
    rows = values if values and isinstance(values[0], list) else [values]
    numbers = all(
        value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
        for row in rows
        if isinstance(row, list)
        for value in row
    )
    return numbers and max((len(row) for row in rows if isinstance(row, list)), default=0) >= _LEAST_STEPS
