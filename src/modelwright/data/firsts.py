"""The first different values of a column, without looking at all of a long one."""

from __future__ import annotations

import polars as pl


def first_distinct(series: pl.Series, count: int) -> pl.DataFrame:
    """The first ``count`` different values that are there (``value``), in the order in which they come, and

    their places (``at``)."""
    rows = 4 * count
    while True:
        some = series.head(rows).alias("value").to_frame().with_row_index("at").drop_nulls()
        some = some.unique("value", keep="first", maintain_order=True)
        if some.height >= count or rows >= len(series):
            return some.head(count)
        rows *= 4
