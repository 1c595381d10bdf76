"""What winsorising did to the rows that models learn from, for the report."""

from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.features.winsor import Bounds, said
from modelwright.models.rows import Learning


def show(learning: Learning, book: Book) -> None:
    """A line for each column that the goal wants drawn in: the bounds of all rows to learn from, the cells
    below and above, and how far the bounds of the folds, of which each learns its own, lie apart."""
    wishes = learning.place.winsorise
    if not wishes:
        return
    whole = Bounds.learn(learning.typed, wishes)
    counts = dict(zip(whole.columns, whole.counts(learning.typed), strict=True)) if whole else {}
    ends = (
        {n: (low, high) for n, low, high in zip(whole.columns, whole.low, whole.high, strict=True)}
        if whole
        else {}
    )
    folds = [
        Bounds.learn(learning.typed.take(learning.part(fold).train), wishes) for fold in learning.fold_numbers
    ]
    lines: list[tuple[str | float | int | None, ...]] = []
    for name, rule in wishes:
        if name not in ends:
            lines.append((name, said(rule), None, None, 0, 0, "too few different values"))
            continue
        lows = [b.low[b.columns.index(name)] for b in folds if b is not None and name in b.columns]
        highs = [b.high[b.columns.index(name)] for b in folds if b is not None and name in b.columns]
        apart = f"{_range(lows)}; {_range(highs)}" if lows else "none"
        lines.append((name, said(rule), *ends[name], *counts[name], apart))
    cells = sum(a + b for a, b in counts.values())
    book.table(
        Table(
            "train.winsorised",
            "Numbers drawn in to bounds (winsorised), as the goal asks",
            (
                "column",
                "rule",
                "lower bound",
                "upper bound",
                "cells below",
                "cells above",
                "bounds in the folds",
            ),
            tuple(lines),
            f"{cells:,} cells of {learning.rows:,} rows to learn from. A fold learns its bounds from its own "
            "rows of training, and what ships from the rows that it was fitted on; the same is done to every "
            "row at prediction time, inside of the model's graph. No test row has a part in the bounds.",
        )
    )


def _range(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
