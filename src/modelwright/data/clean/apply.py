"""Raw frames to typed frames: the runtime's own parser, met once for each distinct value.

What a vectorised reading gives is only taken where it is certain to equal the parser's: a finite number that
polars reads from text is written plainly, in a grammar that is a part of ours, and both round correctly.
Everything else goes through :class:`~modelwright.runtime.parse.ColumnParser`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.records.data import ROW, Column
from modelwright.data.clean import quick
from modelwright.runtime.parse import ColumnParser, ColumnSpec, Kind, OperationSpec, Preprocess
from modelwright.runtime.parse.column import UNREAD
from modelwright.runtime.signature import Tensor

DTYPES: dict[Kind, type[pl.DataType]] = {
    "number": pl.Float64,
    "boolean": pl.Float64,
    "category": pl.String,
    "text": pl.String,
    "date": pl.Int64,
}
"""Types of typed columns; missing is null in all of them."""
ARRAYS = {"uint8": pl.UInt8, "int16": pl.Int16, "int32": pl.Int32, "float32": pl.Float32}
MANY = 50_000
"""Cells from which a column is read all at once where it can be."""
SOME = 256
"""Cells of media that are read at once."""


def spec_of(column: Column) -> ColumnSpec:
    """The column as ``preprocess.json`` says it."""
    operations = tuple(OperationSpec(op.name, dict(op.options)) for op in column.operations)
    return ColumnSpec(column.name, column.kind, column.role, operations)


def preprocess_of(columns: Sequence[Column]) -> Preprocess:
    """What ``preprocess.json`` holds for these columns."""
    return Preprocess(tuple(spec_of(column) for column in columns))


def typed(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Typed columns of a raw frame, in the order of ``columns``, after ROW where the frame has it.

    number, boolean: Float64; category, text: String; date: Int64 (microseconds since 1970 in UTC); missing
    and unreadable values are null. Every row is kept.
    """
    made = [frame[ROW]] if ROW in frame.columns else []
    made += [typed_column(frame[column.name], ColumnParser(spec_of(column)))[0] for column in columns]
    return pl.DataFrame(made)


def typed_column(series: pl.Series, parser: ColumnParser) -> tuple[pl.Series, pl.Series]:
    """One typed column, and its unreadable values: Boolean, true where a value was there but not read."""
    kind = parser.kind
    if parser.tensor is not None:
        return _arrays(series, parser, parser.tensor)
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    if series.dtype == pl.Null:
        return _nulls(series, kind), pl.repeat(False, len(series), eager=True)
    if kind == "number" and parser.numbers_pass:
        if series.dtype.is_numeric():
            return finite(series.cast(pl.Float64)), pl.repeat(False, len(series), eager=True)
        if series.dtype == pl.String and parser.plain_decimal:
            return _numbers(series, parser)
    if kind == "date" and isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        return series.cast(pl.Datetime("us", series.dtype.time_zone)).to_physical().rename(
            series.name
        ), pl.repeat(False, len(series), eager=True)
    if series.dtype == pl.String and len(series) >= MANY:
        fast = quick.read(series, parser.spec)
        if fast is not None:
            return _rest(fast, series, parser)
    return _distinct(series, parser)


def _arrays(series: pl.Series, parser: ColumnParser, tensor: Tensor) -> tuple[pl.Series, pl.Series]:
    """Cells of one shape, flat; read some at a time, since what they are read from may be large."""
    dtype = pl.Array(ARRAYS[tensor.dtype], tensor.size)
    parts, unread = [], []
    for start in range(0, len(series), SOME):
        read = parser.many(series.slice(start, SOME).to_list())
        lost = pl.Series([cell is UNREAD for cell in read], dtype=pl.Boolean)
        there = pl.Series([cell is not None and cell is not UNREAD for cell in read], dtype=pl.Boolean)
        flat = np.zeros((len(read), tensor.size), dtype=tensor.dtype)
        for place, cell in enumerate(read):
            if there[place]:
                flat[place] = np.asarray(cell).ravel()
        made = pl.Series(series.name, flat, dtype=dtype)
        if not there.all():
            made = pl.select(pl.when(there).then(made).alias(series.name)).to_series()
        parts.append(made)
        unread.append(lost)
    if not parts:
        return pl.Series(series.name, [], dtype=dtype), pl.Series([], dtype=pl.Boolean)
    return pl.concat(parts), pl.concat(unread)


def finite(series: pl.Series) -> pl.Series:
    """Float64 with NaN and infinities as null."""
    if series.is_finite().all():
        return series
    return pl.select(pl.when(series.is_finite()).then(series).otherwise(None).alias(series.name)).to_series()


def _nulls(series: pl.Series, kind: Kind) -> pl.Series:
    return pl.repeat(None, len(series), dtype=DTYPES[kind], eager=True).rename(series.name)


def _numbers(series: pl.Series, parser: ColumnParser) -> tuple[pl.Series, pl.Series]:
    """Text to numbers: plain ones all at once, the others one by one."""
    return _rest(finite(series.str.strip_chars().cast(pl.Float64, strict=False)), series, parser)


def _rest(fast: pl.Series, series: pl.Series, parser: ColumnParser) -> tuple[pl.Series, pl.Series]:
    """What was read all at once, and by the parser what was not."""
    hard = fast.is_null() & series.is_not_null()
    if not hard.any():
        return fast, hard
    slow, unread = _distinct(series.filter(hard), parser)
    places = hard.arg_true()
    unread_all = pl.repeat(False, len(series), eager=True).scatter(places, unread)
    return fast.scatter(places, slow), unread_all


def _distinct(series: pl.Series, parser: ColumnParser) -> tuple[pl.Series, pl.Series]:
    """Read each distinct value once and map the answers back."""
    values = series.unique()
    if 2 * len(values) > len(series):
        return _answers(parser.many(series.to_list()), series.name, parser.kind)
    if series.dtype == pl.String:
        # Places in a list of categories are found twice as fast as values are replaced.
        values = values.drop_nulls()
        places = series.cast(pl.Enum(values)).to_physical().fill_null(len(values))
        made, unread = _answers(parser.many([*values.to_list(), None]), series.name, parser.kind)
        return made.gather(places), unread.gather(places)
    made, unread = _answers(parser.many(values.to_list()), series.name, parser.kind)
    mapped = series.replace_strict(values, made, default=None, return_dtype=made.dtype)
    if not unread.any():
        return mapped, pl.repeat(False, len(series), eager=True)
    return mapped, series.is_in(values.filter(unread).implode(), nulls_equal=True)


def _answers(read: list[Any], name: str, kind: Kind) -> tuple[pl.Series, pl.Series]:
    unread = pl.Series([value is UNREAD for value in read], dtype=pl.Boolean)
    made = pl.Series(name, [None if value is UNREAD else value for value in read], dtype=DTYPES[kind])
    return made, unread
