"""Columns that cannot teach: the same value everywhere, or another value in every row."""

from __future__ import annotations

import re

import polars as pl

from modelwright.core.records.data import Kind

_NAMED = re.compile(
    r"^(id|uuid|guid|key|index|idx|row|row_?(id|name|names|num|number|index)|no|nr|record|rownames|serial)$"
    r"|^unnamed: 0$"
    r"|[_\-. ](id|uuid|guid|key)$|^(id|uuid|guid)[_\-. ]|[a-z](ID|Id|UUID)$|^[A-Z]+ID$",
)
_LEAST_ROWS = 20
_FIRST_ROWS = 10_000
_SHARE = 0.95
_ALL_BUT_UNIQUE = 0.98


def constant(series: pl.Series) -> str | None:
    """Why a typed column is constant; ``None`` if it is not."""
    if series.null_count() == len(series):
        return "it has no value at all"
    if not series.null_count() and series.head(_FIRST_ROWS).n_unique() == 1 and series.n_unique() == 1:
        return "it has the same value in every row"
    return None


def names_identifier(name: str) -> bool:
    """Whether a column's name says that it numbers or names the rows."""
    return _NAMED.search(name.strip()) is not None or _NAMED.search(name.strip().lower()) is not None


def identifier(series: pl.Series, kind: Kind) -> str | None:
    """Why a typed column is like an identifier; ``None`` if it is not.

    Texts: hardly any value comes twice. Whole numbers: they go up by one from row to row, or hardly any comes
    twice and the name says so; a number may be unique in every row and still be a measurement.
    """
    rows = len(series)
    present = series.drop_nulls()
    if rows < _LEAST_ROWS or len(present) < _SHARE * rows:
        return None
    # The first rows alone may show that too many values repeat.
    first = present.head(len(present) // 8)
    if len(first) - first.n_unique() > (1.0 - _SHARE) * len(present) and kind == "category":
        return None
    named = names_identifier(series.name)
    if kind == "category":
        share = present.n_unique() / len(present)
        if share >= _ALL_BUT_UNIQUE or (named and share >= _SHARE):
            return "hardly any of its values comes twice, as in an identifier"
        return None
    if kind != "number":
        return None
    if not bool((present == present.round(0)).all()):
        return None
    if len(present) == rows and bool((present.diff().drop_nulls() == 1.0).all()):
        return "its numbers go up by one from row to row: it counts the rows"
    if named and present.n_unique() >= _SHARE * len(present):
        return "its name and its values, hardly any of which comes twice, say that it is an identifier"
    return None
