"""Bars: lying ones for names, standing ones for numbers."""

from __future__ import annotations

import itertools
import math

from markupsafe import Markup

from modelwright.core.records.evidence import Figure, Series
from modelwright.report import numbers
from modelwright.report.svg.marks import (
    Scale,
    finite,
    join,
    line,
    rect,
    short,
    span,
    svg,
    text,
    tick_text,
    ticks,
)

WIDTH = 400.0
MOST = 25
"""Names that are drawn; the table has all."""


def bars(figure: Figure) -> Markup:
    """A bar figure: series side by side, with whiskers where they have intervals."""
    series = [s for s in figure.series if s.x and s.y]
    if not finite(y for s in series for y in s.y):
        return Markup()
    if any(isinstance(x, str) for s in series for x in s.x):
        return _lying(figure, series)
    return _standing(figure, series)


def shown(figure: Figure) -> tuple[int, int]:
    """How many names a bar figure draws, and of how many."""
    names = dict.fromkeys(str(x) for s in figure.series for x in s.x)
    lying = any(isinstance(x, str) for s in figure.series for x in s.x)
    return (min(MOST, len(names)), len(names)) if lying else (len(names), len(names))


def _values(series: Series) -> dict[str, tuple[float, float, float]]:
    band = len(series.low) == len(series.high) == len(series.y)
    return {
        str(x): (y, series.low[i] if band else math.nan, series.high[i] if band else math.nan)
        for i, (x, y) in enumerate(zip(series.x, series.y, strict=False))
    }


def _lying(figure: Figure, series: list[Series]) -> Markup:
    names = list(dict.fromkeys(str(x) for s in series for x in s.x))[:MOST]
    values = [_values(s) for s in series]
    every = [v for per in values for name in names if name in per for v in per[name]]
    low, high = span(finite(every), 0.04, zero=True)
    left = min(172.0, 14.0 + 7.4 * max(len(short(name, 22)) for name in names))
    thick = 16.0 if len(series) == 1 else 11.0
    row = thick * len(series) + 9.0
    top, bottom = 8.0, 44.0
    height = top + row * len(names) + bottom
    x = Scale(low, high, left, WIDTH - 58.0)
    foot = height - bottom
    parts = []
    for value in ticks(low, high, 4):
        parts.append(line(x(value), top, x(value), foot, "grid"))
        parts.append(text(x(value), foot + 16, tick_text(value), "tick", text_anchor="middle"))
    for i, name in enumerate(names):
        head = top + i * row + 4.0
        middle = head + thick * len(series) / 2 + 4.0
        parts.append(text(left - 8, middle, short(name, 22), "name", name, text_anchor="end"))
        for k, per in enumerate(values):
            value, least, most = per.get(name, (math.nan, math.nan, math.nan))
            if not math.isfinite(value):
                continue
            y = head + k * thick
            start, end = sorted((x(0.0), x(value)))
            said = f"{name}{', ' + series[k].name if len(series) > 1 else ''}: {numbers.plain(value)}"
            parts.append(rect(start, y, max(1.0, end - start), thick - 2, f"bar s{k % 8}", said, rx=2))
            edge = end
            if math.isfinite(least) and math.isfinite(most):
                centre = y + (thick - 2) / 2
                parts.append(line(x(least), centre, x(most), centre, "whisker over"))
                edge = max(end, x(most))
            parts.append(text(edge + 6, y + thick / 2 + 3, numbers.plain(value, 3), "value"))
    if low < 0 < high:
        parts.append(line(x(0.0), top, x(0.0), foot, "zero"))
    parts.append(
        text((left + WIDTH - 58) / 2, height - 8, short(figure.y_label, 60), "label", text_anchor="middle")
    )
    return svg(WIDTH, height, join(parts), f"{figure.title}: {figure.y_label} of {len(names)} names")


def _standing(figure: Figure, series: list[Series]) -> Markup:
    height, left, right, top, bottom = 290.0, 62.0, 12.0, 10.0, 48.0
    xs = sorted(set(finite(x for s in series for x in s.x)))
    if not xs:
        return Markup()
    gaps = [b - a for a, b in itertools.pairwise(xs)]
    wide = min(gaps) if gaps else 1.0
    low, high = span(finite(v for s in series for v in (*s.y, *s.low, *s.high)), 0.06, zero=True)
    x = Scale(xs[0] - wide * 0.6, xs[-1] + wide * 0.6, left, WIDTH - right)
    y = Scale(low, high, height - bottom, top)
    parts = []
    for value in ticks(low, high):
        parts.append(line(left, y(value), WIDTH - right, y(value), "grid"))
        parts.append(text(left - 7, y(value) + 4, tick_text(value), "tick", text_anchor="end"))
    for value in ticks(x.low, x.high):
        parts.append(text(x(value), height - bottom + 17, tick_text(value), "tick", text_anchor="middle"))
    thick = max(1.0, (x(wide) - x(0.0)) * 0.86 / len(series))
    for k, one in enumerate(series):
        band = len(one.low) == len(one.high) == len(one.y)
        for i, (raw, value) in enumerate(zip(one.x, one.y, strict=False)):
            if isinstance(raw, str) or not (math.isfinite(raw) and math.isfinite(value)):
                continue
            start = x(raw) + (k - len(series) / 2) * thick
            head, foot = sorted((y(value), y(0.0)))
            said = f"{numbers.plain(raw)}: {numbers.plain(value)}"
            parts.append(rect(start, head, thick - 0.5, foot - head, f"bar s{k % 8}", said))
            if band and math.isfinite(one.low[i]) and math.isfinite(one.high[i]):
                middle = start + thick / 2
                parts.append(line(middle, y(one.low[i]), middle, y(one.high[i]), "whisker over"))
    parts.append(
        text((left + WIDTH - right) / 2, height - 8, short(figure.x_label, 60), "label", text_anchor="middle")
    )
    centre = (top + height - bottom) / 2
    parts.append(
        text(
            14.0,
            centre,
            short(figure.y_label, 40),
            "label",
            text_anchor="middle",
            transform=f"rotate(-90 14 {centre:g})",
        )
    )
    return svg(WIDTH, height, join(parts), f"{figure.title}: {figure.y_label} by {figure.x_label}")
