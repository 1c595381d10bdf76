"""Labels that a person has looked at since the data was collected: read with the data, applied to its labels.

The file is a CSV: what names the row (``row``, counted from 0 as collected, or all of ``data.keys``),
``correct`` (or ``label``), and, where it is there, ``given``: the label that was looked at. A row whose
``correct`` is empty was not looked at; one whose ``correct`` is what was given has been confirmed. That is
the ``label_errors.csv`` of a run, filled in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW
from modelwright.data.naming import lines_of, naming
from modelwright.goal.nearest import did_you_mean

CHECKED = "__checked__"
"""Boolean column of labelled rows: whether a person has confirmed or corrected the label. Only there where
the goal names corrections."""
BEFORE = "__before__"
"""Of rows that a person looked at: the label that a run before had, of the target's type; null where there
was none, and for all others. Rows are parted by it, so that those which were looked at because a model
doubted them stay among the rows to learn from."""


def read(path: str, keys: tuple[str, ...], table: pl.DataFrame) -> list[list[Any]]:
    """Entries (as JSON lists) of the file at ``path``, by the rows of the collected ``table``.

    Raises :class:`BadData` where the file cannot be read or used, names a row twice with different labels, or
    names rows that there are not.
    """
    lines, columns = lines_of(path, _bad)
    name = Path(path).name
    labels = [c for c in ("correct", "label") if c in columns]
    if not labels:
        raise _bad(f"{name} has no column `correct`", "it says what the label of each row should be")
    row_of = naming(name, columns, keys, table, _bad)
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
    made: bool = False,
) -> pl.DataFrame:
    """``frame`` with its labels corrected, and CHECKED and BEFORE added.

    ``names`` says how the labels of rows are called, ``value_of`` makes a label of a word (None where there
    is none such). ``made``: rows without a label are given one afterwards, by rules or answers, which is
    what ``given`` then names. An entry whose ``given`` is no longer the label is stale and is left out.
    Raises :class:`BadData` for a correction that is no label.
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
    before: list[Any] = [None] * frame.height
    changed = confirmed = stale = 0
    flows: Counter[tuple[str, str]] = Counter()
    for row, given, correct in entries:
        at = place_of.get(row)
        now = called[at] if at is not None else None
        later = made and now is None  # its label would be made: `given` is what it was
        if at is None or (given is not None and (given or None) != now and correct != now and not later):
            stale += 1
            continue
        checked[at] = True
        before[at] = values[at] if now is not None else value_of(given) if given else None
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
        if later and given == correct:
            confirmed += 1
            continue
        changed += 1
        flows[now or given or "(none)", correct] += 1
    _say(changed, confirmed, stale, flows, target, book)
    return frame.with_columns(
        pl.Series(target, values, dtype=frame[target].dtype),
        pl.Series(CHECKED, checked, dtype=pl.Boolean),
        pl.Series(BEFORE, before, dtype=frame[target].dtype),
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


def _bad(message: str, hint: str) -> BadData:
    return BadData(message, code="label.corrections-bad", hint=hint)
