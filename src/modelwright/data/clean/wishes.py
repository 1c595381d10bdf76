"""The goal's column names against the columns that are there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from modelwright.core.errors import BadData
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection


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
