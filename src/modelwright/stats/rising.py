"""A bet on what was never there: a new category, a value that had never been missing.

Rows of a cell that no reference row was in have p-values below (k + 1) / (n + 1), when k of n rows so far
were in it; and as they come, k grows, and so does the part of [0, 1] that belongs to them. This bet follows
it: it stakes on p below (k + 1) / (n + 1), where k counts how often that has happened already. It looks at
past p-values alone, so it is fair; while nothing is new, k grows as in Pólya's urn and the part stays about
as small as it was. Cells stand at both ends (other, missing), so it is made at each.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from modelwright.stats import bets

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


class Rising:
    """Counts of p-values that were as near to an end as those of a cell without reference rows would be."""

    def __init__(self, reference: int, hits: tuple[int, int] = (0, 0)) -> None:
        self.reference = reference
        """Rows of the bag when the test began."""
        self.hits = hits
        """At the lower and at the upper end."""

    def gains(self, found: Codes, starts: Codes, tolerance: float) -> Array:
        """Log gains [blocks, bets: the lower end's shares, then the upper's] of the grid's cells ``found`` of
        the rows of blocks that begin at ``starts`` [blocks + 1]; hits are counted from block to block."""
        edges = bets.lower_edges()
        cells = len(bets.widths())
        begins = starts[:-1] - starts[0]
        sizes = np.diff(starts)
        blocks = len(begins)
        parts = []
        for end in (0, 1):
            # Counted from the end: the grid is its own mirror image.
            depth = cells - 1 - found if end else found
            nearest = np.minimum.reduceat(depth, begins).tolist()
            widths, counts = np.empty(blocks), np.zeros(blocks)
            held = self.hits[end]
            for j, (start, near) in enumerate(zip(starts[:-1].tolist(), nearest, strict=True)):
                edge = bisect_left(edges, (held + 1) / (self.reference + start + 1))
                widths[j] = edges[edge]
                if near < edge:
                    at = int(begins[j])
                    inside = int(np.count_nonzero(depth[at : at + int(sizes[j])] < edge))
                    counts[j] = inside
                    held += inside
            self.hits = (held, self.hits[1]) if end == 0 else (self.hits[0], held)
            parts.append(_log_gain(widths[:, None], counts[:, None], sizes[:, None], tolerance))
        return np.concatenate(parts, axis=1)


def _log_gain(width: Array, hits: Array, rows: Codes, tolerance: float) -> Array:
    """Of betting that each of the shares lies within ``width`` [blocks, 1]; 0 where that is no smaller."""
    share = np.array(bets.RISING)
    narrow = np.minimum(width, share)
    gain = hits * np.log(share / narrow) + (rows - hits) * (np.log1p(-share) - np.log1p(-narrow))
    return np.asarray(gain - rows * np.log1p(tolerance * 2 * (share - narrow)), dtype=np.float64)
