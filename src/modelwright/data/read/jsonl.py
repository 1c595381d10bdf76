"""JSON lines: one record a line; lines that are no record are kept aside with their number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.data.nested.table import Plan
from modelwright.data.read import encoding as encodings
from modelwright.data.read.frame import flat, from_records
from modelwright.data.read.json import by_plan, of_records, reckoned
from modelwright.data.read.reader import Batch, BrokenRow, Read
from modelwright.data.read.source import existing, plain_suffix
from modelwright.goal.sections import ReadingSection


class JsonLinesReader:
    """A key that a record lacks is null in it; nested values become columns with dotted names."""

    name = "jsonl"
    takes = frozenset({"records", "nested"})

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) in (".jsonl", ".ndjson", ".jsonlines")

    def read(self, source: str, query: str | None = None) -> Read:
        return self.read_all([source], ReadingSection())

    def read_all(
        self,
        sources: Sequence[str],
        wishes: ReadingSection,
        target: str | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> Read:
        paths = [existing(source) for source in sources]
        records: list[dict[str, Any]] = []
        broken: list[BrokenRow] = []
        for path in paths:
            more, others = parted(path)
            records += more
            broken += others
        details = {"encoding": encodings.find(paths[0]).name}
        return of_records(records, paths, self.name, wishes, target, plan, details, broken)

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        path = existing(source)
        made = Plan.from_json(plan)
        records: list[dict[str, Any]] = []
        broken: list[BrokenRow] = []
        for item in _items(path, encodings.find(path)):
            if isinstance(item, BrokenRow):
                broken.append(item)
            else:
                records.append(item)
            if len(records) >= rows:
                yield _planned(made, records, broken, path.name)
                records, broken = [], []
        if records or broken:
            yield _planned(made, records, broken, path.name)

    def batches(self, source: str, rows: int) -> Iterator[Batch]:
        """The columns are those of the first batch; a key first met later is a column of later batches only

        where the caller asks for it by name, so every batch keeps all of its own keys beside them.
        """
        path = existing(source)
        records: list[dict[str, Any]] = []
        broken: list[BrokenRow] = []
        known: list[str] = []
        for item in _items(path, encodings.find(path)):
            if isinstance(item, BrokenRow):
                broken.append(item)
            else:
                records.append(item)
            if len(records) >= rows:
                yield _batch(records, broken, known, path.name)
                records, broken = [], []
        if records or broken:
            yield _batch(records, broken, known, path.name)


def parted(path: Path) -> tuple[list[dict[str, Any]], list[BrokenRow]]:
    """The records of a file and its broken lines. Raises :class:`BadData` where most lines are broken."""
    records: list[dict[str, Any]] = []
    broken: list[BrokenRow] = []
    for item in _items(path, encodings.find(path)):
        if isinstance(item, BrokenRow):
            broken.append(item)
        else:
            records.append(item)
    if not records or len(broken) > len(records):
        what = f"; the first broken one on line {broken[0].line}: {broken[0].reason}" if broken else ""
        raise BadData(
            f"{path.name}: {len(broken)} of {len(records) + len(broken)} lines are no records{what}",
            code="data.broken" if records else "data.no-rows",
            hint="write one JSON object a line",
        )
    return records, broken


def _planned(plan: Plan, records: list[dict[str, Any]], broken: list[BrokenRow], source: str) -> Batch:
    with reckoned(source):
        return Batch(by_plan(plan, records), tuple(broken))


def _batch(records: list[dict[str, Any]], broken: list[BrokenRow], known: list[str], source: str) -> Batch:
    with reckoned(source):
        frame = from_records(records)
    for name in frame.columns:
        if name not in known:
            known.append(name)
    lacking = [pl.lit(None).alias(name) for name in known if name not in frame.columns]
    return Batch(flat(frame.with_columns(lacking).select(known)), tuple(broken))


def _items(path: Path, encoding: encodings.Encoding) -> Iterator[dict[str, Any] | BrokenRow]:
    line = 0
    rest = b""
    for part in encodings.utf8(path, encoding):
        pieces = (rest + part).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            line += 1
            if piece.strip():
                yield _item(piece, line, path.name)
    if rest.strip():
        yield _item(rest, line + 1, path.name)


def _item(piece: bytes, line: int, source: str) -> dict[str, Any] | BrokenRow:
    text = piece.decode("utf-8", errors="replace").strip()
    try:
        made = json.loads(text)
    except json.JSONDecodeError as error:
        return BrokenRow(source, line, f"not JSON: {error.msg} at column {error.colno}", text)
    except RecursionError:
        return BrokenRow(source, line, "nested too deeply", text)
    except ValueError:  # Python's bound on digits
        return BrokenRow(source, line, "an integer of too many digits", text)
    if not isinstance(made, dict):
        return BrokenRow(source, line, "JSON, but no record", text)
    return made
