"""What the goal says of single columns, against the columns that are there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Column
from modelwright.goal.sections import CleanSection, ColumnWish, ProblemSection, RolesSection


def named(section: CleanSection, roles: RolesSection, problem: ProblemSection) -> Iterator[tuple[str, str]]:
    """Every column that the goal names, with the key that names it."""
    if problem.target is not None:
        yield "data.target", problem.target
    for key, name in (("weight", roles.weight), ("group", roles.group), ("time", roles.time)):
        if name is not None:
            yield f"data.{key}", name
    for key, names in (("keys", roles.keys), ("later", roles.later), ("sensitive", roles.sensitive)):
        for name in names:
            yield f"data.{key}", name
    for name in section.privacy.quasi:
        yield "data.quasi_identifiers", name
    for name, _ in section.columns:
        yield "data.columns", name


def winsorised(column: Column, wish: ColumnWish | None, section: CleanSection, book: Book) -> Column:
    """The column with the rule by which its numbers are drawn in while features are made; a finding where the
    goal names it and it has none to draw in."""
    own = wish.winsorise if wish is not None else None
    asked = section.winsorise if own is None else own
    if asked == "none":
        return column
    if column.kind == "number" and column.is_input:
        return replace(column, winsorise=() if asked == "robust" else asked)
    if own is not None:
        found = f"is no column of numbers but of the kind {column.kind}"
        if column.kind == "number":
            found = f"is no input ({column.why.rpartition('; ')[2]})"
        book.finding(
            "clean.winsorise-unused",
            "warning",
            f"{column.name!r} is to be winsorised, and {found}: nothing of it is drawn in.",
            f"Take `winsorise` out of `columns: {{{column.name}: ...}}`, or say `kind: number` there.",
            column=column.name,
        )
    return column


def check_names(wanted: Iterable[tuple[str, str]], columns: Sequence[str]) -> None:
    """Raises :class:`BadData` that names every column that is not there, with the nearest that is."""
    lost = [(key, name) for key, name in wanted if name not in columns]
    if not lost:
        return
    said, nearest = [], []
    for key, name in lost:
        near = near_name(name, columns)
        said.append(f"{key}: there is no column {name!r}")
        if near is not None:
            nearest.append(repr(near))
    shown = ", ".join(columns[:30]) + (", ..." if len(columns) > 30 else "")
    hint = f"did you mean {' and '.join(dict.fromkeys(nearest))}? " if nearest else ""
    code = "data.target-absent" if lost[0][0] == "data.target" else "data.column-absent"
    raise BadData("; ".join(said), code=code, hint=f"{hint}the columns are: {shown}")


def near_name(name: str, columns: Sequence[str]) -> str | None:
    """The column that is spelt nearest, case set aside."""
    lower = {column.lower(): column for column in reversed(columns)}
    near = difflib.get_close_matches(name.lower(), list(lower), 1, 0.6)
    return lower[near[0]] if near else None
