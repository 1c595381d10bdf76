"""CSV and its relatives (tab, semicolon, pipe), with whatever encoding, header and broken rows they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import dialect as dialects
from modelwright.data.read import encoding as encodings
from modelwright.data.read import names as column_names
from modelwright.data.read import survey as surveys
from modelwright.data.read.dialect import Dialect
from modelwright.data.read.encoding import Encoding
from modelwright.data.read.limits import LARGEST_CELL, MOST_COLUMNS, check_columns, too_large
from modelwright.data.read.reader import Batch, BrokenRow, Read
from modelwright.data.read.records import first_end, is_regular, read_fast, read_slow, split_records
from modelwright.data.read.source import digest, existing, modified, plain_suffix

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".psv")
_SAMPLE = 256 * 1024
_MOST_BROKEN = 0.5


class CsvReader:
    """Every value stays text, exactly as given; an empty field is an empty text."""

    name = "csv"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        opening = _Opening(path)
        frames: list[pl.DataFrame] = []
        broken: list[BrokenRow] = []
        for batch in opening.batches():
            frames.append(batch.frame)
            broken += batch.quarantine
        frame = _whole(frames) if frames else opening.empty()
        if not frame.height:
            raise _no_rows(path, opening, broken)
        if len(broken) > _MOST_BROKEN * (frame.height + len(broken)):
            first = broken[0]
            raise BadData(
                f"{path.name}: {len(broken)} of {frame.height + len(broken)} rows are broken; the first on "
                f"line {first.line}: {first.reason}",
                code="data.broken",
                hint="check that the file is one table with one delimiter and one header",
            )
        survey = surveys.find(opening.given, frame) if opening.dialect.header else None
        if survey is not None:
            frame = survey.apply(frame.slice(1))
        facts = SourceFacts(
            name=path.name,
            format="csv",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
            details=opening.details(),
        )
        if survey is not None:
            return Read(frame, facts, tuple(broken), (), (survey.said(),), survey.to_json())
        return Read(frame, facts, tuple(broken), tuple(opening.notes))

    def behind(self, path: Path, start: int, details: Mapping[str, str]) -> Read:
        """The rows behind a byte where a line begins. The lines of broken rows count from there.

        ``details``: those of the facts of what stands before. Raises :class:`BadData` where the file would be
        read in another way now.
        """
        opening = _Opening(path)
        if opening.details() != {key: details.get(key) for key in opening.details()}:
            raise BadData(
                f"{path.name} would be read in another way now", code="data.broken", hint="read it whole"
            )
        frames: list[pl.DataFrame] = [opening.empty()]
        broken: list[BrokenRow] = []
        for batch in opening.batches(start):
            frames.append(batch.frame)
            broken += batch.quarantine
        frame = pl.concat(frames, rechunk=True)
        facts = SourceFacts(path.name, "csv", frame.height, frame.width, 0, "", details=opening.details())
        return Read(frame, facts, tuple(broken))

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        """Rows of an export with two header rows, as those of the one that the plan was made of."""
        survey = surveys.Survey.from_json(plan)
        for k, batch in enumerate(self.batches(source, rows)):
            frame = batch.frame
            if k == 0 and not survey.headed(frame):  # a plain table with the columns that were made then
                yield from self.batches(source, rows)
                return
            yield Batch(survey.apply(frame.slice(1) if k == 0 else frame), batch.quarantine)

    def batches(self, source: str, rows: int) -> Iterator[Batch]:
        for batch in _Opening(existing(source)).batches():
            if batch.frame.height <= rows:
                yield batch
                continue
            for k, part in enumerate(batch.frame.iter_slices(rows)):
                yield Batch(part, batch.quarantine if k == 0 else ())


def _whole(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """One frame of many, column by column: so both are in memory for one column only. Empties the list."""
    if len(frames) == 1:
        return frames[0]
    names = frames[0].columns
    parts = [frame.get_columns() for frame in frames]
    frames.clear()
    made = []
    for _ in names:
        made.append(pl.concat([columns.pop(0) for columns in parts], rechunk=True))
    return pl.DataFrame(made)


def _no_rows(path: Path, opening: _Opening, broken: list[BrokenRow]) -> BadData:
    if broken:
        first = broken[0]
        what = f"{path.name} has no sound row; the first broken one is on line {first.line}: {first.reason}"
    else:
        what = f"{path.name} has a header ({len(opening.names)} columns) and no rows"
    return BadData(what, code="data.no-rows", hint="write the data again, or name another file")


class _Opening:
    """One file, looked at: its encoding, dialect and names; then read from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding: Encoding = encodings.find(path)
        sample = b""
        whole = True
        for part in encodings.utf8(path, self.encoding):
            sample += part
            if len(sample) > _SAMPLE and (b"\n" in sample or len(sample) > 2 * LARGEST_CELL):
                whole = False
                break
        text = (
            sample[: max(_SAMPLE, sample.find(b"\n") + 1)].decode("utf-8", errors="ignore")
            if not whole
            else sample.decode("utf-8", "replace")
        )
        if not text.strip():
            raise BadData(
                f"{path.name} holds nothing but white space", code="data.empty", hint="write the data again"
            )
        if not whole and len(sample) > 2 * LARGEST_CELL and b"\n" not in sample:
            raise too_large(path.name, "line 1")
        first = text.partition("\n")[0]
        if max(first.count(mark) for mark in dialects.DELIMITERS) > 10 * MOST_COLUMNS:
            check_columns(max(first.count(mark) for mark in dialects.DELIMITERS) + 1, path.name)
        self.dialect: Dialect = dialects.find(text, whole)
        check_columns(self.dialect.width, path.name)
        if path.suffix.lower() == ".tsv" and self.dialect.width == 1:
            self.dialect = replace(self.dialect, delimiter="\t")
        self.given: list[str] = []
        """The header as it stands, with its blanks."""
        self.names, self.notes = self._header()
        if self.encoding.lossy:
            self.notes.append(
                "Some bytes are not valid UTF-8, as where encodings were mixed: single ones were read as "
                "Windows-1252, others as \N{REPLACEMENT CHARACTER}."
            )

    def _pieces(self, start_at: int = 0) -> Iterator[tuple[bytes, int]]:
        """Text that ends where records end, with its first line's number; leading blank lines are off."""
        line = 1
        begun = False
        for piece in split_records(encodings.utf8(self.path, self.encoding, start_at), self.dialect):
            start = 0
            if not begun:
                while start < len(piece) and piece[start] in b"\r\n":
                    start += 1
                line += piece.count(b"\n", 0, start)
                if start == len(piece):
                    continue
                begun = True
            yield piece[start:], line
            line += piece.count(b"\n", start)

    def _header(self) -> tuple[list[str], list[str]]:
        width = self.dialect.width
        if not self.dialect.header:
            return [f"c{k}" for k in range(width)], [
                f"The file has no header; its {width} columns are called c0 to c{width - 1}."
            ]
        piece, _ = next(self._pieces())
        text = piece[: first_end(piece, self.dialect.quote)].decode("utf-8", errors="replace")
        text = dialects.unwrap(text) if self.dialect.wrapped else text
        found = dialects.records(text, self.dialect)
        given = found[0] if found else [""]
        if self.dialect.row_names:
            given = ["row_name", *given]
        given = self.given = (given + [""] * width)[:width]
        return column_names.settle(given)

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """The rows behind the header, or behind the byte ``start``, where a line begins."""
        first = not start
        for piece, line in self._pieces(start):
            if first and self.dialect.header:
                end = first_end(piece, self.dialect.quote) + 1
                line += piece.count(b"\n", 0, end)
                piece = piece[end:]
            first = False
            if not piece:
                continue
            if piece.endswith((b"\n\n", b"\n\r\n")):
                piece = piece.rstrip(b"\r\n") + b"\n"
            if is_regular(piece, self.dialect):
                frame = read_fast(piece, self.names, self.dialect)
                if len(piece) > LARGEST_CELL:
                    self._check_cells(frame, line)
                yield Batch(frame)
            else:
                frame, broken = read_slow(piece, self.names, self.dialect, self.path.name, line)
                yield Batch(frame, tuple(broken))

    def _check_cells(self, frame: pl.DataFrame, line: int) -> None:
        for name in frame.columns:
            longest = frame[name].str.len_bytes().max()
            if isinstance(longest, int) and longest > LARGEST_CELL:
                raise too_large(self.path.name, f"column {name!r}, from line {line} on")

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=dict.fromkeys(self.names, pl.String))

    def details(self) -> dict[str, str]:
        found = {
            "encoding": self.encoding.name,
            "delimiter": dialects.NAMES[self.dialect.delimiter],
            "header": "yes" if self.dialect.header else "no",
        }
        if self.dialect.wrapped:
            found["repaired"] = "each line was one quoted cell and was read as the line inside it"
        if self.dialect.row_names:
            found["row names"] = "the first column had no name in the header"
        return found
