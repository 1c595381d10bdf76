"""Rows at the edges: most missing fields, far-out numbers, categories never seen in development."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.found_slices import error_in
from modelwright.evidence.testing.losses import Gaps, error_name
from modelwright.features.typed import Typed
from modelwright.goal.metrics.scored import Scored
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

EDGE = 0.05
"""Share of the rows, by missing fields or by distance, that stand at the edge."""
LEAST = 5

Mask = npt.NDArray[np.bool_]


def missing_fields(typed: Typed) -> npt.NDArray[np.int64]:
    """Missing input fields of each row: int64 [n]."""
    gone = np.isnan(typed.numbers).sum(axis=1) + (typed.strings == NULL_TEXT).sum(axis=1)
    for cells in typed.tensors:
        gone = gone + ~cells.reshape(len(cells), -1).any(axis=1)
    return np.asarray(gone + (typed.times == NULL_TIME).sum(axis=1), dtype=np.int64)


def distance(typed: Typed, known: Typed) -> npt.NDArray[np.float64]:
    """How far out each row's farthest number is, in half interquartile ranges from the median of ``known``:
    float64 [n]. Columns whose quartiles coincide are left out."""
    far = np.zeros(typed.rows)
    for j, name in enumerate(typed.signature.numbers):
        seen = known.numbers[:, j]
        seen = seen[np.isfinite(seen)]
        if name in typed.signature.booleans or len(seen) < 4:
            continue
        low, middle, high = np.quantile(seen, [0.25, 0.5, 0.75])
        if high > low:
            away = np.abs(typed.numbers[:, j] - middle) / ((high - low) / 2)
            far = np.maximum(far, np.nan_to_num(away, nan=0.0, posinf=np.finfo(np.float64).max))
    return far


def unseen(typed: Typed, known: Typed) -> Mask:
    """Rows with a category that no row of ``known`` has: bool [n]. Texts are not looked at."""
    found = np.zeros(typed.rows, dtype=bool)
    for j, name in enumerate(typed.signature.strings):
        if name not in typed.signature.texts:
            seen = set(known.strings[:, j])
            found |= np.array([v not in seen for v in typed.strings[:, j]], dtype=bool)
    return found


def edges(rows: Opened, known: Typed) -> list[tuple[str, Mask]]:
    """Named masks of the rows at each edge; those of fewer than five rows are left out."""
    gone = missing_fields(rows.typed)
    least = max(int(np.quantile(gone, 1 - EDGE)), 1)
    far = distance(rows.typed, known)
    limit = max(float(np.quantile(far, 1 - EDGE)), 3.0)
    found = [
        (f"{least} or more missing fields", gone >= least),
        (f"a number {limit:.3g} or more half quartile ranges out", far >= limit),
        ("a category never seen in development", unseen(rows.typed, known)),
    ]
    return [(name, mask) for name, mask in found if LEAST <= mask.sum() < rows.rows]


def report(rows: Opened, scored: Scored, known: Typed, level: float, book: Book) -> None:
    """The table ``slices:edge-cases``: errors of rows at the edges, beside those of the rest."""
    found = edges(rows, known)
    if not found:
        return
    gaps = Gaps(rows, scored)
    lines = []
    for name, mask in found:
        gap, e = gaps.of(mask), error_in(rows, scored, mask, level)
        lines.append((name, int(mask.sum()), e.value, e.low, e.high, gap.outside, gap.p))
    book.table(
        Table(
            "slices:edge-cases",
            "Rows at the edges of the data",
            ("rows with", "rows", error_name(scored), "low", "high", "other rows", "p"),
            tuple(lines),
            note="Distance is from the median of the development rows. The p value is one-sided: that errors "
            "at the edge are no larger. It is not corrected for the few edges looked at.",
        )
    )
