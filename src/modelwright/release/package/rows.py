"""Rows that a model may meet, made from nothing but its signature: for examples and for measuring."""

from __future__ import annotations

from typing import Any

from modelwright.runtime.describe import InputColumn, ModelSignature

MOST = 60
_ODD: dict[str, tuple[Any, ...]] = {
    "number": ("not a number", " 12 ", "1,234.5", "1e3", True, 0, -1.5),
    "boolean": (True, False, 0, "yes", "No ", "perhaps", 2),
    "category": ("never seen before", "", "  led by spaces", "ß İ Ⅷ", 7, 2.5, False),
    "date": ("2024-02-29", "2023-02-29", "no date", "1970-01-01 00:00:00", 0, "31.12.1999"),
    "image": ("no base64", "bm8gaW1hZ2U=", 12),
    "audio": ("no base64", "bm8gc291bmQ=", 12),
    "series": ([], ["a"], [None, 1.0], 12),
    "text": ("Words, words: WORDS!", "", "...", "ſtraße don’t ﬁne Ⅷ", "an\x00other", 12),
}


def typical(signature: ModelSignature) -> dict[str, Any]:
    """One row as the training data had it: each column's example, or something of its kind."""
    return {column.name: _usual(column) for column in signature.inputs}


def rows_for(signature: ModelSignature) -> list[dict[str, Any]]:
    """At most :data:`MOST` rows of JSON scalars: typical, bounds, known categories, nulls, odd values."""
    first = typical(signature)
    found = [first, dict.fromkeys(first)]
    changes: list[tuple[str, Any]] = []
    kinds = [_others(column) for column in signature.inputs]
    # One value of every column, then the next: wide tables are not cut to their first columns.
    for turn in range(max(map(len, kinds), default=0)):
        for column, values in zip(signature.inputs, kinds, strict=True):
            if turn < len(values):
                changes.append((column.name, values[turn]))
    found += [{**first, name: value} for name, value in changes]
    return found[:MOST]


def steady(signature: ModelSignature, count: int) -> list[dict[str, Any]]:
    """``count`` rows that differ: known categories in turn, numbers that walk between their bounds."""
    made = []
    for i in range(count):
        row = typical(signature)
        for j, column in enumerate(signature.inputs):
            if column.categories:
                row[column.name] = column.categories[(i + j) % len(column.categories)]
            elif isinstance(column.low, (int, float)) and isinstance(column.high, (int, float)):
                share = ((i * 7 + j * 3) % 101) / 100
                row[column.name] = round(column.low + share * (column.high - column.low), 6)
        made.append(row)
    return made


def holed(signature: ModelSignature, count: int) -> list[dict[str, Any]]:
    """As :func:`steady`, with a null in turn in each column of two rows of three."""
    rows = steady(signature, count)
    names = list(signature.names)
    for i, row in enumerate(rows):
        for place in {0: (), 1: (i // 3,), 2: (i // 3, i // 3 + 1 + i // 7)}[i % 3]:
            row[names[place % len(names)]] = None
    return rows


def _usual(column: InputColumn) -> Any:
    if column.example is not None:
        return column.example
    if column.categories:
        return column.categories[0]
    if column.low is not None:
        return column.low
    return {"number": 1.0, "boolean": True, "date": "2024-01-31", "text": "some words"}.get(column.kind, "x")


def _others(column: InputColumn) -> list[Any]:
    bounds = [bound for bound in (column.low, column.high) if bound is not None]
    return [None, *column.categories[:3], *bounds, *_ODD[column.kind]]
