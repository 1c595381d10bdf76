"""What every reader is: it says what suits it, and gives rows as they stand with what it found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from modelwright.core.records.data import SourceFacts
from modelwright.core.records.evidence import Severity
from modelwright.goal.sections import ReadingSection


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
class Said:
    """A choice of the reader that a person should know and can overrule: it becomes a finding."""

    code: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Read:
    """One source, read: all good rows, what was found, and the broken rows."""

    frame: pl.DataFrame
    facts: SourceFacts
    quarantine: tuple[BrokenRow, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What a person should know, one sentence each: "2 columns had no name and are called ..."."""
    said: tuple[Said, ...] = ()
    plan: Mapping[str, Any] | None = None
    """What was settled by looking at the whole source (JSON), so that new rows can be read in the same way;
    None where nothing had to be."""
    beside: tuple[str, ...] = ()
    """Columns that say where a row came from, and nothing of what it is: never inputs."""
    part: str | None = None
    """The column that names the part of each row (train, validation, test), where the source says so."""


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


class Planning(Protocol):
    """A reader that settles how a source becomes rows by looking at all of it, as of nested records.

    It takes several files as one source, since what one of them lacks may stand in another.
    """

    name: str
    takes: frozenset[str]
    """The keys of ``data.reading`` that it knows."""

    def read_all(
        self,
        sources: Sequence[str],
        wishes: ReadingSection,
        target: str | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> Read:
        """All rows of all files. With ``plan`` they are read by it, and nothing is settled anew."""

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        """Rows of one file by a plan, some at a time."""
