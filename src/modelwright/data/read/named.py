"""Columns from file names: ``{digit}_{speaker}_{take}.wav`` makes three of ``7_theo_12.wav``.

A name in braces takes what stands there up to the next fixed text, ``{}`` what is not wanted. The pattern is
compared with the end of a file's path: as many of its folders as the pattern has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from modelwright.core.errors import BadData
from modelwright.data.read.reader import Said

_HOLE = re.compile(r"\{([^{}]*)\}")
_ENOUGH = 0.5
"""Share of the files whose names must follow the pattern."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, read. Raises ``ValueError`` with the reason where it cannot be one."""

    text: str
    names: tuple[str, ...] = field(init=False)
    """Of the columns, in the order of the pattern."""
    _parts: tuple[str, ...] = field(init=False, repr=False)
    """Fixed text, name, fixed text, name, ..., fixed text."""

    def __post_init__(self) -> None:
        parts = _HOLE.split(self.text)
        fixed, names = parts[::2], parts[1::2]
        wanted = [name for name in names if name]
        if any("{" in text or "}" in text for text in fixed):
            raise ValueError("a brace is not closed")
        if not wanted:
            raise ValueError("there is no {name of a column} in it")
        if len(set(wanted)) < len(wanted):
            raise ValueError("a column is named twice")
        if any(name != name.strip() for name in wanted):
            raise ValueError("a column's name begins or ends with a space")
        if any(not text for text in fixed[1:-1]):
            raise ValueError("two columns stand side by side with nothing between them")
        object.__setattr__(self, "names", tuple(wanted))
        object.__setattr__(self, "_parts", tuple(parts))

    def values(self, path: str) -> tuple[str, ...] | None:
        """The columns' values of one path (parted by slashes), or None where it is not named so."""
        folders = self.text.count("/")
        tail = "/".join(path.split("/")[-folders - 1 :])
        fixed, names = self._parts[::2], self._parts[1::2]
        if not tail.startswith(fixed[0]):
            return None
        found, at = [], len(fixed[0])
        for number, (name, after) in enumerate(zip(names, fixed[1:], strict=True)):
            last = number == len(names) - 1
            # Up to the first place where the text behind it stands, and nothing is gone through twice.
            end = len(tail) - len(after) if last else tail.find(after, at + 1)
            if end <= at or (last and not tail.endswith(after)):
                return None
            value = tail[at:end]
            if "/" in value:
                return None
            if name:
                found.append(value)
            at = end + len(after)
        return tuple(found)


def add_columns(frame: pl.DataFrame, text: str, column: str = "file") -> tuple[pl.DataFrame, list[Said]]:
    """``frame`` with the columns of a pattern, read from the paths in ``column``: as texts,
    which cleaning reads.

    Raises :class:`BadData` for a name that is taken, and for a pattern that hardly any file follows."""
    pattern = Pattern(text)
    paths = [str(path) for path in frame[column].to_list()]
    read = [pattern.values(path) for path in paths]
    missed = [path for path, values in zip(paths, read, strict=True) if values is None]
    if len(paths) - len(missed) < _ENOUGH * len(paths):
        raise BadData(
            f"data.reading.name is {text!r}, but {len(missed):,} of {len(paths):,} files are not named so, "
            f"such as {missed[0]!r}",
            code="data.name-pattern",
            hint="write it as the files are named: {column} for a part that is wanted, {} for others",
        )
    taken = [name for name in pattern.names if name in frame.columns and name != "label"]
    if taken:
        raise BadData(
            f"data.reading.name makes a column {taken[0]!r}, which is there already",
            code="data.name-taken",
            hint="give that part of the pattern another name",
        )
    for place, name in enumerate(pattern.names):
        values = [None if one is None else one[place] for one in read]
        frame = frame.with_columns(pl.Series(name, values, dtype=pl.String))
    return frame, _said(missed, len(paths))


def fill_columns(frame: pl.DataFrame, text: str, column: str = "file") -> pl.DataFrame:
    """The same of new rows, which a model is asked about: no name is an error, only without values."""
    pattern = Pattern(text)
    read = [pattern.values(str(path)) for path in frame[column].to_list()]
    return frame.with_columns(
        pl.Series(name, [None if one is None else one[place] for one in read], dtype=pl.String)
        for place, name in enumerate(pattern.names)
        if name not in frame.columns
    )


def _said(missed: Sequence[str], rows: int) -> list[Said]:
    if not missed:
        return []
    return [
        Said(
            "collect.name-pattern",
            "warning",
            f"{len(missed):,} of {rows:,} files are not named by the pattern, and have no values of its "
            f"columns: {', '.join(missed[:3])}{', ...' if len(missed) > 3 else ''}",
            "Name them like the others, or take them out of the source.",
        )
    ]
