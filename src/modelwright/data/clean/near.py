"""What is nearly equal in a table: rows entered twice, texts and pictures copied and changed a little.

How rows are compared is in ``near_rows.py``, texts in ``near_texts.py``, pictures in ``alike.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, Column
from modelwright.data.clean import alike
from modelwright.data.clean.near_pairs import NOTHING, Ints, Near, short
from modelwright.data.clean.near_rows import rows
from modelwright.data.clean.near_texts import texts
from modelwright.runtime.parse import image

NOTED = 0.01
"""Share of rows below which nearly equal ones are a note."""


def compared(columns: Sequence[Column]) -> list[Column]:
    """Columns in which rows are compared: what is no key, and no number that only counts them."""
    return [c for c in columns if c.role not in ("key", "weight") and not _counts_rows(c)]


def _counts_rows(column: Column) -> bool:
    return not column.is_input and column.role == "ignored" and column.kind in ("number", "date")


def every(frame: pl.DataFrame, columns: Sequence[Column]) -> dict[str, Near]:
    """Nearly equal rows (under ""), and nearly equal texts and pictures of each input that holds them."""
    made = {"": rows(frame.drop(ROW, strict=False), compared(columns))}
    for column in columns:
        if column.kind == "text" and column.is_input:
            made[column.name] = texts(frame[column.name])
        elif column.kind == "image" and column.is_input:
            made[column.name] = pictures(frame, column)
    return {name: near for name, near in made.items() if near.found}


def pictures(frame: pl.DataFrame, column: Column) -> Near:
    """Pairs of rows whose pictures in a column are nearly equal and not equal (see ``alike.py``)."""
    shape, _ = image.form(column.operations[-1].options)
    pairs = alike.images(frame[column.name], shape)
    if not len(pairs):
        return NOTHING
    names = next((n for n in (f"{column.name}.file", "file") if n in frame.columns), None)
    shown = [] if names is None else [(names, tuple(frame[names].gather(p).to_list())) for p in pairs[:3]]
    examples = tuple((name, f"{short(a)} and {short(b)}") for name, (a, b) in shown)
    return Near(pairs, len(np.unique(pairs)), examples)


def bound(frame: pl.DataFrame, columns: Sequence[Column]) -> Ints | None:
    """Sets of rows whose pictures are nearly equal, directly or through others: int64 [rows].

    None where there are none, or where a chain of them holds so many rows that they cannot be copies.
    """
    found = [pictures(frame, c).pairs for c in columns if c.kind == "image" and c.is_input]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *found])
    if not len(pairs):
        return None
    made = _sets(pairs, frame.height)
    return made if np.bincount(made).max() <= max(2, alike.LARGEST * frame.height) else None


def _sets(pairs: Ints, rows: int) -> Ints:
    """A number of its set for each row, int64 [rows]; rows of a pair are of one set."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    made: Ints = connected_components(graph, False)[1].astype(np.int64)
    return made


def report(frame: pl.DataFrame, columns: Sequence[Column], book: Book) -> None:
    """Findings on nearly equal rows and texts of a whole table."""
    for name, near in every(frame, columns).items():
        share = near.rows / max(1, frame.height)
        kind = {c.name: c.kind for c in columns}.get(name)
        what = f"{'pictures' if kind == 'image' else 'texts'} of {name!r}" if name else "rows"
        shown = "; ".join(f"{column!r} is {both}" for column, both in near.examples)
        book.finding(
            "clean.near-duplicates",
            "note" if share < NOTED else "warning",
            f"{near.rows:,} {what} are nearly equal to another ({len(near.pairs):,} pairs)"
            + (f", such as two where {shown}." if shown else "."),
            ("They stay on one side of every split. " if kind == "image" else "")
            + "Look whether they are one thing entered twice. If they are, drop one of each in the source; "
            "if they belong together, name what they share as `data.group`.",
            column=name or None,
            numbers={"rows": float(near.rows), "pairs": float(len(near.pairs))},
        )


def copied(found: Mapping[str, Near], test: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows to learn from whose texts or pictures nearly equal those of a test row, directly or through
    others: Boolean [rows]. ``found``: see :func:`every`; nearly equal rows of plain columns are not meant,
    since those may be two things. A chain of so many rows that they cannot be copies is left as it is."""
    made = np.zeros(len(test), dtype=np.bool_)
    for name, near in found.items():
        if not name:
            continue
        sets = _sets(near.pairs, len(test))
        small = np.bincount(sets)[sets] <= max(2, alike.LARGEST * len(test))
        made |= small & np.isin(sets, np.unique(sets[test]))
    result: npt.NDArray[np.bool_] = made & ~test
    return result


def report_across(
    found: Mapping[str, Near],
    test: npt.NDArray[np.bool_],
    book: Book,
    left: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Findings on test rows that nearly equal a row to learn from. ``found``: see :func:`every`; ``test`` and
    ``left`` (rows of neither side): Boolean [rows]."""
    rows_of_test = int(test.sum())
    if not 0 < rows_of_test < len(test):
        return
    for name, near in found.items():
        sides = test[near.pairs]
        across = sides[:, 0] != sides[:, 1]
        if left is not None:
            across &= ~left[near.pairs].any(axis=1)
        seen = len(np.unique(near.pairs[across][sides[across]]))
        if not seen:
            continue
        share = seen / rows_of_test
        book.finding(
            "split.near-duplicates",
            "note" if share < NOTED else "warning",
            f"{seen:,} of {rows_of_test:,} test rows ({share:.1%}) are nearly equal to a row to learn from"
            + (f" in {name!r}" if name else "")
            + ": on them the test shows memory, and not skill.",
            "Name what such rows share as `data.group`, or drop one of each in the source.",
            column=name or None,
            numbers={"rows": float(seen), "share": share},
        )
