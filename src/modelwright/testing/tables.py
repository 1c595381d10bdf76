"""Typed tables for tests: from a polars frame to the record that ``clean`` would have made of it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Cleaned, Column, Kind, Role


def cleaned_of(
    frame: pl.DataFrame,
    target: str,
    *,
    kinds: Mapping[str, Kind] | None = None,
    roles: Mapping[str, Role] | None = None,
    test_rows: int = 0,
) -> Cleaned:
    """A Cleaned record of ``frame``, whose columns become the frame types of ``core.records.data.Kind``.

    Kinds follow the frame's types (numbers, booleans, dates; text is ``category``) unless ``kinds`` says
    otherwise; roles are ``target`` and ``input`` unless ``roles`` says otherwise.
    """
    kinds, roles = dict(kinds or {}), dict(roles or {})
    columns, series = [], []
    for name in frame.columns:
        values = frame[name]
        kind: Kind = kinds.get(name) or _kind(values.dtype)
        role: Role = "target" if name == target else roles.get(name, "input")
        columns.append(Column(name, kind, role, is_input=role in ("input", "time")))
        series.append(_typed(values, kind))
    table = pl.DataFrame(series).with_columns(pl.int_range(frame.height, dtype=pl.Int64).alias(ROW))
    copies = int(frame.height - frame.unique().height)
    return Cleaned(Blob.of(table, "table"), frame.height, tuple(columns), test_rows, 0, copies)


def _kind(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric():
        return "number"
    return "date" if dtype.is_temporal() else "category"


def _typed(values: pl.Series, kind: Kind) -> pl.Series:
    if kind in ("number", "boolean"):
        return values.cast(pl.Float64).fill_nan(None)
    if kind == "date":
        return (
            values.cast(pl.Int64)
            if values.dtype.is_numeric()
            else values.cast(pl.Datetime("us")).cast(pl.Int64)
        )
    return values.cast(pl.String)
