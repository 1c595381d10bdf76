"""One column as bins: its values where they are few, else quantiles, with a bin for what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

MOST_VALUES = 1000
"""More different values of a category than this: the rarest share one bin."""


@dataclass(frozen=True, slots=True)
class Bins:
    """``codes`` int64 [n] in 0 .. count-1, in the order of the values; the last bin may be "missing"."""

    codes: npt.NDArray[np.int64]
    count: int
    names: tuple[str, ...]
    """A name a bin: the value, or where the bin begins."""
    values: npt.NDArray[np.float64] | None = None
    """float64 [n] with NaN for missing, for numbers and dates."""


def bins_of(series: pl.Series, kind: str, *, fine: bool = False, most: int | None = None) -> Bins:
    """The bins of a typed column. ``fine`` bins follow a number more closely, for numeric targets."""
    if kind in ("number", "boolean", "date"):
        limit = most or max(4, min(128 if fine else 64, series.len() // 10))
        return _numbers(series, limit)
    return _names(series, most or MOST_VALUES)


def presence(series: pl.Series) -> Bins:
    """Two bins: missing and there."""
    return Bins(series.is_not_null().to_numpy().astype(np.int64), 2, ("missing", "there"))


def _numbers(series: pl.Series, limit: int) -> Bins:
    values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    there = np.isfinite(values)
    distinct = np.unique(values[there])
    if not distinct.size:
        return Bins(np.zeros(len(values), dtype=np.int64), 1, ("missing",), values)
    if distinct.size <= limit:
        starts = distinct
    else:
        starts = np.unique(np.quantile(values[there], np.linspace(0, 1, limit + 1)[:-1], method="lower"))
    codes = np.searchsorted(starts, values, side="right") - 1
    codes = np.clip(codes, 0, None)
    names = [f"{s:.6g}" for s in starts]
    if not there.all():
        codes[~there] = len(starts)
        names.append("missing")
    return Bins(codes.astype(np.int64), len(names), tuple(names), values)


def _names(series: pl.Series, most: int) -> Bins:
    text = series.cast(pl.String)
    counted = text.drop_nulls().alias("value").to_frame().group_by("value").agg(pl.len().alias("n"))
    counted = counted.sort(["n", "value"], descending=[True, False])
    kept = counted["value"].head(most).to_list()
    order = {value: code for code, value in enumerate(kept)}
    names = [str(v) for v in kept]
    other = len(names)
    if counted.height > len(kept):
        names.append("(rarer)")
    missing = len(names)
    if text.null_count():
        names.append("missing")
    codes = (
        text.replace_strict(order, default=other, return_dtype=pl.Int64).to_numpy().astype(np.int64).copy()
    )
    codes[text.is_null().to_numpy()] = missing
    return Bins(codes, max(1, len(names)), tuple(names) or ("missing",))
