"""References to stored values, so that records stay small and JSON while stages pass whole tables.

A stage says ``Blob.of(frame, "table")`` and reads ``record.rows.get()``: it never sees the store. The
runner puts values into the store when it keeps a record and attaches an opener when it reads one back.
Stages can therefore be tried with plain objects and no runner.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

Kind = Literal["table", "arrays", "json", "bytes", "text"]
"""``table``: a polars frame; ``arrays``: dict of name to numpy array (no objects); ``json``: anything
JSON; ``bytes``; ``text``."""


class Blob:
    """A value that lives in the store, or that soon will. Equal when the content is equal (by digest)."""

    __slots__ = ("_open", "_value", "digest", "kind", "path", "size")

    def __init__(self, kind: Kind, digest: str = "", size: int = 0) -> None:
        self.kind: Kind = kind
        self.digest = digest
        """sha256 of the stored bytes, in hexadecimal; empty until stored."""
        self.size = size
        self.path: Path | None = None
        """Where the stored bytes are, once stored (worker processes map this file)."""
        self._value: Any = None
        self._open: Callable[[], Any] | None = None

    @classmethod
    def of(cls, value: Any, kind: Kind) -> Blob:
        """A blob that holds ``value`` in memory."""
        blob = cls(kind)
        blob._value = value
        return blob

    def attach(self, path: Path, opener: Callable[[], Any]) -> None:
        """Say how to read the value back. Called by the store alone."""
        self.path = path
        self._open = opener

    @property
    def held(self) -> bool:
        """Whether the value is in memory now."""
        return self._value is not None

    def get(self) -> Any:
        """The value; read once and then kept. Treat it as read-only."""
        if self._value is None:
            if self._open is None:
                raise RuntimeError(f"a {self.kind} blob ({self.digest[:12]}) was read before it was attached")
            self._value = self._open()
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Blob):
            return NotImplemented
        return self is other or (bool(self.digest) and self.digest == other.digest)

    def __hash__(self) -> int:
        return hash((self.kind, self.digest))

    def __repr__(self) -> str:
        return f"Blob({self.kind}, {self.digest[:12] or 'in memory'}, {self.size} bytes)"
