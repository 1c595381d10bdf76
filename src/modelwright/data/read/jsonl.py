"""JSON lines: one record a line; lines that are no record are kept aside with their number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import encoding as encodings
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import flat, from_records
from modelwright.data.read.reader import Batch, BrokenRow, Read
from modelwright.data.read.source import digest, existing, modified, plain_suffix


class JsonLinesReader:
    """A key that a record lacks is null in it; nested values become JSON text."""

    name = "jsonl"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) in (".jsonl", ".ndjson", ".jsonlines")

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        encoding = encodings.find(path)
        records: list[dict[str, Any]] = []
        broken: list[BrokenRow] = []
        for item in _items(path, encoding):
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
        frame = from_records(records)
        names, notes = column_names.settle(frame.columns)
        frame = flat(frame.rename(dict(zip(frame.columns, names, strict=True))))
        facts = SourceFacts(
            name=path.name,
            format="jsonl",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
            details={"encoding": encoding.name},
        )
        return Read(frame, facts, tuple(broken), tuple(notes))

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
                yield _batch(records, broken, known)
                records, broken = [], []
        if records or broken:
            yield _batch(records, broken, known)


def _batch(records: list[dict[str, Any]], broken: list[BrokenRow], known: list[str]) -> Batch:
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
    if not isinstance(made, dict):
        return BrokenRow(source, line, "JSON, but no record", text)
    return made
