"""Column names: every column has one, and no two are the same."""

from __future__ import annotations

from collections.abc import Sequence

from modelwright.core.records.data import ROW


def settle(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Unique, non-empty names, and a sentence for each kind of change.

    White space around a name is taken off; a column without a name is called by its place (``c4``, counted
    from 0); of several columns with one name, the later ones get ``_2``, ``_3``, ...
    """
    stripped = [str(name).strip() for name in names]
    taken = set(stripped)
    used: set[str] = set()
    made: list[str] = []
    nameless: list[str] = []
    repeated: list[str] = []
    for place, name in enumerate(stripped):
        wanted = name
        if not name or name == ROW:
            wanted = _free(f"c{place}", taken | used)
            nameless.append(wanted)
        elif name in used:
            number = 2
            while f"{name}_{number}" in taken | used:
                number += 1
            wanted = f"{name}_{number}"
            repeated.append(wanted)
        used.add(wanted)
        made.append(wanted)
    said = []
    if nameless:
        said.append(f"{_columns(nameless)} had no name and got the name of the place: {_few(nameless)}.")
    if repeated:
        said.append(
            f"{_columns(repeated)} had the name of an earlier column and got a number: {_few(repeated)}."
        )
    return made, said


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _columns(names: list[str]) -> str:
    return "1 column" if len(names) == 1 else f"{len(names)} columns"


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
