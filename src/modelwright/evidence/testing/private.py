"""Columns whose values are not shown in examples, tables and figures."""

from __future__ import annotations

import polars as pl

from modelwright.core.records.data import Column, Development
from modelwright.data.clean.personal import kinds
from modelwright.goal.sections import RolesSection

HIDDEN = "(not shown)"


def personal(development: Development) -> dict[str, tuple[str, ...]]:
    """Kinds of personal data (email, phone, card) by column, for columns of development rows that hold them
    by pattern. Keys and the target are not looked at."""
    frame = development.table.get()
    found: dict[str, tuple[str, ...]] = {}
    for column in development.columns:
        if column.role in ("key", "target", "weight") or column.name not in frame.columns:
            continue
        values = frame[column.name]
        seen = tuple(kinds(values)) if column.kind in ("category", "text") else _cards(column, values)
        if seen:
            found[column.name] = seen
    return found


def _cards(column: Column, values: pl.Series) -> tuple[str, ...]:
    """Card numbers that were read as numbers: whole, of 13 to 16 digits, nearly all with a right check
    digit (a tenth of any numbers have one)."""
    from modelwright.runtime.parse.mask import is_card

    if column.kind != "number":
        return ()
    some = values.drop_nulls().unique(maintain_order=True).head(500).to_list()
    long = [v for v in some if 1e12 <= v < 9.007e15 and v == int(v)]
    if len(long) < 5 or len(long) < len(some) / 2:
        return ()
    right = sum(is_card(str(int(v))) for v in long)
    return ("card",) if right >= 0.9 * len(long) else ()


def private_columns(
    development: Development, roles: RolesSection, found: dict[str, tuple[str, ...]]
) -> frozenset[str]:
    """Declared sensitive, masked or hashed at cleaning, holding personal data by pattern, or a key."""
    masked = {c.name for c in development.columns if any(op.name == "mask" for op in c.operations)}
    keys = {c.name for c in development.columns if c.role == "key"}
    sensitive = {c.name for c in development.columns if c.role == "sensitive"}
    return frozenset({*found, *masked, *keys, *sensitive, *roles.sensitive, *roles.keys})
