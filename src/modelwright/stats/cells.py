"""The cells that a stream's values fall into, and how many reference rows each held.

Every kind of column becomes the same thing: ``other`` first (values the reference did not list), then the
listed categories by name or the bins of a histogram in rising order, and ``missing`` last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Where values fall. ``counts`` [k + 2] are reference rows: other, the k listed cells, missing.

    Numbers: ``edges`` [k - 1], cell i holds edges[i-1] < value <= edges[i]. Categories: ``names`` [k].
    """

    kind: Literal["number", "category"]
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        listed = len(self.edges) + 1 if self.kind == "number" else len(self.names)
        if len(self.counts) != listed + 2 or min(self.counts) < 0:
            raise ValueError("counts must be: other, one for each listed cell, missing; none below zero")
        if any(not a < b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges must rise")

    @property
    def missing(self) -> int:
        """The code of missing values; that of unlisted ones is 0."""
        return len(self.counts) - 1

    @property
    def rows(self) -> int:
        return sum(self.counts)

    def codes(self, values: Sequence[Any] | NDArray[Any]) -> Codes:
        """The cells of values [n]. None and NaN are missing; what is no number, in a column of numbers, is
        other, and so is a category that is not listed. Booleans count as 0 and 1."""
        return self._numbers(values) if self.kind == "number" else self._names(values)

    def _numbers(self, values: Sequence[Any] | NDArray[Any]) -> Codes:
        strange: NDArray[np.bool_] | None = None
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            numbers = values.astype(np.float64)
        else:
            read = [_number(v) for v in values]
            strange = np.array([v is None for v in read], dtype=np.bool_)
            numbers = np.array([math.nan if v is None else v for v in read], dtype=np.float64)
        found = np.searchsorted(np.array(self.edges), numbers, side="left").astype(np.int64) + 1
        found[np.isnan(numbers)] = self.missing
        if strange is not None:
            found[strange] = 0
        return found

    def _names(self, values: Sequence[Any] | NDArray[Any]) -> Codes:
        places: dict[Any, int] = {name: i for i, name in enumerate(self.names, start=1)}
        last = self.missing
        places[None] = last
        found = np.fromiter(
            (places.get(v, -1) if isinstance(v, str) or v is None else -1 for v in values),
            dtype=np.int64,
            count=len(values),
        )
        for place in np.flatnonzero(found < 0):
            value = values[int(place)]
            blank = isinstance(value, float | np.floating) and math.isnan(value)
            found[place] = last if blank else places.get(_name(value), 0)
        return found


def _number(value: Any) -> float | None:
    """NaN for a missing value, None for what is no number."""
    if value is None:
        return math.nan
    return float(value) if isinstance(value, bool | int | float | np.number | np.bool_) else None


def _name(value: Any) -> str:
    """The name of a category; booleans and the numbers that stand for them get one name."""
    if isinstance(value, bool | np.bool_):
        return repr(float(value))
    return repr(float(value)) if isinstance(value, int | float | np.number) else str(value)


def from_histogram(told: Mapping[str, Any], missing: int = 0) -> Cells:
    """From ``{"edges", "counts"}`` as :func:`modelwright.release.histogram.histogram` makes them. Without
    counts (too few values, or withheld) all values that are present share one cell, of ``rows`` if told."""
    counts = [int(c) for c in told.get("counts", ())]
    if not counts:
        counts = [max(int(told.get("rows", 0)) - missing, 0)]
        return Cells("number", (0, *counts, missing))
    return Cells("number", (0, *counts, missing), edges=tuple(float(e) for e in told.get("edges", ())))


def from_counts(counts: Mapping[str, int], other: int = 0, missing: int = 0) -> Cells:
    """From counts of categories that were fixed before the rows were seen (such as a model's classes).

    Cells stand in the order of their names: by frequency, the foremost would be those that luck favoured,
    and values would seem to fall from them on new rows.
    """
    names = tuple(sorted(counts))
    return Cells("category", (other, *(int(counts[n]) for n in names), missing), names=names)


def from_reference(entry: Mapping[str, Any], *, least: int = 5, most: int = 200) -> Cells:
    """The cells of a column's entry in ``reference.json``.

    Its categories were listed because they had ``least`` reference rows (or were among the ``most``
    frequent), which favours the lucky: a reference row counts itself when its category is listed, a new row
    does not. So new rows fall into ``other`` more often than reference rows did. The mend is to leave each
    row out (Good 1953; Robbins 1968): rows of categories which stand at the threshold are counted as other,
    and taken from the listed cells evenly. That estimate errs more than a plain count, and so the whole
    reference is made to weigh less, by the ratio of the variances. What is left of the effect is measured in
    ``benchmarks/drift``.
    """
    missing = int(entry.get("missing", 0))
    if "values" not in entry:
        return from_histogram(entry, missing)
    counts = {_name(value): int(count) for value, count in entry["values"]}
    other = int(entry.get("other", 0))
    if not counts or entry.get("kind") == "boolean":
        return from_counts(counts, other, missing)
    threshold = min(counts.values())
    if threshold > least and (len(counts) < most or other == 0):
        return from_counts(counts, other, missing)
    moved = sum(count for count in counts.values() if count == threshold)
    names = sorted(counts)
    spread = _evenly(moved, [counts[n] for n in names])
    other += moved
    worth = 1.0 + threshold * moved / max(other, 1)
    kept = {name: round((counts[name] - taken) / worth) for name, taken in zip(names, spread, strict=True)}
    return from_counts(kept, round(other / worth), round(missing / worth))


def _evenly(whole: int, holds: Sequence[int]) -> list[int]:
    """What is taken of each so that it sums to ``whole``, as even as the holdings allow."""
    taken = [0] * len(holds)
    left = min(whole, sum(holds))
    while left > 0:
        able = [i for i, h in enumerate(holds) if taken[i] < h]
        share = max(left // len(able), 1)
        for i in able:
            step = min(share, holds[i] - taken[i], left)
            taken[i] += step
            left -= step
    return taken


def from_values(edges: Iterable[float], values: ArrayLike) -> Cells:
    """Bins with edges that do not come from the ``values`` [n] (a score's natural steps): counts of them."""
    cells = tuple(float(e) for e in edges)
    empty = Cells("number", (0,) * (len(cells) + 3), edges=cells)
    counts = np.bincount(empty.codes(np.asarray(values, dtype=np.float64)), minlength=len(cells) + 3)
    return Cells("number", tuple(int(c) for c in counts), edges=cells)
