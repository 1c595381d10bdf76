"""Rows in whatever form they come, as one sequence of values for each column that is asked for.

Frames are known by what they can do and not by where they come from, so nothing is imported for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from modelwright.core.errors import BadData
from modelwright.runtime.cells import cells_of, is_cell
from modelwright.runtime.signature import Tensor

Values = Any
"""A list, or a numpy array of one dimension."""
Media = Mapping[str, Tensor]
"""Columns whose cells are arrays, by name."""
_FORMS = (
    "a dict of columns, a list of dicts, one dict, a polars or pandas frame, or a numpy array with the "
    "columns in the bundle's order"
)


def columns_of(
    rows: Any, names: Sequence[str], media: Media = MappingProxyType({})
) -> tuple[dict[str, Values], int]:
    """The values of each of ``names``, and the number of rows n.

    Takes a dict of columns (each of length n), a dict of plain values (one row), a sequence of dicts, a frame
    (``columns`` and item access), or a numpy array [n, len(names)] in the order of ``names``. Columns beside
    them are passed over. Of a column of ``media`` one value may itself be a list or an array
    (``runtime/cells.py``). Raises :class:`BadData` for a missing column (naming every one), columns of
    different lengths, and forms it does not know.
    """
    if isinstance(rows, Mapping):
        return _of_mapping(rows, names, media)
    if isinstance(rows, np.ndarray):
        return _of_array(rows, names, media)
    if hasattr(rows, "collect_schema") and hasattr(rows, "collect"):  # a lazy frame
        rows = rows.collect()
    if hasattr(rows, "columns") and hasattr(rows, "__getitem__"):
        return _of_frame(rows, names, media)
    if isinstance(rows, Sequence) and not isinstance(rows, (str, bytes, bytearray)):
        return _of_dicts(rows, names)
    raise BadData(
        f"rows were given as a {type(rows).__name__}, which cannot be read",
        code="predict.form",
        hint=f"give {_FORMS}",
    )


def missing(names: Sequence[str], where: str = "") -> BadData:
    """The error for columns that the model needs and that are not there."""
    quoted = ", ".join(repr(name) for name in names)
    several = len(names) != 1
    return BadData(
        f"the column{'s' if several else ''} {quoted} {'are' if several else 'is'} missing{where}",
        code="predict.missing-column",
        hint="the model needs every column of its signature; where a value is not known, give null",
    )


def is_plain(value: Any) -> bool:
    """Whether this is one value and not a column of them."""
    if value is None or isinstance(value, (str, bytes, bytearray, int, float)):
        return True
    return (not hasattr(value, "__len__") and not hasattr(value, "__iter__")) or getattr(
        value, "shape", None
    ) == ()


def _of_mapping(rows: Mapping[str, Any], names: Sequence[str], media: Media) -> tuple[dict[str, Values], int]:
    lacking = [name for name in names if name not in rows]
    if lacking:
        raise missing(lacking)
    given = {name: rows[name] for name in names}
    others = [name for name in names if name not in media]
    if others and all(is_plain(given[name]) for name in others):
        return {name: [value] for name, value in given.items()}, 1
    plain = [
        name
        for name, value in given.items()
        if (is_cell(media[name], value) if name in media and not others else is_plain(value))
    ]
    if len(plain) == len(given):
        return {name: [value] for name, value in given.items()}, 1
    if plain:
        other = next(name for name in given if name not in plain)
        raise BadData(
            f"{plain[0]!r} is one value and {other!r} is a column of values",
            code="predict.form",
            hint="give one row (plain values throughout) or columns (a list for each name)",
        )
    made = {name: cells_of(value) if name in media else _values(value, name) for name, value in given.items()}
    return made, _one_length({name: len(values) for name, values in made.items()})


def _one_length(lengths: dict[str, int]) -> int:
    first, n = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != n:
            raise BadData(
                f"columns differ in length: {first!r} has {n} values and {name!r} has {length}",
                code="predict.lengths",
                hint="give every column one value a row; null where it is not known",
            )
    return n


def _of_array(
    rows: np.ndarray[Any, Any], names: Sequence[str], media: Media
) -> tuple[dict[str, Values], int]:
    if rows.dtype.names is not None:
        return _of_mapping({name: rows[name] for name in rows.dtype.names}, names, media)
    if len(names) == 1 and names[0] in media and rows.dtype.kind != "O":
        return _of_mapping({names[0]: rows}, names, media)
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise BadData(
            f"the array has shape {list(rows.shape)}, and the model takes [rows, {len(names)}]",
            code="predict.shape",
            hint=f"the columns are, in order: {', '.join(names)}",
        )
    return {name: rows[:, j] for j, name in enumerate(names)}, int(rows.shape[0])


def _of_frame(rows: Any, names: Sequence[str], media: Media) -> tuple[dict[str, Values], int]:
    known = set(rows.columns)
    lacking = [name for name in names if name not in known]
    if lacking:
        raise missing(lacking)
    return {
        name: cells_of(rows[name]) if name in media else _values(rows[name], name) for name in names
    }, len(rows)


def _of_dicts(rows: Sequence[Any], names: Sequence[str]) -> tuple[dict[str, Values], int]:
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise BadData(
                f"row {place} is a {type(row).__name__} and not a dict",
                code="predict.form",
                hint=f"give {_FORMS}",
            )
    found: dict[str, Values] = {}
    for name in names:
        try:
            found[name] = [row[name] for row in rows]
        except KeyError:
            place = next(i for i, row in enumerate(rows) if name not in row)
            lacking = [n for n in names if n not in rows[place]]
            raise missing(lacking, f" in row {place}") from None
    return found, len(rows)


def _values(column: Any, name: str) -> Values:
    """A column as a list, or as an array where that is what it is inside."""
    if isinstance(column, (list, tuple)):
        return list(column)
    if not isinstance(column, np.ndarray):
        kind = str(getattr(column, "dtype", ""))
        # Numbers are cheap as arrays. Anything else keeps its own values: arrays would lose null and zones.
        if kind.lower().startswith(("int", "uint", "float")) and hasattr(column, "to_numpy"):
            made = np.asarray(column.to_numpy())
            if made.dtype.kind in "iuf" and made.ndim == 1:
                return made
        if hasattr(column, "to_list"):
            return column.to_list()
        if hasattr(column, "tolist"):
            return column.tolist()
        return list(column)
    if column.ndim != 1:
        raise BadData(
            f"the column {name!r} is an array of shape {list(column.shape)}",
            code="predict.shape",
            hint="give one value a row",
        )
    return column
