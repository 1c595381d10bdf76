"""Cells of images, sounds, series and texts as pictures: who draws them, and how pixels become a file.

How a kind of column is shown (``SHOWS``) and on which parts of a cell an answer rests (``EXPLAINS``) is said
in the modalities.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.core.registry import Registry
from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, Signature, Tensor

Cells = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]
_KINDS = ("image", "text", "audio", "series")


class Show(Protocol):
    def __call__(self, cell: Any, tensor: Tensor | None, alt: str, caption: str) -> Picture:
        """A cell (an array as in the graph's input, or a text) as it is shown to people."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A cell with one part after the other taken away: ``cells`` [p, *shape] (texts: object [p]), and what
    each part is called."""

    cells: Cells
    names: tuple[str, ...]


class Explain(Protocol):
    def parts(self, cell: Any, tensor: Tensor | None) -> Parts: ...

    def picture(
        self,
        cell: Any,
        tensor: Tensor | None,
        weights: npt.NDArray[np.float64],
        alt: str,
        caption: str,
    ) -> Picture:
        """The cell with its parts coloured. ``weights`` [p]: how much the answer loses without each part."""
        ...


SHOWS: Registry[Show] = Registry(
    "show", "modelwright.shows", {kind: f"modelwright.modalities.{kind}.show:show" for kind in _KINDS}
)
EXPLAINS: Registry[Explain] = Registry(
    "explanation", "modelwright.explains", {k: f"modelwright.modalities.{k}.explain:EXPLAIN" for k in _KINDS}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A column that can be shown: its kind, and where its cells are."""

    name: str
    kind: str
    place: int
    tensor: Tensor | None

    def cells(self, typed: Typed) -> Cells:
        """All cells of the column: [n, *shape], or object [n]."""
        return typed.strings[:, self.place] if self.tensor is None else typed.tensors[self.place]

    def is_there(self, cell: Any) -> bool:
        return cell not in (NULL_TEXT, "") if self.tensor is None else bool(np.any(cell))

    def picture(self, cell: Any, alt: str, caption: str) -> Picture:
        return SHOWS.get(self.kind)(cell, self.tensor, alt, caption)


def shown_columns(signature: Signature, private: frozenset[str], most: int = 3) -> tuple[Shown, ...]:
    """The columns that can be shown, media first; private ones never."""
    media = [Shown(t.name, t.kind, place, t) for place, t in enumerate(signature.tensors) if t.kind in SHOWS]
    texts = [Shown(n, "text", signature.strings.index(n), None) for n in signature.texts]
    return tuple([one for one in (*media, *texts) if one.name not in private][:most])


def pictures(
    column: Shown, cells: Sequence[Any], captions: Sequence[str], alts: Sequence[str] | None = None
) -> tuple[Picture, ...]:
    """One picture for each cell; a cell that is missing is said to be."""
    made = []
    for place, (cell, caption) in enumerate(zip(cells, captions, strict=True)):
        alt = f"{column.name}, {caption}" if alts is None else alts[place]
        there = column.is_there(cell)
        made.append(
            column.picture(cell, alt, caption) if there else Picture(alt, f"{caption} (nothing is there)")
        )
    return tuple(made)


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def png(pixels: Pixels) -> bytes:
    """A PNG file (ISO/IEC 15948) of grey [h, w] or colour [h, w, 3]: each line with the filter, of none, left
    and above, that leaves the smallest sum."""
    height, width = pixels.shape[:2]
    colours = 1 if pixels.ndim == 2 else 3
    lines = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(height, width * colours)
    left, above = lines.copy(), lines.copy()
    left[:, colours:] -= lines[:, :-colours]
    above[1:] -= lines[:-1]
    every = np.stack([lines, left, above])
    best = np.abs(every.view(np.int8).astype(np.int16)).sum(axis=2).argmin(axis=0)
    chosen = np.take_along_axis(every, best[None, :, None], axis=0)[0]
    packed = np.concatenate([best.astype(np.uint8)[:, None], chosen], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if colours == 3 else 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(packed.tobytes(), 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def wav(samples: Cells, rate: int) -> bytes:
    """A WAV file of one channel of 16 bits."""
    data = np.asarray(samples, dtype="<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def as_given(cell: Any, tensor: Tensor) -> Any:
    """A cell in the form in which users send it: a PNG file, a WAV file, or lists of numbers (None for a step
    that is not there); None where it is missing."""
    if tensor.kind == "series":
        return [[None if v != v else float(v) for v in channel] for channel in cell.tolist()]
    if not np.any(cell):
        return None
    if tensor.kind == "audio":
        return wav(cell, tensor.rate or 16_000)
    pixels = cell.transpose(1, 2, 0)
    return png(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
