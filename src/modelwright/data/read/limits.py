"""How much of a source is taken before it is refused: bounds on memory, far beyond any sensible table."""

from __future__ import annotations

import polars as pl

from modelwright.core.errors import BadData

MOST_COLUMNS = 20_000
LARGEST_CELL = 8 * 1024**2
"""Characters of one cell."""
LARGEST_FILE = 64 * 1024**2
"""Bytes of one image, sound or document."""
MOST_MEDIA = 8 * 1024**3
"""Bytes of all of them: they are held in memory."""
DEEPEST = 100
"""Levels of nesting."""


def check_columns(count: int, name: str, hint: str = "") -> None:
    """Raises :class:`BadData` for more columns than a table is meant to have."""
    if count > MOST_COLUMNS:
        raise BadData(
            f"{name} has {count:,} columns; at most {MOST_COLUMNS:,} are read",
            code="data.too-many-columns",
            hint=hint or "write one row a thing and one column a property; are rows and columns exchanged?",
        )


def check_cells(frame: pl.DataFrame, name: str) -> None:
    """Raises :class:`BadData` for too many columns, and for a text above :data:`LARGEST_CELL`."""
    check_columns(frame.width, name)
    for column, dtype in frame.schema.items():
        if dtype == pl.String:
            longest = frame[column].str.len_bytes().max()
            if isinstance(longest, int) and longest > LARGEST_CELL:
                raise too_large(name, f"column {column!r}")


def too_large(name: str, where: str) -> BadData:
    """For a cell above :data:`LARGEST_CELL`."""
    return BadData(
        f"{name}, {where}: one cell is larger than {LARGEST_CELL // 1024**2} MB",
        code="data.cell-too-large",
        hint="keep such documents in files of their own; or is a quote or a bracket not closed there?",
    )


def too_deep(name: str) -> BadData:
    """For nesting beyond :data:`DEEPEST`."""
    return BadData(
        f"{name} is nested more than {DEEPEST} levels deep: it is no table",
        code="data.too-deep",
        hint="write a list of records",
    )


def check_media(size: int, name: str) -> None:
    """Raises :class:`BadData` where images, sounds or documents would fill the memory."""
    if size > MOST_MEDIA:
        raise BadData(
            f"{name} holds more than {MOST_MEDIA // 1024**3} GB of images, sounds or documents",
            code="data.too-large",
            hint="name a folder with a part of them, or make the files smaller",
        )
