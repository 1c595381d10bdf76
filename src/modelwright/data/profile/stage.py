"""The stage ``profile``: what needs no target, over all rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, Column, ColumnProfile, Labelled, Profile
from modelwright.core.records.evidence import Table
from modelwright.data.clean.duplicates import repeated
from modelwright.data.profile.column import profile_column
from modelwright.data.profile.figures import column_figure
from modelwright.data.profile.outliers import FAR, outliers
from modelwright.data.profile.sheet import contact_sheet
from modelwright.data.side import by_side


def profile(labelled: Labelled, book: Book) -> Profile:
    """The profile of every column and of the table; a figure a column and one overview go to the book.

    All rows take part, since no column is set against the target.
    """
    frame: pl.DataFrame = labelled.table.get()
    found = profile_table(frame, labelled.columns, book)
    for one in labelled.columns:
        if one.kind == "image" and one.is_input and (sheet := contact_sheet(labelled, one)) is not None:
            book.gallery(sheet)
    return found


def profile_table(frame: pl.DataFrame, told: Sequence[Column], book: Book) -> Profile:
    """The profile of a typed table, with a target or without."""
    columns = tuple(by_side(lambda c: profile_column(frame[c.name], c), told, frame.height))
    names = [c.name for c in told]
    content = [c.name for c in told if c.role != "key"]
    cells = frame.height * len(names)
    missing = sum(c.missing for c in columns)
    copies = int(repeated(frame, content).sum())
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
    _far_out(frame, told, book)
    return Profile(frame.height, columns, numbers)


def _far_out(frame: pl.DataFrame, told: Sequence[Column], book: Book) -> None:
    """Say which numbers lie far from the rest. Nothing is changed."""
    lines: list[tuple[str | float | int | None, ...]] = []
    drawn = 0
    for column in told:
        if column.kind != "number" or column.role == "key":
            continue
        values = frame[column.name].drop_nulls().cast(pl.Float64).to_numpy()
        values = values[np.isfinite(values)]
        if found := outliers(values):
            share = round(found.count / values.size, 6)
            lines.append((column.name, found.count, share, found.low, found.high, found.farthest))
            drawn += column.winsorise is not None
    if not lines:
        return
    lines.sort(key=lambda line: (-float(line[2] or 0.0), str(line[0])))
    said = [f"{name} ({n:,}, {share:.2%}, as {far:.6g})" for name, n, share, _, _, far in lines[:5]]
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    rule = f"more than {FAR:.0f} median absolute deviations"
    book.finding(
        "profile.outliers",
        "note",
        f"numbers lie {rule} from the rest of their column: {', '.join(said)}{more}",
        "see whether they are mistakes; `least` and `most` of a column under data.columns read what is "
        "beyond as missing, `winsorise: robust` draws it in to bounds of the training rows",
        numbers={"columns": float(len(lines)), "cells": float(sum(int(line[1] or 0) for line in lines))},
    )
    book.table(
        Table(
            "profile.outliers",
            "Numbers far from the rest",
            ("column", "values", "share", "below", "above", "farthest"),
            tuple(lines),
            f"{rule} of their own side from the median; {_done(drawn, len(lines))}",
        )
    )


def _done(drawn: int, of: int) -> str:
    if not drawn:
        return "nothing was changed"
    which = "these columns are" if drawn == of else f"{drawn} of {of} columns are"
    return f"nothing was changed here; {which} drawn in where features are made, as the goal asks"


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
