"""JSON: a list of records, a dict of records or of columns, or one of these under one key. Records may be
nested: see :mod:`modelwright.data.nested`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.data.nested.plan import Choice
from modelwright.data.nested.table import Plan, Rows, json_plan, json_rows
from modelwright.data.read import encoding as encodings
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import flat, from_records, to_polars
from modelwright.data.read.limits import DEEPEST, LARGEST_CELL, check_columns, too_deep, too_large
from modelwright.data.read.nested import facts_of, no_rows, said
from modelwright.data.read.reader import Batch, BrokenRow, Read
from modelwright.data.read.source import existing, plain_suffix
from modelwright.goal.sections import ReadingSection

Record = Mapping[str, Any]


class JsonReader:
    """Values keep their types; nested ones become columns with dotted names."""

    name = "json"
    takes = frozenset({"records", "nested"})

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) == ".json"

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
        details: dict[str, str] = {}
        records: list[Record] = []
        broken: list[BrokenRow] = []
        format_ = self.name
        for path in paths:
            data = _loaded(path, details)
            if data is None:  # one record a line, whatever its suffix says
                from modelwright.data.read.jsonl import parted

                more, others = parted(path)
                records += more
                broken += others
                format_ = "jsonl"
                continue
            with reckoned(path.name):
                found = _table(data, path.name, details)
            if isinstance(found, pl.DataFrame):
                if len(paths) > 1:
                    records += found.to_dicts()
                    continue
                return _of_columns(path, found, details)
            records += found
        return of_records(records, paths, format_, wishes, target, plan, details, broken)

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        made = self.read_all([source], ReadingSection(), plan=plan)
        for k, part in enumerate(made.frame.iter_slices(rows)):
            yield Batch(part, made.quarantine if k == 0 else ())


def _loaded(path: Path, details: dict[str, str]) -> Any:
    """What the file holds; None where it holds one record a line."""
    encoding = encodings.find(path)
    details["encoding"] = encoding.name
    text = b"".join(encodings.utf8(path, encoding)).decode("utf-8", errors="replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if _lines(text):
            return None
        raise BadData(
            f"{path.name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}",
            code="data.json",
            hint="mend the file at that place; one record a line belongs into a .jsonl file",
        ) from error
    except RecursionError as error:
        raise too_deep(path.name) from error
    except ValueError as error:  # Python's own bound, since the time to convert is the square of the length
        raise _too_many_digits(path.name) from error


@contextmanager
def reckoned(name: str) -> Iterator[None]:
    """Where numbers become those of a table: an integer beyond the largest double raises :class:`BadData`."""
    try:
        yield
    except OverflowError as error:
        raise _too_many_digits(name) from error


def _too_many_digits(name: str) -> BadData:
    return BadData(
        f"{name} holds an integer of too many digits: more than 308",
        code="data.json",
        hint="write it as text, in quotation marks",
    )


def of_records(
    records: Sequence[Record],
    paths: Sequence[Path],
    format_: str,
    wishes: ReadingSection,
    target: str | None,
    plan: Mapping[str, Any] | None,
    details: Mapping[str, str],
    broken: Sequence[BrokenRow] = (),
) -> Read:
    """Records as a table; nested ones by a plan, which is made where none is given."""
    label = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    if not records:
        raise no_rows(label)
    for number, record in enumerate(records, 1):
        _check(record, label, number, 0)
    made: Plan | None
    choices: list[Choice] = []
    if plan is not None:
        made = Plan.from_json(plan)
    else:
        made, choices = json_plan(records, dict(wishes.nested), wishes.records, target, label)
    with reckoned(label):
        frame = from_records(records) if made is None else by_plan(made, records)
    if made is None:
        check_columns(frame.width, label)
    if not frame.height or not frame.width:
        raise no_rows(label)
    names, notes = column_names.settle(frame.columns)
    frame = flat(frame.rename(dict(zip(frame.columns, names, strict=True))))
    facts = facts_of(paths, format_, frame, details)
    return Read(
        frame, facts, tuple(broken), tuple(notes), said(choices, "JSON"),
        None if made is None else made.to_json(),
    )  # fmt: skip


def by_plan(plan: Plan, records: Sequence[Record]) -> pl.DataFrame:
    rows = Rows(plan.columns())
    for record in records:
        for cells in json_rows(plan, record):
            rows.add(cells)
    return rows.frame()


def _check(value: Any, name: str, number: int, depth: int) -> None:
    """Raises :class:`BadData` for what is nested too deeply, or too large."""
    if depth > DEEPEST:
        raise too_deep(name)
    if isinstance(value, Mapping):
        for inner in value.values():
            _check(inner, name, number, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, name, number, depth + 1)
    elif isinstance(value, str) and len(value) > LARGEST_CELL:
        raise too_large(name, f"record {number}")


def _of_columns(path: Path, frame: pl.DataFrame, details: Mapping[str, str]) -> Read:
    if not frame.height or not frame.width:
        raise no_rows(path.name)
    check_columns(frame.width, path.name)
    names, notes = column_names.settle(frame.columns)
    frame = flat(frame.rename(dict(zip(frame.columns, names, strict=True))))
    return Read(frame, facts_of([path], "json", frame, details), (), tuple(notes))


def _lines(text: str) -> bool:
    """Whether the first two lines are records of their own."""
    first = [line for line in text.split("\n", 50)[:50] if line.strip()][:2]
    try:
        return len(first) == 2 and all(isinstance(json.loads(line), dict) for line in first)
    except (ValueError, RecursionError):
        return False


def _table(data: Any, name: str, details: dict[str, str]) -> pl.DataFrame | list[Record]:
    if isinstance(data, list) and (not data or all(isinstance(row, Mapping) for row in data)):
        details["layout"] = "list of records"
        return data
    if isinstance(data, Mapping):
        lists = {key: value for key, value in data.items() if isinstance(value, list)}
        if lists and len(lists) == len(data) and not any(_records(value) for value in lists.values()):
            details["layout"] = "dict of columns"
            return to_polars(data)[0]
        inner = [key for key, value in lists.items() if _records(value)]
        if len(inner) == 1:
            details["layout"] = f"list of records under {inner[0]!r}"
            records: list[Record] = data[inner[0]]
            return records
        if data and all(isinstance(v, Mapping) for v in data.values()):
            # pandas' default: column name to {row name: value}.
            rows = list(next(iter(data.values())))
            if all(list(values) == rows for values in data.values()):
                details["layout"] = "dict of columns by row name"
                return to_polars({key: list(values.values()) for key, values in data.items()})[0]
            if len(data) > 1 and _alike(list(data.values())):
                details["layout"] = "dict of records by key"
                return [{"key": key, **values} for key, values in data.items()]
        if data and not lists:
            details["layout"] = "one record"
            return [data]
    raise BadData(
        f"{name} holds no table: it is a {_what(data)}",
        code="data.json",
        hint='write a list of records, such as [{"a": 1}, {"a": 2}]',
    )


def _alike(records: list[Record]) -> bool:
    """Whether records share most of their keys."""
    names = {key for record in records for key in record}
    return bool(names) and sum(len(record) for record in records) >= 0.5 * len(names) * len(records)


def _records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _what(data: Any) -> str:
    if isinstance(data, dict):
        return "dict of differing things"
    if isinstance(data, list):
        return "list of things that are no records"
    return "text" if isinstance(data, str) else "number" if isinstance(data, (int, float)) else "null"
