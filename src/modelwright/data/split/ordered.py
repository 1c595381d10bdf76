"""Parts in the order of time: what is judged comes after what was learned from.

A unit (copies, a group) stands where its latest row stands, so no row of the learning part is later than
the cut. Rows of equal time are never parted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.errors import BadData
from modelwright.data.split.units import Ints

Floats = npt.NDArray[np.float64]


def times(frame: pl.DataFrame, column: str) -> Floats:
    """float64 [n]: when each row happened; minus infinity where that is missing (it counts as earliest)."""
    values = frame[column]
    if not values.dtype.is_numeric():
        raise BadData(
            f"data.time names {column!r}, whose values are neither dates nor numbers",
            code="split.time-unordered",
            hint=f"say how to read it with columns: {{{column}: date}}, or name another column",
        )
    array: Floats = values.cast(pl.Float64).fill_null(float("-inf")).to_numpy()
    if np.unique(array[np.isfinite(array)]).size < 2:
        raise BadData(
            f"data.time names {column!r}, which has the same value in every row",
            code="split.time-constant",
            hint="leave data.time out, or name a column that orders the rows",
        )
    return array


def standing(units: Ints, when: Floats) -> Floats:
    """float64 [n]: the latest time in each row's unit."""
    latest = np.full(int(units.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, units, when)
    stands: Floats = latest[units]
    return stands


def last(units: Ints, when: Floats, share: float) -> npt.NDArray[np.bool_]:
    """bool [n]: the latest rows, about ``share`` of all, never all of them."""
    stands = standing(units, when)
    if share <= 0:
        return np.zeros(len(units), dtype=bool)
    cuts = np.unique(stands)[1:]
    if not cuts.size:
        raise BadData(
            "the groups reach over the whole time: nothing later can be kept for the test",
            code="split.time-constant",
            hint="leave out data.group or data.time, or give the parts by a column: split: {column: part}",
        )
    ordered = np.sort(stands)
    sizes = len(stands) - np.searchsorted(ordered, cuts, side="left")
    cut = cuts[int(np.argmin(np.abs(sizes - share * len(stands))))]
    late: npt.NDArray[np.bool_] = stands >= cut
    return late


def blocks(units: Ints, when: Floats, folds: int) -> tuple[Ints, int]:
    """The block (0: earliest) of each row, and how many there are (fewer where equal times fill several)."""
    stands = standing(units, when)
    ordered = np.sort(stands)
    starts = [ordered[round(k * len(ordered) / folds)] for k in range(1, folds)]
    raw = np.searchsorted(np.unique(np.array(starts)), stands, side="right")
    present, block = np.unique(raw, return_inverse=True)
    return block.reshape(-1).astype(np.int64), len(present)
