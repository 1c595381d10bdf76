"""Labels that a person has looked at since the data was collected: read with the data, applied to its labels.

The file is a CSV: what names the row (``row``, counted from 0 as collected, or all of ``data.keys``),
``correct`` (or ``label``), and, where it is there, ``given``: the label that was looked at. A row whose
``correct`` is empty was not looked at; one whose ``correct`` is what was given has been confirmed. That is
the ``label_errors.csv`` of a run, filled in.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW
from modelwright.goal.nearest import did_you_mean

CHECKED = "__checked__"
"""Boolean column of labelled rows: whether a person has confirmed or corrected the label. Only there where
the goal names corrections."""
MOST_BYTES = 256 * 10**6

Entry = tuple[int, str | None, str]
"""ROW, the label that was looked at (None: not said), the right one."""


def read(path: str, keys: tuple[str, ...], table: pl.DataFrame) -> list[list[Any]]:
    """Entries (as JSON lists) of the file at ``path``, by the rows of the collected ``table``.

    Raises :class:`BadData` where the file cannot be read or used, names a row twice with different labels, or
    names rows that there are not.
    """
    lines, columns = _lines(path)
    name = Path(path).name
    labels = [c for c in ("correct", "label") if c in columns]
    if not labels:
        raise _bad(f"{name} has no column `correct`", "it says what the label of each row should be")
    if "row" in columns:
        row_of = _by_number(name, table.height)
    elif keys and all(k in columns for k in keys):
        row_of = _by_keys(name, keys, table)
    else:
        wanted = f"`row`, or the keys {', '.join(keys)}" if keys else "`row`, or name data.keys in the goal"
        raise _bad(f"{name} does not say which rows it speaks of", f"give it a column {wanted}")
    found: dict[int, tuple[str | None, str]] = {}
    for number, line in enumerate(lines, 2):
        correct = next((word for c in labels if (word := (line.get(c) or "").strip())), "")
        if not correct:
            continue
        row = row_of(line, number)
        entry = (line.get("given") if "given" in columns else None, correct)
        if row in found and found[row][1] != correct:
            raise _bad(
                f"{name}, line {number}: the row stands twice, with different labels", "keep one of them"
            )
        found[row] = entry
    return [[row, *found[row]] for row in sorted(found)]


def apply(
    frame: pl.DataFrame,
    target: str,
    entries: list[list[Any]],
    names: Callable[[pl.Series], list[str]],
    value_of: Callable[[str], Any],
    book: Book,
) -> pl.DataFrame:
    """``frame`` with its labels corrected and CHECKED added.

    ``names`` says how the labels of rows are called, ``value_of`` makes a label of a word (None where there
    is none such). An entry whose ``given`` is no longer the label is stale and is left out. Raises
    :class:`BadData` for a correction that is no label.
    """
    place_of = {row: place for place, row in enumerate(frame[ROW].to_list())}
    values = frame[target].to_list()
    present = [v is not None for v in values]
    called: list[str | None] = [None] * frame.height
    for place, said in zip(
        [p for p, there in enumerate(present) if there], names(frame[target].drop_nulls()), strict=True
    ):
        called[place] = said
    checked = [False] * frame.height
    changed = confirmed = stale = 0
    flows: Counter[tuple[str, str]] = Counter()
    for row, given, correct in entries:
        at = place_of.get(row)
        now = called[at] if at is not None else None
        if at is None or (given is not None and (given or None) != now and correct != now):
            stale += 1
            continue
        checked[at] = True
        if correct == now:
            confirmed += 1
            continue
        value = value_of(correct)
        if value is None:
            known = sorted({c for c in called if c is not None})
            raise BadData(
                f"the correction of row {row} is {correct!r}, which is no label of {target!r}",
                code="label.corrections-unknown",
                hint=did_you_mean(correct, known) or "use a label that is in the data",
            )
        values[at] = value
        changed += 1
        flows[now or "(none)", correct] += 1
    _say(changed, confirmed, stale, flows, target, book)
    return frame.with_columns(
        pl.Series(target, values, dtype=frame[target].dtype), pl.Series(CHECKED, checked, dtype=pl.Boolean)
    )


def reader_of(kind: str, values: pl.Series, booleans: tuple[str, str]) -> Callable[[str], Any]:
    """What makes a label of a word, for a target of that kind; None where the data has no such label.

    ``booleans``: how the false and the true label are called.
    """
    if kind == "number":
        return _number
    if kind == "boolean":
        return {booleans[0]: 0.0, booleans[1]: 1.0}.get
    known = {str(v): v for v in values.drop_nulls().unique().to_list()}
    return known.get


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _say(
    changed: int, confirmed: int, stale: int, flows: Counter[tuple[str, str]], target: str, book: Book
) -> None:
    often = sorted(flows.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    shown = "; most often " + ", ".join(f"{a} to {b} ({n})" for (a, b), n in often) if often else ""
    book.finding(
        "label.corrected",
        "note",
        f"a person looked at {changed + confirmed} labels: {changed} were changed and {confirmed} confirmed"
        f"{shown}",
        "nothing; rows that were looked at are not doubted again",
        column=target,
        numbers={"changed": float(changed), "confirmed": float(confirmed)},
    )
    if stale:
        book.finding(
            "label.corrections-stale",
            "warning",
            f"{stale} corrections speak of a label that the row does not have, or of a row that was dropped, "
            "and were left out",
            "make the file of corrections anew from a run on this data, or name rows by data.keys",
            column=target,
            numbers={"rows": float(stale)},
        )


def _lines(path: str) -> tuple[list[dict[str, str]], list[str]]:
    file = Path(path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise _bad(
                f"{file.name} has more than {MOST_BYTES // 10**6} MB", "keep the rows that were corrected"
            )
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            lines = list(reader)
            return lines, list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _bad(f"the corrections {file.name} cannot be read: {why}", "check label.corrections") from error


def _by_number(name: str, rows: int) -> Callable[[dict[str, str], int], int]:
    def row_of(line: dict[str, str], number: int) -> int:
        text = (line["row"] or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise _bad(f"{name}, line {number}: {text[:40]!r} is no row", "rows are counted from 0")
        if int(text) >= rows:
            raise _bad(
                f"{name}, line {number}: there is no row {int(text)}; there are {rows}", "count from 0"
            )
        return int(text)

    return row_of


def _by_keys(name: str, keys: tuple[str, ...], table: pl.DataFrame) -> Callable[[dict[str, str], int], int]:
    missing = [k for k in keys if k not in table.columns]
    if missing:
        raise _bad(f"there is no column {missing[0]!r} to find rows by", "check data.keys")
    columns = [table[k].cast(pl.String).to_list() for k in keys]
    places: dict[tuple[str | None, ...], int] = {}
    twice = set()
    for place, values in enumerate(zip(*columns, strict=True)):
        if values in places:
            twice.add(values)
        places[values] = place

    def row_of(line: dict[str, str], number: int) -> int:
        values = tuple(line[k] for k in keys)
        shown = ", ".join(f"{k}={v!r}" for k, v in zip(keys, values, strict=True))
        if values in twice:
            raise _bad(f"{name}, line {number}: several rows have {shown}", "name rows by a column `row`")
        if values not in places:
            raise _bad(f"{name}, line {number}: no row has {shown}", "check the line, or leave it out")
        return places[values]

    return row_of


def _bad(message: str, hint: str) -> BadData:
    return BadData(message, code="label.corrections-bad", hint=hint)
