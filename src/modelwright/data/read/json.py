"""JSON: a list of records, a dict of columns, or either under one key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import encoding as encodings
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import flat, from_records, to_polars
from modelwright.data.read.reader import Read
from modelwright.data.read.source import digest, existing, modified, plain_suffix


class JsonReader:
    """Nested values become JSON text."""

    name = "json"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) == ".json"

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        encoding = encodings.find(path)
        text = b"".join(encodings.utf8(path, encoding)).decode("utf-8", errors="replace")
        try:
            data: Any = json.loads(text)
        except json.JSONDecodeError as error:
            if _lines(text):
                from modelwright.data.read.jsonl import JsonLinesReader

                return JsonLinesReader().read(source, query)
            raise BadData(
                f"{path.name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}",
                code="data.json",
                hint="mend the file at that place; one record a line belongs into a .jsonl file",
            ) from error
        except RecursionError as error:
            raise BadData(
                f"{path.name} is nested too deeply to be a table",
                code="data.json",
                hint="write a list of records",
            ) from error
        details: dict[str, str] = {"encoding": encoding.name}
        frame = _table(data, path.name, details)
        if not frame.height or not frame.width:
            raise BadData(
                f"{path.name} holds {frame.height} records",
                code="data.no-rows",
                hint="write the data again, or name another file",
            )
        names, notes = column_names.settle(frame.columns)
        frame = flat(frame.rename(dict(zip(frame.columns, names, strict=True))))
        facts = SourceFacts(
            name=path.name,
            format="json",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
            details=details,
        )
        return Read(frame, facts, (), tuple(notes))


def _lines(text: str) -> bool:
    """Whether the first two lines are records of their own."""
    first = [line for line in text.split("\n", 50)[:50] if line.strip()][:2]
    try:
        return len(first) == 2 and all(isinstance(json.loads(line), dict) for line in first)
    except json.JSONDecodeError:
        return False


def _table(data: Any, name: str, details: dict[str, str]) -> pl.DataFrame:
    if isinstance(data, list) and (not data or all(isinstance(row, Mapping) for row in data)):
        details["layout"] = "list of records"
        return from_records(data)
    if isinstance(data, Mapping):
        lists = {key: value for key, value in data.items() if isinstance(value, list)}
        if lists and len(lists) == len(data) and not any(_records(value) for value in lists.values()):
            details["layout"] = "dict of columns"
            return to_polars(data)[0]
        inner = [key for key, value in lists.items() if _records(value)]
        if len(inner) == 1:
            details["layout"] = f"list of records under {inner[0]!r}"
            return from_records(data[inner[0]])
        if data and all(isinstance(v, Mapping) for v in data.values()):
            # pandas' default: column name to {row name: value}.
            rows = list(next(iter(data.values())))
            if all(list(values) == rows for values in data.values()):
                details["layout"] = "dict of columns by row name"
                return to_polars({key: list(values.values()) for key, values in data.items()})[0]
    raise BadData(
        f"{name} holds no table: it is a {_what(data)}",
        code="data.json",
        hint='write a list of records, such as [{"a": 1}, {"a": 2}]',
    )


def _records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _what(data: Any) -> str:
    if isinstance(data, dict):
        return "dict of differing things"
    if isinstance(data, list):
        return "list of things that are no records"
    return "text" if isinstance(data, str) else "number" if isinstance(data, (int, float)) else "null"
