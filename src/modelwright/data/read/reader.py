"""What every reader is: it says what suits it, and gives rows as they stand with what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from modelwright.core.records.data import SourceFacts


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that is kept aside because it cannot be one of the table."""

    source: str
    line: int
    """Line (1-based) on which the row begins, in the source as given."""
    reason: str
    text: str

    def to_json(self) -> dict[str, str | int]:
        return {"source": self.source, "line": self.line, "reason": self.reason, "text": self.text}


@dataclass(frozen=True, slots=True)
class Read:
    """One source, read: all good rows, what was found, and the broken rows."""

    frame: pl.DataFrame
    facts: SourceFacts
    quarantine: tuple[BrokenRow, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What a person should know, one sentence each: "2 columns had no name and are called ..."."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a large source, in order."""

    frame: pl.DataFrame
    quarantine: tuple[BrokenRow, ...] = ()


class Reader(Protocol):
    """One format. ``source`` is a path, or the address of a database."""

    name: str

    def suits(self, source: str) -> bool:
        """Whether this reader is the one for the source, by its name alone."""

    def read(self, source: str, query: str | None = None) -> Read:
        """All rows. Raises :class:`~modelwright.core.errors.BadData` where the source is not usable."""


class Streaming(Protocol):
    """A reader that can also pass through sources larger than memory."""

    def batches(self, source: str, rows: int) -> Iterator[Batch]:
        """Rows in their order, at most about ``rows`` at a time, with the same columns in every batch."""
