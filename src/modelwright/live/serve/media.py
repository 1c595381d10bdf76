"""Fields that hold images, sounds or series: checked and read once, and told of in the log without their
content.

An image or a sound is base64 text (or a data URI) of a file's content, a series a list of numbers or its
text. A text is never taken for a path. What the log keeps is a line about the file and what is measured of it
(``runtime/parse/measures.py``), by which drift is watched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadBundle
from modelwright.runtime.describe import InputColumn
from modelwright.runtime.parse import UNREAD, ColumnParser, audio, filefacts, image, measures, series
from modelwright.runtime.parse.sent import content
from modelwright.runtime.signature import Tensor

EXPECTED: Final = {
    "image": "the content of an image file (PNG, JPEG, ...) as base64 text",
    "audio": "the content of a sound file (WAV, FLAC, OGG, MP3) as base64 text",
    "series": "a list of numbers",
}
VALUES: Final = 64_000_000
"""Values of one column's arrays in one request, at most: bounds the memory that small texts can claim."""
EXCESS: Final = 5.0
"""As for numbers: mean excesses beyond the outermost bin after which a measure is out of range."""
Range = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Read:
    """One cell: its array (None: missing), what the log keeps of it, and measures far outside those seen."""

    array: npt.NDArray[Any] | None
    kept: dict[str, Any]
    outside: tuple[str, ...] = ()
    problem: str = ""
    """Why the cell refuses its row; empty where it does not."""
    type_wrong: bool = False


class MediaColumn:
    """What one column's cells are read by. Changes nothing of itself."""

    def __init__(
        self, column: InputColumn, parser: ColumnParser, tensor: Tensor, entry: Mapping[str, Any]
    ) -> None:
        self.name = column.name
        self.kind = column.kind
        self.private = column.private
        self.tensor = tensor
        self._parser = parser
        self._names = measures.columns(tensor)
        self._ranges = _ranges(tensor, entry)
        channels = tensor.shape[0] if tensor.kind == "series" else 1
        several = f", or {channels} lists of them" if channels > 1 else ""
        self.expected = EXPECTED[column.kind] + several
        self.rows = max(1, VALUES // max(1, tensor.size))
        """Rows of one request."""
        _installed(tensor.kind, column.name)

    def read(self, value: Any) -> Read:
        if value is None:
            return Read(None, dict.fromkeys((self.name, *self._names)))
        kind = self.kind
        cell = value
        if kind == "series":
            if type(value) is not list and type(value) is not str:
                return Read(None, {}, type_wrong=True)
        elif type(value) is str:
            if not value.strip():
                return Read(None, dict.fromkeys((self.name, *self._names)))
            cell = content(value)
            if cell is None:
                return Read(None, {}, problem="a text that is neither base64 nor a data URI")
        elif kind == "audio" or type(value) is not list:
            return Read(None, {}, type_wrong=True)
        made = self._parser.value(cell)
        if made is None:
            return Read(None, dict.fromkeys((self.name, *self._names)))
        if made is UNREAD or not isinstance(made, np.ndarray):
            return Read(None, {}, problem=why(self.tensor, cell))
        found = measures.measure(self.tensor, made[None])[0]
        kept: dict[str, Any] = {self.name: filefacts.told(self.tensor, cell)}
        kept |= {name: float(f"{v:.6g}") for name, v in zip(self._names, found, strict=True)}
        outside = tuple(
            f"{measures.called(name, self.name)} is {value:.4g}, far outside the values seen: "
            f"from {low:.4g} to {high:.4g}"
            for (name, low, high), value in zip(self._ranges, found, strict=True)
            if not low <= value <= high
        )
        return Read(made, kept, outside)


def why(tensor: Tensor, cell: Any) -> str:
    """Why a cell cannot be read, for a person, without its content."""
    if tensor.kind == "image":
        return image.look(cell).why or "an image that cannot be used"
    if tensor.kind == "audio":
        return audio.look(cell).problem or "a sound that cannot be used"
    found = series.matrix(cell)
    if isinstance(found, str):
        return found
    return f"{found.shape[0]} x {found.shape[1]} numbers, where the model takes {tensor.shape[0]} channels"


def _ranges(tensor: Tensor, entry: Mapping[str, Any]) -> list[Range]:
    """Name of each measure, and the values that pass without a warning, as ``validate.span`` has them."""
    made: list[Range] = []
    told = entry.get("measures") or {}
    for name in measures.names(tensor):
        held = told.get(name) or {}
        edges, means = held.get("edges") or [], held.get("means") or []
        low, high = -np.inf, np.inf
        if edges and len(means) == len(edges) + 1:
            low = edges[0] - EXCESS * max(0.0, edges[0] - means[0])
            high = edges[-1] + EXCESS * max(0.0, means[-1] - edges[-1])
        made.append((name, low, high))
    return made


_NEEDED: Final[dict[str, tuple[str, str]]] = {
    "image": ("PIL", "Pillow"),
    "audio": ("soundfile", "soundfile"),
}


def _installed(kind: str, column: str, find: Callable[[str], Any] | None = None) -> None:
    """Raises :class:`BadBundle` at the start of a server rather than at its first request."""
    from importlib.util import find_spec

    module, package = _NEEDED.get(kind, ("", ""))
    if module and (find or find_spec)(module) is None:
        raise BadBundle(
            f"the column {column!r} holds {kind} files, which are read with the package {package}; it is not "
            "installed here",
            code="bundle.package-absent",
            hint=f"pip install {package}",
        )
