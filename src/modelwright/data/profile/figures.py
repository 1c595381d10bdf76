"""The picture of one column: a histogram of numbers and dates, bars of the most frequent values."""

from __future__ import annotations

from modelwright.core.records.data import ColumnProfile
from modelwright.core.records.evidence import Figure, Series

BARS = 12


def column_figure(column: ColumnProfile) -> Figure | None:
    """The figure ``profile.column``, or nothing where a column has no shape to draw (texts, one value)."""
    if column.kind == "boolean" and column.numbers:
        true = round(column.numbers["mean"] * column.count)
        series = Series(column.name, ("false", "true"), (float(column.count - true), float(true)))
        return Figure(f"profile.column.{column.name}", column.name, "bar", "value", "rows", (series,))
    if len(column.counts) > 1:
        # A step figure has one x more than y: the edges.
        series = Series(column.name, column.edges, tuple(float(c) for c in column.counts))
        label = "time (microseconds since 1970, UTC)" if column.kind == "date" else column.name
        return Figure(f"profile.column.{column.name}", column.name, "step", label, "rows", (series,))
    if column.top:
        shown = column.top[:BARS]
        rest = column.count - sum(n for _, n in shown)
        names = tuple(v for v, _ in shown) + (("(all others)",) if rest else ())
        heights = tuple(float(n) for _, n in shown) + ((float(rest),) if rest else ())
        series = Series(column.name, names, heights)
        return Figure(f"profile.column.{column.name}", column.name, "bar", "value", "rows", (series,))
    return None
