"""Pairs of places that are nearly equal, and how places that share a value are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

SALT = 0x5EED
ALIKE = 0.8
"""Jaccard index of the shingles of two texts from which they count as nearly equal."""
MANY = 400_000
"""Values from which tables are long."""


@dataclass(frozen=True, slots=True)
class Near:
    """``pairs``: int64 [n, 2], places of rows (the smaller first); ``rows``: how many rows are in any."""

    pairs: Ints
    rows: int
    examples: tuple[tuple[str, str], ...] = ()
    """Of pairs of rows: in which columns they differ, and how."""

    @property
    def found(self) -> bool:
        return len(self.pairs) > 0


NOTHING = Near(np.empty((0, 2), dtype=np.int64), 0)


def groups(values: Words) -> Iterator[Ints]:
    """Places that share a value, ascending, for each value that comes more than once."""
    some = None
    if len(values) > MANY:
        # Most values of long tables come once: what comes again is found by sorting values without places.
        ordered = np.sort(values)
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not len(again):
            return
        if len(again) < len(values) // 8:
            at = np.minimum(np.searchsorted(again, values), len(again) - 1)
            some = np.flatnonzero(again[at] == values)
            values = values[some]
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    order = order if some is None else some[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    begins = np.concatenate([[0], cuts])
    sizes = np.diff(np.concatenate([begins, [len(values)]]))
    for begin, size in zip(begins[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        yield order[begin : begin + size]


def jaccard(one: Words, other: Words) -> float:
    a, b = np.unique(one), np.unique(other)
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / max(1, len(a) + len(b) - both)


def short(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
