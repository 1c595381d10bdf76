"""Pictures over time, each with the table of its numbers; made of the marks of the report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from modelwright.report import numbers
from modelwright.report.svg.marks import (
    Scale,
    join,
    line,
    path,
    rect,
    short,
    span,
    svg,
    tag,
    text,
    tick_text,
    ticks,
)
from modelwright.report.tables import Numbers
from modelwright.web import times

WIDTH, HEIGHT = 400.0, 212.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 10.0, 16.0, 34.0
STEPS = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600)
"""Seconds between two ticks of a time axis."""


@dataclass(frozen=True, slots=True)
class Course:
    """One quantity over time: a value a bucket, None where there is none."""

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    kind: Literal["bars", "lines", "points"]
    """Bars stand on each other; points have whiskers."""
    starts: tuple[float, ...]
    """Where each bucket begins, in seconds since 1970, UTC."""
    bucket: float
    """Seconds."""
    courses: tuple[Course, ...]
    unit: str = ""
    """As the report measures: ``seconds``, ``fraction``, or empty for counts."""
    threshold: float | None = None
    marks: tuple[tuple[float, str], ...] = ()
    """Moments that are drawn and named, such as that of a new version."""
    note: str = ""

    @property
    def empty(self) -> bool:
        return not any(v is not None for c in self.courses for v in c.values)


def legend(chart: Chart) -> tuple[tuple[Markup, str], ...]:
    """A swatch and a name for each course."""
    if len(chart.courses) < 2:
        return ()
    found = []
    for i, course in enumerate(chart.courses):
        if chart.kind == "bars":
            body = rect(2.0, 2.0, 14.0, 10.0, f"bar s{i}", rx=2)
        else:
            body = line(0.0, 7.0, 18.0, 7.0, f"stroke s{i}")
        found.append((svg(18.0, 14.0, body, "", "swatch"), course.name))
    return tuple(found)


def table(chart: Chart) -> Numbers:
    """The numbers, newest first; buckets without any are left out."""
    banded = any(c.low for c in chart.courses)
    head = ["from (UTC)"]
    for course in chart.courses:
        head += [course.name, "low", "high"] if banded else [course.name]
    rows = []
    for i, start in enumerate(chart.starts):
        values: list[float | None] = []
        for course in chart.courses:
            values.append(course.values[i])
            if banded:
                values += [course.low[i], course.high[i]]
        if any(v for v in values):
            said = [numbers.NONE if v is None else numbers.measure(v, chart.unit) for v in values]
            rows.append((times.moment(start), *said))
    return Numbers(tuple(head), tuple(reversed(rows)), len(rows))


def draw(chart: Chart) -> Markup:
    """The picture; empty where there is nothing to draw."""
    if chart.empty or not chart.starts:
        return Markup()
    end = chart.starts[-1] + chart.bucket
    x = Scale(chart.starts[0], end, LEFT, WIDTH - RIGHT)
    stacked = chart.kind == "bars"
    y = Scale(*_heights(chart, stacked), HEIGHT - BOTTOM, TOP)
    parts = [*_axes(chart, x, y)]
    if chart.threshold is not None and y.low <= chart.threshold <= y.high:
        at = y(chart.threshold)
        said = f"goal {numbers.measure(chart.threshold, chart.unit)}"
        parts.append(line(LEFT, at, WIDTH - RIGHT, at, "threshold"))
        parts.append(text(LEFT + 4, at - 4, said, "tick halo"))
    drawing = {"bars": _bars, "lines": _lines, "points": _points}[chart.kind]
    parts += drawing(chart, x, y)
    parts += _moments(chart, x)
    return svg(WIDTH, HEIGHT, join(parts), _said(chart))


def _heights(chart: Chart, stacked: bool) -> tuple[float, float]:
    if stacked:
        tall = [sum(v or 0.0 for v in at) for at in zip(*(c.values for c in chart.courses), strict=True)]
        return 0.0, max(tall) * 1.06 or 1.0
    values = [v for c in chart.courses for v in (*c.values, *c.low, *c.high) if v is not None]
    if chart.threshold is not None and chart.unit != "seconds":
        values.append(chart.threshold)
    return span(values, 0.08, zero=chart.kind == "lines")


def _axes(chart: Chart, x: Scale, y: Scale) -> list[Markup]:
    left, right, foot = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in ticks(y.low, y.high, 4):
        if chart.kind == "bars" and value % 1:
            continue  # there is no half of a request
        parts.append(line(left, y(value), right, y(value), "grid"))
        parts.append(text(left - 6, y(value) + 4, _tick(value, chart.unit), "tick", text_anchor="end"))
    whole = x.high - x.low
    step = next((s for s in STEPS if whole / s <= 6), STEPS[-1])
    first = math.ceil(x.low / step) * step
    for at in range(int(first), int(x.high) + 1, step):
        place = x(float(at))
        parts.append(line(place, foot, place, foot + 4, "axis"))
        # The last label would run over the edge.
        anchor = "end" if place > right - 16 else "start" if place < left + 12 else "middle"
        parts.append(text(place, foot + 17, times.tick(at, whole), "tick", text_anchor=anchor))
    parts.append(line(left, foot, right, foot, "axis"))
    return parts


def _tick(value: float, unit: str) -> str:
    return numbers.duration(value) if unit == "seconds" and value else tick_text(value)


def _bars(chart: Chart, x: Scale, y: Scale) -> list[Markup]:
    parts = []
    for i, start in enumerate(chart.starts):
        left, right = x(start), x(start + chart.bucket)
        gap = 1.0 if right - left > 4 else 0.2
        foot = 0.0
        for k, course in enumerate(chart.courses):
            value = course.values[i] or 0.0
            if value <= 0:
                continue
            top, bottom = y(foot + value), y(foot)
            said = f"{times.moment(start)}: {numbers.plain(value)} {course.name}"
            # What is there must be seen.
            tall = max(1.5, bottom - top)
            parts.append(rect(left + gap / 2, bottom - tall, right - left - gap, tall, f"bar s{k}", said))
            foot += value
    return parts


def _lines(chart: Chart, x: Scale, y: Scale) -> list[Markup]:
    parts = []
    middle = chart.bucket / 2
    for k, course in enumerate(chart.courses):
        for run in _unbroken(chart.starts, course.values):
            points = [(x(start + middle), y(value)) for start, value in run]
            parts.append(path(points, f"stroke s{k}"))
            if len(points) == 1:
                parts.append(_dot(*points[0], k, course.name, run[0], chart.unit))
    return parts


def _points(chart: Chart, x: Scale, y: Scale) -> list[Markup]:
    parts = []
    middle = chart.bucket / 2
    for k, course in enumerate(chart.courses):
        for i, (start, value) in enumerate(zip(chart.starts, course.values, strict=True)):
            if value is None:
                continue
            place = x(start + middle)
            low = course.low[i] if course.low else None
            high = course.high[i] if course.high else None
            if low is not None and high is not None:
                parts.append(line(place, y(low), place, y(high), f"whisker s{k}"))
            parts.append(_dot(place, y(value), k, course.name, (start, value), chart.unit))
    return parts


def _dot(x: float, y: float, k: int, name: str, at: tuple[float, float], unit: str) -> Markup:
    said = f"{name}, {times.moment(at[0])}: {numbers.measure(at[1], unit)}"
    return tag("circle", tag("title", said), cx=x, cy=y, r=3.2, class_=f"dot s{k}")


def _moments(chart: Chart, x: Scale) -> list[Markup]:
    parts = []
    taken = math.inf
    for at, name in sorted(chart.marks, reverse=True):
        if not x.low <= at <= x.high:
            continue
        place = x(at)
        parts.append(line(place, TOP - 2, place, HEIGHT - BOTTOM, "reference"))
        if taken - place > 26:  # of those close together the last one is named
            anchor, beside = ("end", -3.0) if place > WIDTH - 40 else ("start", 3.0)
            words = short(name, 12)
            parts.append(text(place + beside, TOP - 5, words, "tick", text_anchor=anchor))
            taken = place
    return parts


def _unbroken(starts: Sequence[float], values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Runs of neighbours that have values: no line is drawn through a time without any."""
    found = []
    pairs = list(zip(starts, values, strict=True))
    for there, run in itertools.groupby(pairs, key=lambda pair: pair[1] is not None):
        if there:
            found.append([(start, value) for start, value in run if value is not None])
    return found


def _said(chart: Chart) -> str:
    parts = []
    for course in chart.courses:
        values = [v for v in course.values if v is not None]
        if values:
            low, high = (numbers.measure(v, chart.unit) for v in (min(values), max(values)))
            parts.append(f"{course.name} from {low} to {high}")
    first, last = times.moment(chart.starts[0]), times.moment(chart.starts[-1] + chart.bucket)
    return f"{chart.title}, {first} to {last}: {'; '.join(parts)}"
