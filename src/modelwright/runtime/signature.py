"""The inputs of the graph: which columns, of which kinds, in which order; and how null is said.

The graph has at most three inputs, because each costs microseconds a row: ``numbers`` float64 [N, a]
(numbers, then booleans as 0 and 1), ``strings`` [N, b] (categories and texts), ``times`` int64 [N, c]
(microseconds since 1970, UTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NULL_TEXT = "\x00null"
"""Missing, in a string tensor: a string tensor would silently turn None into 'None'."""
NULL_TIME = -(2**63)
"""Missing, in a time tensor: the smallest int64."""


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

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + self.strings + self.times

    def to_json(self) -> dict[str, Any]:
        return {
            "numbers": list(self.numbers),
            "strings": list(self.strings),
            "times": list(self.times),
            "texts": list(self.texts),
            "booleans": list(self.booleans),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Signature:
        return cls(
            **{name: tuple(data[name]) for name in ("numbers", "strings", "times", "texts", "booleans")}
        )
