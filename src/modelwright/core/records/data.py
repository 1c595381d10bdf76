"""Records of what we have: from raw text to typed rows, parted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from modelwright.core.records.blob import Blob

Kind = Literal["number", "boolean", "category", "date", "text", "image", "audio", "series"]
"""Kinds of a typed column. In frames: number and boolean are Float64 (1.0 and 0.0 for booleans),
category and text are String, date is Int64 (microseconds since 1970 in UTC); image, audio and series are
Array (UInt8, Int16, Float32) of one length, its shape in the column's last operation. Missing is null."""

Role = Literal["input", "target", "weight", "key", "later", "group", "time", "sensitive", "ignored"]
"""Only ``input`` columns are ever seen by a model. A column with several duties has the first that
applies in: target, weight, key, later, group, time, sensitive, ignored, input. (``time`` and
``sensitive`` columns may be inputs too: see ``Column.is_input``.)"""

ROW = "__row__"
"""Int64 column of every frame after collect: the row's position in what was collected (0-based)."""
PARTED = "__parted__"
"""What rows are parted by in place of the target, of its type: that of a run before labels were corrected.
Codes beyond the classes are labels that no row has any more, and rows that had none. Only there where the
goal names corrections."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One thing that was read, as it was when it was read."""

    name: str
    """File name, or the database's address without credentials, and the query."""
    format: str
    rows: int
    columns: int
    bytes: int
    digest: str
    modified: str = field(default="", metadata={"key": False})
    """ISO 8601, UTC, of the source; empty where unknown."""
    details: dict[str, str] = field(default_factory=dict)
    """What the reader found: encoding, delimiter, header, sheet, ..."""


@dataclass(frozen=True, slots=True)
class ReadPart:
    """One file, as much of it as was read: how to know it again."""

    name: str
    """Its path."""
    bytes: int
    digest: str
    lines: int
    ended: bool
    """Whether its last line was ended, so that what is appended is a line of its own."""


@dataclass(frozen=True, slots=True)
class Increment:
    """What has to be known of a source to add to its rows without reading them again."""

    columns: tuple[str, ...]
    """As they were read, before anything was put beside them."""
    facts: SourceFacts
    parts: tuple[ReadPart, ...] = ()
    upto: str | int | float | None = None
    """Of a database: the greatest value of the column that only grows."""


@dataclass(frozen=True, slots=True)
class Collected:
    """All rows as read: every value still text, number or null just as the source gave it."""

    table: Blob
    rows: int
    columns: tuple[str, ...]
    sources: tuple[SourceFacts, ...]
    digest: str
    """Digest of the content (of all sources), for the name of the run and for keys."""
    quarantined: int = 0
    quarantine: Blob | None = None
    """Broken rows as JSON lines: source, line, reason, text."""
    test_rows: int = 0
    """The last ``test_rows`` rows of the table came from ``data.test``."""
    licence: str = ""
    consent: str = ""
    collected: str = ""
    read_at: str = field(default="", metadata={"key": False})
    corrections: Blob | None = None
    """JSON: labels that a person has looked at, lists of ROW, the label looked at (or null), the right."""
    answers: Blob | None = None
    """JSON: labels that several people gave, lists of ROW, annotator, label."""
    beside: tuple[str, ...] = ()
    """Columns that say where a row came from, as the name of its file: never inputs."""
    part: str | None = None
    """The column that names the part of each row, where the source says so (folders train/ and test/)."""
    reading: Blob | None = None
    """JSON: the reader and what it settled by looking at the whole source, so that new rows can be read in
    the same way. None where nothing had to be settled."""
    increment: Increment | None = None
    """How to add to the rows of ``data.source``, where the goal asks for it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was collected of the same source before; the runner finds it where the goal reads increments."""

    collected: Collected | None = None
    run: str = ""


@dataclass(frozen=True, slots=True)
class CleanOperation:
    """One entry of the cleaning recipe of one column; its code is ``runtime/parse``'s file of that name."""

    name: str
    options: dict[str, Any]
    sentence: str
    """What it does, for a person: 'Read "?" as missing (583 cells)'."""
    changed: int = 0
    """Cells changed in the collected rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A typed column: how its text becomes values, and what it is for."""

    name: str
    kind: Kind
    role: Role
    is_input: bool
    operations: tuple[CleanOperation, ...] = ()
    unit: str = ""
    why: str = ""
    """Why this kind and role: inferred from what, or asked for by the goal."""
    winsorise: tuple[float, ...] | None = None
    """Of a column of numbers that the goal wants drawn in: two quantiles, or nothing for the robust rule."""

    @property
    def is_media(self) -> bool:
        """Whether cells are arrays and not values: they are not counted, compared or written as text."""
        return self.kind in ("image", "audio", "series")


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    column: str
    row: int
    before: str
    after: str
    operation: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Typed rows (``table``: one column per ``columns`` entry, plus ROW) and how they came about."""

    table: Blob
    rows: int
    columns: tuple[Column, ...]
    test_rows: int
    dropped_duplicates: int
    duplicates: int
    """Rows that are exactly equal to an earlier one, over all columns that are not keys."""
    examples: tuple[BeforeAfter, ...] = ()
    part: str | None = None
    """As :attr:`Collected.part`."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Typed rows with a usable target, and what is to be predicted."""

    table: Blob
    """As Cleaned.table, rows without a target left out, plus ``__target__`` (Int64 code of the class, or
    Float64) and ``__weight__`` (Float64) where weights are given."""
    rows: int
    columns: tuple[Column, ...]
    problem: Literal["binary", "multiclass", "regression"]
    target: str
    classes: tuple[str, ...]
    """In the order of their codes; empty for regression. For binary, code 1 is the positive class."""
    positive: str | None
    weighted: bool
    test_rows: int
    unlabelled: int
    """Rows left out because their target is missing."""
    why: str = ""
    """Why this problem and this positive class."""
    weak: int = 0
    """Rows whose label was made by rules: those with ``__weak__`` true in the table."""
    process: str = ""
    """How several people labelled the rows, and how far they agree; empty where the data came with labels."""
    part: str | None = None
    """As :attr:`Collected.part`."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    name: str
    kind: Kind
    role: Role
    is_input: bool
    count: int
    missing: int
    distinct: int
    numbers: dict[str, float] = field(default_factory=dict)
    """For numbers and dates: min, max, mean, std, q01, q05, q25, q50, q75, q95, q99, skew, kurtosis."""
    top: tuple[tuple[str, int], ...] = ()
    """Most frequent values of categories (at most 50), with counts, most frequent first."""
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    """Histogram of numbers and dates: counts between consecutive edges."""
    lengths: dict[str, float] = field(default_factory=dict)
    """For text: min, mean, max of the length in words."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What needs no target: all rows, column by column and as a table."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    numbers: dict[str, float] = field(default_factory=dict)
    """Of the table: missing cells, duplicate rows, memory in bytes, ..."""


@dataclass(frozen=True, slots=True)
class Development:
    """Rows that models may learn from and be chosen on. ``table``: Labelled's columns plus

    ``__fold__`` Int64: with ``scheme`` "holdout", 0 = training, 1 = validation; with "cv", the fold
    (0 .. folds-1) of the first repeat, further repeats in ``__fold_1__``, ``__fold_2__``, ...
    """

    table: Blob
    rows: int
    columns: tuple[Column, ...]
    problem: Literal["binary", "multiclass", "regression"]
    target: str
    classes: tuple[str, ...]
    positive: str | None
    weighted: bool
    scheme: Literal["holdout", "cv"]
    folds: int
    repeats: int
    group: str | None
    """Column that groups rows; rows of a group share a fold."""
    time: str | None
    """Column that orders rows; folds are then made of contiguous blocks of time."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The test rows. Nothing before ``test`` may take this record; the plan refuses it."""

    table: Blob
    rows: int
    digest: str
    """Of the content of the rows: who opens the same rows again is counted."""
    group: str | None
    time: str | None


@dataclass(frozen=True, slots=True)
class Split:
    development: Development
    sealed: Sealed
    kind: Literal["stratified", "random", "group", "time", "column", "file", "outer folds", "leave one out"]
    counts: dict[str, int]
    """Rows in train, validation (0 with cross-validation), test."""
    why: str
    outer: int = 1
    """How many outer folds there are; with more than one, ``development`` and ``sealed`` are the last
    fold's and the parts of each fold are in ``outer_parts``."""
    outer_parts: tuple[tuple[Development, Sealed], ...] = ()
