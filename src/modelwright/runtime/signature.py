"""The inputs of the graph: which columns, of which kinds, in which order; and how null is said.

Plain columns share at most three inputs, because each costs microseconds a row: ``numbers`` float64 [N, a]
(numbers, then booleans as 0 and 1), ``strings`` [N, b] (categories and texts), ``times`` int64 [N, c]
(microseconds since 1970, UTC). A column of images, sounds or series is a tensor of one shape and has an input
of its own, ``tensor_<j>`` [N, *shape]; a missing cell is all zeros there. NaN inside of a series is a step
that is not there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

NULL_TEXT = "\x00null"
"""Missing, in a string tensor: a string tensor would silently turn None into 'None'."""
NULL_TIME = -(2**63)
"""Missing, in a time tensor: the smallest int64."""
VALUES_AT_ONCE = 1_000_000
"""Values of arrays that pass a graph at once."""

TensorKind = Literal["image", "audio", "series", "tokens"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A column whose cells are arrays: images uint8 [channels, height, width], audio int16 [samples], series
    float32 [channels, steps], tokens int32 [length]."""

    name: str
    kind: TensorKind
    shape: tuple[int, ...]
    dtype: Literal["uint8", "int16", "int32", "float32"]
    rate: int = 0
    """Samples a second, of sounds."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def to_json(self) -> dict[str, Any]:
        told = {"name": self.name, "kind": self.kind, "shape": list(self.shape), "dtype": self.dtype}
        return told | ({"rate": self.rate} if self.rate else {})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Tensor:
        shape = tuple(int(n) for n in data["shape"])
        return cls(data["name"], data["kind"], shape, data["dtype"], int(data.get("rate", 0)))


@dataclass(frozen=True, slots=True)
class Signature:
    """Names of the input columns in the order of each tensor's columns."""

    numbers: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """Those of ``strings`` that are texts and not categories."""
    booleans: tuple[str, ...] = ()
    """Those of ``numbers`` that are booleans."""
    tensors: tuple[Tensor, ...] = ()
    """Columns with an input of their own, in the order of ``tensor_<j>``."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + self.strings + self.times + tuple(t.name for t in self.tensors)

    def at_once(self, most: int) -> int:
        """Rows that pass a graph at once: ``most``, fewer where cells are arrays, since what a network makes
        of an array on its way is many times as large."""
        size = sum(tensor.size for tensor in self.tensors)
        return most if not size else max(1, min(most, VALUES_AT_ONCE // size))

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "numbers": list(self.numbers),
            "strings": list(self.strings),
            "times": list(self.times),
            "texts": list(self.texts),
            "booleans": list(self.booleans),
        }
        if self.tensors:
            told["tensors"] = [tensor.to_json() for tensor in self.tensors]
        return told

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Signature:
        return cls(
            **{name: tuple(data[name]) for name in ("numbers", "strings", "times", "texts", "booleans")},
            tensors=tuple(Tensor.from_json(tensor) for tensor in data.get("tensors", ())),
        )


def tensor_input(place: int) -> str:
    """Name of the graph's input for ``Signature.tensors[place]``."""
    return f"tensor_{place}"
