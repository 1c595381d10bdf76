"""Frames one under the other, whatever the types of their columns."""

from __future__ import annotations

import polars as pl


def stack(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames with the same columns one under the other; columns of differing types become text."""
    if len(frames) == 1:
        return frames[0]
    schema = dict(frames[0].schema)
    for frame in frames[1:]:
        for name, dtype in frame.schema.items():
            if schema[name] == dtype or dtype == pl.Null:
                continue
            if schema[name] == pl.Null:
                schema[name] = dtype
            elif schema[name].is_numeric() and dtype.is_numeric():
                schema[name] = pl.Float64() if schema[name].is_float() or dtype.is_float() else pl.Int64()
            else:
                schema[name] = pl.String()
    return pl.concat([as_schema(frame, schema) for frame in frames], rechunk=True)


def as_schema(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The frame with these types; what becomes text is written as the parser writes it."""
    from modelwright.runtime.parse.values import plain, render

    made = []
    for name, dtype in schema.items():
        series = frame[name]
        if series.dtype != dtype and dtype == pl.String and series.dtype != pl.Null:
            values = (plain(value) for value in series.to_list())
            series = pl.Series(name, [None if v is None else render(v) for v in values], dtype=pl.String)
        made.append(series if series.dtype == dtype else series.cast(dtype))
    return pl.DataFrame(made)
