"""Cells before and after cleaning, for the report: real ones, a few of every operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

import polars as pl

from modelwright.core.records.data import ROW, BeforeAfter, Column
from modelwright.data.firsts import first_distinct
from modelwright.runtime.parse import MEDIA, OperationSpec, mask
from modelwright.runtime.parse.column import build_operation

_EACH = 2
_HIDDEN = re.compile(r"<(" + "|".join(mask.PATTERNS) + r")>")
_MOST = 60


def examples(raw: pl.DataFrame, columns: Sequence[Column]) -> tuple[BeforeAfter, ...]:
    """Up to two cells of each operation that changed any, column by column."""
    made: list[BeforeAfter] = []
    for column in columns:
        if (
            column.kind in MEDIA
            or raw[column.name].dtype != pl.String
            or not any(op.changed for op in column.operations)
        ):
            continue
        first = first_distinct(raw[column.name], 2000)
        texts, rows = first["value"].to_list(), raw[ROW].gather(first["at"]).to_list()
        veil, veiled = _veil(column)
        for place, operation in enumerate(column.operations):
            if not operation.changed:
                continue
            steps = [
                build_operation(OperationSpec(op.name, op.options)) for op in column.operations[: place + 1]
            ]
            found = 0
            for text, row in zip(texts, rows, strict=False):
                before: object = text
                for step in steps[:-1]:
                    before = step(before) if isinstance(before, str) else None
                after = steps[-1](before) if isinstance(before, str) else None
                if not isinstance(before, str) or after == before or _same_number(before, after):
                    continue
                shown = _shown(after, column.kind)
                if shown == text:
                    continue  # a date that was written plainly
                if place < veiled:  # what comes before the treatment is as personal as what it treats
                    shown = veil(shown)
                made.append(BeforeAfter(column.name, int(row), veil(text), shown, operation.name))
                found += 1
                if found == _EACH:
                    break
            if len(made) >= _MOST:
                return tuple(made)
    return tuple(made)


def _veil(column: Column) -> tuple[Callable[[str], str], int]:
    """What hides personal data of a column whose personal data is treated, for eyes that see the report; and
    the place of its treatment among the operations."""
    for place, operation in enumerate(column.operations):
        if operation.name == "mask":
            return _hiding(operation.options), place
    return lambda text: text, 0


def _hiding(options: Mapping[str, Any]) -> Callable[[str], str]:
    hide = mask.build({**options, "how": "mask", "secret": None, "check": None})
    return lambda text: _HIDDEN.sub(r"(\1, hidden)", hide(text))


def _same_number(before: str, after: object) -> bool:
    """A number that was written plainly is no example of anything."""
    if not isinstance(after, float):
        return False
    try:
        return float(before) == after
    except ValueError:
        return False


def _shown(value: object, kind: str) -> str:
    if value is None:
        return ""
    if kind == "date" and isinstance(value, int):
        from datetime import datetime, timedelta

        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
        except OverflowError:
            return str(value)
        return moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    return f"{value:g}" if isinstance(value, float) else str(value)
