"""Lines, steps and clouds over two axes."""

from __future__ import annotations

import itertools
import math

from markupsafe import Markup

from modelwright.core.records.evidence import Figure, Series
from modelwright.report import numbers
from modelwright.report.places import Look
from modelwright.report.svg.marks import (
    Scale,
    finite,
    join,
    line,
    path,
    powers,
    rect,
    short,
    span,
    svg,
    tag,
    text,
    tick_text,
    ticks,
)  # fmt: skip

WIDTH, HEIGHT = 400.0, 290.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 12.0, 10.0, 48.0
MARKED = 25
"""Lines of at most so many points show each of them."""
CLOUD = 2_000
"""Points of a cloud that are drawn, evenly chosen; the table has the rest."""


def lines(figure: Figure, look: Look) -> Markup:
    """A line, step or scatter figure; x may be numbers or labels (in the order of their appearance)."""
    series = [s for s in figure.series if s.x and s.y]
    labels = list(dict.fromkeys(str(x) for s in series for x in s.x if isinstance(x, str)))
    if labels:
        # A number among labels is a label too.
        labels = list(dict.fromkeys(_label(x) for s in series for x in s.x))
    xs = [float(i) for i in range(len(labels))] if labels else finite(x for s in series for x in s.x)
    ys = finite(y for s in series for y in (*s.y, *s.low, *s.high))
    if not xs or not ys:
        return Markup()
    if look.unit:
        x_ends = y_ends = (0.0, 1.0)
    elif look.diagonal:
        x_ends = y_ends = span([*xs, *ys])
    else:
        x_ends, y_ends = span(xs, 0.06 if labels else 0.03), span(ys, 0.08)
    log = not labels and not look.diagonal and not look.unit and min(xs) > 0 and max(xs) / min(xs) >= 200
    if log:
        x_ends = (min(xs) / 1.2, max(xs) * 1.2)
    x = Scale(*x_ends, LEFT, WIDTH - RIGHT, log)
    y = Scale(*y_ends, HEIGHT - BOTTOM, TOP)
    parts = [*_frame(figure, x, y, labels)]
    if look.diagonal and not any(is_reference(s) for s in series):
        parts.append(line(x(x_ends[0]), y(y_ends[0]), x(x_ends[1]), y(y_ends[1]), "diagonal"))
    own = [s for s in series if not is_reference(s)]
    inside = [_one(s, -1, figure.kind, x, y, labels) for s in series if is_reference(s)]
    inside += [_one(s, i, figure.kind, x, y, labels) for i, s in enumerate(own)]
    # What lies outside the axes is cut, not drawn over the labels; half a mark may stand over the edge.
    left, top = LEFT - 5, TOP - 5
    width, height = WIDTH - LEFT - RIGHT + 10, HEIGHT - TOP - BOTTOM + 10
    box = f"{left:g} {top:g} {width:g} {height:g}"
    parts.append(tag("svg", join(inside), x=left, y=top, width=width, height=height, viewBox=box))
    return svg(WIDTH, HEIGHT, join(parts), f"{figure.title}: {figure.y_label} by {figure.x_label}")


def is_reference(series: Series) -> bool:
    """Whether a line is there to compare with: what chance, or a perfect model, would do."""
    return series.name.lower() in ("chance", "perfect", "ideal", "reference", "zero")


def _label(x: float | str) -> str:
    return x if isinstance(x, str) else numbers.plain(x)


def _frame(figure: Figure, x: Scale, y: Scale, labels: list[str]) -> list[Markup]:
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    parts = [rect(left, top, right - left, bottom - top, "plane")]
    for value in ticks(y.low, y.high):
        parts.append(line(left, y(value), right, y(value), "grid"))
        parts.append(text(left - 7, y(value) + 4, tick_text(value), "tick", text_anchor="end"))
    if labels:
        # As many labels as fit side by side.
        room = max(1, int((right - left) / (7 * min(12, max(map(len, labels))) + 10)))
        every = max(1, -(-len(labels) // room))
        for i, label in enumerate(labels):
            if i % every == 0:
                parts.append(
                    text(x(float(i)), bottom + 17, short(label, 12), "tick", label, text_anchor="middle")
                )
    else:
        for value in powers(x.low, x.high) if x.log else ticks(x.low, x.high):
            parts.append(line(x(value), top, x(value), bottom, "grid"))
            parts.append(text(x(value), bottom + 17, tick_text(value), "tick", text_anchor="middle"))
    parts.append(
        text((left + right) / 2, HEIGHT - 8, short(figure.x_label, 60), "label", text_anchor="middle")
    )
    middle = (top + bottom) / 2
    parts.append(
        text(
            14.0,
            middle,
            short(figure.y_label, 42),
            "label",
            text_anchor="middle",
            transform=f"rotate(-90 14 {middle:g})",
        )
    )
    return parts


def _one(series: Series, index: int, kind: str, x: Scale, y: Scale, labels: list[str]) -> Markup:
    place = {label: float(i) for i, label in enumerate(labels)}
    colour = f"s{index % 8}" if index >= 0 else "ref"
    band = len(series.low) == len(series.high) == len(series.y)
    points: list[tuple[float, float, float, float]] = []
    for i, (raw, value) in enumerate(zip(series.x, series.y, strict=False)):
        where = place[_label(raw)] if labels else float(raw)
        if math.isfinite(where) and math.isfinite(value):
            low, high = (series.low[i], series.high[i]) if band else (math.nan, math.nan)
            points.append((x(where), y(value), low, high))
    if kind == "scatter":
        step = max(1, math.ceil(len(points) / CLOUD))
        faint = " many" if len(points) > 200 else ""
        whiskers = [
            line(px, y(low), px, y(high), f"whisker {colour}")
            for px, _, low, high in points[::step]
            if math.isfinite(low) and math.isfinite(high)
        ]
        dots = [
            tag("circle", cx=px, cy=py, r=3.0, class_=f"point {colour}{faint}")
            for px, py, _, _ in points[::step]
        ]
        return join([*whiskers, *dots])
    parts: list[Markup] = []
    banded = [p for p in points if math.isfinite(p[2]) and math.isfinite(p[3])]
    if len(banded) > 1 and len(points) > MARKED:
        around = [(p[0], y(p[3])) for p in banded] + [(p[0], y(p[2])) for p in reversed(banded)]
        parts.append(path(around, f"band {colour}", close=True))
    elif banded:
        parts += [line(p[0], y(p[2]), p[0], y(p[3]), f"whisker {colour}") for p in banded]
    course = [(p[0], p[1]) for p in points]
    if kind == "step":
        course = [q for a, b in itertools.pairwise(course) for q in (a, (b[0], a[1]))] + course[-1:]
    parts.append(path(course, f"stroke {colour}"))
    if len(points) <= MARKED and index >= 0:
        for (px, py, _, _), raw, value in zip(points, series.x, series.y, strict=False):
            name = f"{series.name}: {_label(raw)}, {numbers.plain(value)}"
            parts.append(tag("circle", tag("title", name), cx=px, cy=py, r=3.5, class_=f"dot {colour}"))
    return join(parts)
