"""Pictures that stand inside a line or a table cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from markupsafe import Markup

from modelwright.report import numbers
from modelwright.report.svg.marks import Scale, finite, join, line, path, rect, span, svg, tag, text
from modelwright.report.views import CriterionView

_CLASS = {"met": "good", "not met": "bad", "unproven": "warn"}


def demand(criterion: CriterionView) -> Markup:
    """The interval of a criterion against its threshold; the good side is shaded. Empty without both."""
    c = criterion
    if c.value is None or c.threshold is None:
        return Markup()
    width, middle, height = 320.0, 17.0, 44.0
    low, high = _room(c)
    x = Scale(low, high, 6.0, width - 6.0)
    edge = x(c.threshold)
    good = (edge, width) if c.direction == "higher" else (0.0, edge)
    kind = _CLASS.get(c.verdict, "none")
    parts = [
        rect(0.0, middle - 4, width, 8.0, "track", rx=4),
        rect(good[0], middle - 4, good[1] - good[0], 8.0, "goodside", rx=4),
    ]
    if c.low is not None and c.high is not None:
        left, right = x(c.low), x(c.high)
        parts += [
            line(left, middle, right, middle, f"range {kind}"),
            line(left, middle - 6, left, middle + 6, f"cap {kind}"),
            line(right, middle - 6, right, middle + 6, f"cap {kind}"),
        ]
    parts.append(line(edge, 2.0, edge, 32.0, "threshold"))
    parts.append(tag("circle", cx=x(c.value), cy=middle, r=5.5, class_=f"dot {kind}"))
    anchor = "start" if edge < 40 else "end" if edge > width - 40 else "middle"
    words = numbers.measure(c.threshold, c.unit) if c.unit else numbers.plain(c.threshold)
    parts.append(text(edge, 42.0, f"threshold {words}", "tick", text_anchor=anchor))
    label = (
        f"{c.text}: {numbers.measure(c.value, c.unit)}, interval {numbers.measure(c.low, c.unit)} to "
        f"{numbers.measure(c.high, c.unit)}, threshold {words}: {c.verdict}"
    )
    return svg(width, height, join(parts), label, "demand")


def _room(c: CriterionView) -> tuple[float, float]:
    points = [v for v in (c.value, c.low, c.high, c.threshold) if v is not None]
    low, high = min(points), max(points)
    if c.unit in ("seconds", "bytes"):
        return 0.0, high * 1.15 or 1.0
    room = max((high - low) * 0.3, 0.01 if high <= 1 else abs(high) * 0.01)
    inside = low >= 0 and high <= 1
    low, high = low - room, high + room
    return (max(low, -0.0), min(high, 1.0)) if inside and high - low > 0 else (low, high)


def interval(
    value: float, low: float, high: float, ends: tuple[float, float], reference: float | None = None
) -> Markup:
    """A value with its interval on the axis of its column; ``reference`` is drawn as a line."""
    if math.isnan(value):
        return Markup()
    width = 140.0
    x = Scale(ends[0], ends[1], 5.0, width - 5.0)
    parts = [line(0.0, 8.0, width, 8.0, "axis")]
    if reference is not None and math.isfinite(reference):
        parts.append(line(x(reference), 0.0, x(reference), 16.0, "reference"))
    if not ends[0] <= value <= ends[1]:
        # Too far off for an axis on which the others can be told apart: an arrow says where.
        tip, back = (1.0, 8.0) if value < ends[0] else (width - 1.0, width - 8.0)
        parts.append(path([(tip, 8.0), (back, 4.0), (back, 12.0)], "dot s6", close=True))
    else:
        if not (math.isnan(low) or math.isnan(high)):
            left, right = max(0.0, x(low)), min(width, x(high))
            parts.append(line(left, 8.0, right, 8.0, "range s0"))
        parts.append(tag("circle", cx=x(value), cy=8.0, r=3.5, class_="dot s0"))
    words = f"{numbers.score(value)}, {numbers.score(low)} to {numbers.score(high)}"
    return svg(width, 16.0, join(parts), words, "inline")


def ends(values: Sequence[float]) -> tuple[float, float]:
    """The axis that a column of intervals shares."""
    return span(finite(values), pad=0.06)


def histogram(edges: Sequence[float], counts: Sequence[int]) -> Markup:
    """A column's distribution as bars of the width of their bins."""
    width, height = 150.0, 34.0
    if len(edges) != len(counts) + 1 or not counts or max(counts) <= 0 or not edges[-1] > edges[0]:
        return Markup()
    x = Scale(edges[0], edges[-1], 0.0, width)
    # The area is the count, so bins of unequal width are not misread.
    widths = [b - a for a, b in itertools.pairwise(edges)]
    heights = [c / w if w > 0 else 0.0 for c, w in zip(counts, widths, strict=True)]
    top = max(heights) or 1.0
    points: list[tuple[float, float]] = [(0.0, height)]
    for left, right, tall in zip(edges, edges[1:], heights, strict=False):
        # What is there must be seen: a bin with rows is at least a hair tall.
        y = height - (max(1.0, tall / top * (height - 2)) if tall else 0.0)
        points += [(x(left), y), (x(right), y)]
    points.append((width, height))
    label = f"histogram of {sum(counts):,} values in {len(counts)} bins"
    return svg(width, height, path(points, "hist", close=True), label, "inline")


def share_bar(part: float, title: str = "") -> Markup:
    """A part of one as a bar."""
    width = 90.0
    kept = min(1.0, max(0.0, part)) if math.isfinite(part) else 0.0
    inside = max(1.0, kept * width) if kept else 0.0
    body = join([rect(0.0, 3.0, width, 8.0, "track", rx=2), rect(0.0, 3.0, inside, 8.0, "bar s0", rx=2)])
    return svg(width, 14.0, body, title or numbers.share(part), "inline")
