"""One column in numbers: how full, how varied, which values, which shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column, ColumnProfile
from modelwright.data.fingerprint import fingerprint

TOP = 50
BINS = 30
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}


def profile_column(values: pl.Series, column: Column) -> ColumnProfile:
    """The profile of one typed column. ``count`` counts the values that are present."""
    present = values.drop_nulls()
    missing = values.len() - present.len()
    if column.kind in ("number", "boolean", "date"):
        array, ordered = in_order(present)
        same = int((ordered[1:] == ordered[:-1]).sum())
        distinct = len(ordered) - same if len(ordered) == present.len() else int(present.n_unique())
        edges, counts = histogram(ordered, distinct)
        numbers = moments(array, ordered)
        top: tuple[tuple[str, int], ...] = ()
        lengths: dict[str, float] = {}
    else:
        distinct = int(fingerprint(present).n_unique())
        top = top_values(present) if column.kind == "category" else ()
        lengths = word_lengths(present) if column.kind == "text" else {}
        numbers, edges, counts = {}, (), ()
    return ColumnProfile(
        name=column.name,
        kind=column.kind,
        role=column.role,
        is_input=column.is_input,
        count=present.len(),
        missing=missing,
        distinct=distinct,
        numbers=numbers,
        top=top,
        edges=edges,
        counts=counts,
        lengths=lengths,
    )


def in_order(present: pl.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The finite numbers of a column as they come, and in ascending order: float64 [n] both."""
    array = present.cast(pl.Float64).to_numpy()
    finite = np.isfinite(array)
    array = array if finite.all() else array[finite]
    return array, np.sort(array)


def quantiles(ordered: npt.NDArray[np.float64], at: Sequence[float]) -> list[float]:
    """Quantiles of numbers in ascending order, by linear interpolation, as ``numpy.quantile`` has them."""
    made = []
    for share in at:
        place = share * (len(ordered) - 1)
        low = int(place)
        one, other = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
        part = place - low
        made.append(one + (other - one) * part if part < 0.5 else other - (other - one) * (1.0 - part))
    return made


def moments(array: npt.NDArray[np.float64], ordered: npt.NDArray[np.float64]) -> dict[str, float]:
    """Location, spread, quantiles (linear interpolation), skewness and excess kurtosis (population).

    Both hold the same numbers; ``ordered`` in ascending order.
    """
    if not array.size:
        return {}
    low, high = float(ordered[0]), float(ordered[-1])
    mean, std = float(array.mean()), float(array.std())
    values = {"min": low, "max": high, "mean": mean, "std": std}
    at = quantiles(ordered, list(QUANTILES.values()))
    values.update(dict(zip(QUANTILES, at, strict=True)))
    scale = max(abs(low), abs(high), 1e-300)
    if std > 1e-9 * scale:
        z = (array - mean) / std
        square = z * z
        values["skew"] = float(np.mean(square * z))
        values["kurtosis"] = float(np.mean(square * square) - 3.0)
    else:
        values["skew"] = values["kurtosis"] = 0.0
    return {name: v for name, v in values.items() if math.isfinite(v)}


def histogram(ordered: npt.NDArray[np.float64], distinct: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges and counts of numbers in ascending order.

    Bars lie between the 0.5% and 99.5% quantiles when the tails are far out. The first and last bar then
    reach to the extremes, so that one wild value does not leave all the others in a single bar and every
    value is still counted.
    """
    if not ordered.size:
        return (), ()
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        return (low, high), (int(ordered.size),)
    bins = min(BINS, max(2, distinct))
    inner_low, inner_high = quantiles(ordered, [0.005, 0.995])
    if inner_high > inner_low and (high - low) > 3.0 * (inner_high - inner_low):
        edges = np.linspace(inner_low, inner_high, bins + 1)
        edges[0], edges[-1] = low, high
    else:
        edges = np.linspace(low, high, bins + 1)
    edges = np.unique(edges)
    places = np.append(
        np.searchsorted(ordered, edges[:-1], "left"), np.searchsorted(ordered, edges[-1], "right")
    )
    counts = np.diff(places)
    return tuple(float(e) for e in edges), tuple(int(c) for c in counts)


def top_values(present: pl.Series) -> tuple[tuple[str, int], ...]:
    """The most frequent values with their counts; ties in the order of the text."""
    if not present.len():
        return ()
    counted: pl.DataFrame = present.alias("value").to_frame().group_by("value").agg(pl.len().alias("n"))
    counted = counted.sort(["n", "value"], descending=[True, False]).head(TOP)
    pairs: list[tuple[Any, ...]] = counted.rows()
    return tuple((str(value), int(n)) for value, n in pairs)


def word_lengths(present: pl.Series) -> dict[str, float]:
    """Words a text: fewest, mean, most (words are what blanks part)."""
    if not present.len():
        return {}
    words = present.str.count_matches(r"\S+").cast(pl.Float64).to_numpy()
    return {"min": float(words.min()), "mean": float(words.mean()), "max": float(words.max())}
