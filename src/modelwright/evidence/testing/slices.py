"""Rows by the values of a column."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

MOST = 50
"""Values of a category that make slices of their own; the rest share one."""
MISSING = "missing"


def slices_of(frame: Any, column: str, most: int = MOST) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """(name, positions int64) of each value of a category or boolean, or each quartile of a number or date.

    Missing values are a slice of their own. Largest first for categories, ascending for quartiles; beyond
    ``most`` values the rest of a category is one slice.
    """
    import polars as pl

    values = frame[column]
    positions = np.arange(frame.height, dtype=np.int64)
    missing = values.is_null().to_numpy()
    found: list[tuple[str, npt.NDArray[np.int64]]] = []
    if values.dtype == pl.String or values.n_unique() <= 3:
        counts = (
            values.drop_nulls().value_counts(sort=False).sort(["count", column], descending=[True, False])
        )
        names = counts[column].to_list()
        for name in names[:most]:
            said = f"{name:.6g}" if isinstance(name, float) else str(name)
            found.append((said, positions[(values == name).fill_null(False).to_numpy()]))
        if len(names) > most:
            rest = values.is_in(names[most:]).fill_null(False).to_numpy()
            found.append((f"the other {len(names) - most} values", positions[rest]))
    else:
        numbers = values.cast(pl.Float64).to_numpy()
        edges = np.unique(np.nanquantile(numbers, [0.25, 0.5, 0.75])) if not missing.all() else np.empty(0)
        place = np.searchsorted(edges, numbers, side="left")
        for quarter in range(len(edges) + 1):
            inside = (place == quarter) & ~missing
            if inside.any():
                found.append((_between(edges, quarter, values.dtype == pl.Int64), positions[inside]))
    if missing.any():
        # A value may itself be spelled "missing", and two slices of one name would be taken for one.
        spelt = any(name == MISSING for name, _ in found)
        found.append((f"({MISSING})" if spelt else MISSING, positions[missing]))
    return found


def _between(edges: npt.NDArray[np.float64], quarter: int, dates: bool) -> str:
    said = [_day(e) if dates else f"{e:.6g}" for e in edges]
    if not said:
        return "any value"
    if quarter == 0:
        return f"at most {said[0]}"
    if quarter == len(said):
        return f"above {said[-1]}"
    return f"above {said[quarter - 1]} to {said[quarter]}"


def _day(microseconds: float) -> str:
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds:.6g} microseconds since 1970"
    return moment.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00").removesuffix(" 00:00:00")
