"""The stage ``profile``: what needs no target, over all rows."""

from __future__ import annotations

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, ColumnProfile, Labelled, Profile
from modelwright.core.records.evidence import Table
from modelwright.data.fingerprint import fingerprints
from modelwright.data.profile.column import profile_column
from modelwright.data.profile.figures import column_figure
from modelwright.data.profile.sheet import contact_sheet


def profile(labelled: Labelled, book: Book) -> Profile:
    """The profile of every column and of the table; a figure a column and one overview go to the book.

    All rows take part, since no column is set against the target.
    """
    frame: pl.DataFrame = labelled.table.get()
    columns = tuple(profile_column(frame[c.name], c) for c in labelled.columns)
    names = [c.name for c in labelled.columns]
    content = [c.name for c in labelled.columns if c.role != "key"]
    cells = frame.height * len(names)
    missing = sum(c.missing for c in columns)
    plain = fingerprints(frame.select(content))
    copies = frame.height - plain.unique().height if content and frame.height else 0
    complete = frame.height - int(frame.select(pl.any_horizontal(pl.col(names).is_null())).to_series().sum())
    numbers = {
        "rows": float(frame.height),
        "columns": float(len(names)),
        "inputs": float(sum(c.is_input for c in columns)),
        "cells": float(cells),
        "missing_cells": float(missing),
        "missing_share": missing / cells if cells else 0.0,
        "complete_rows": float(complete),
        "duplicate_rows": float(copies),
        "memory_bytes": float(frame.drop(ROW, strict=False).estimated_size()),
    }
    book.table(overview(columns, frame.height))
    for column in columns:
        figure = column_figure(column)
        if figure is not None:
            book.figure(figure)
    for one in labelled.columns:
        if one.kind == "image" and one.is_input and (sheet := contact_sheet(labelled, one)) is not None:
            book.gallery(sheet)
    return Profile(frame.height, columns, numbers)


def overview(columns: tuple[ColumnProfile, ...], rows: int) -> Table:
    """One line a column: kind, role, how full, how varied, and what is typical of it."""
    lines: list[tuple[str | float | int | None, ...]] = []
    for c in columns:
        share = round(c.missing / rows, 4) if rows else 0.0
        lines.append((c.name, c.kind, c.role, share, c.distinct, typical(c)))
    head = ("column", "kind", "role", "missing", "distinct", "typical")
    return Table("profile.overview", "The columns", head, tuple(lines), "missing is a share of all rows")


def typical(column: ColumnProfile) -> str:
    """A column in a few words."""
    if not column.count:
        return "always missing"
    numbers = column.numbers
    if column.kind == "boolean":
        return f"true in {numbers.get('mean', 0.0):.1%}"
    if column.kind == "date":
        return f"{day(numbers['min'])} to {day(numbers['max'])}" if numbers else ""
    if numbers:
        return f"{numbers['q05']:.6g} to {numbers['q95']:.6g}, median {numbers['q50']:.6g}"
    if column.lengths:
        return f"{column.lengths['mean']:.1f} words on average"
    return ", ".join(f"{value} ({n / column.count:.0%})" for value, n in column.top[:3])


def day(microseconds: float) -> str:
    """The UTC day of a time."""
    from datetime import UTC, datetime, timedelta

    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).date().isoformat()
    except OverflowError:
        return f"{microseconds:.6g} µs"
