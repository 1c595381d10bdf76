"""The few marks that figures are made of, and scales from values to places.

Every text goes through ``text()`` and every number through ``at()``; nothing else writes into a figure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: object) -> str:
    """Text without what neither HTML nor UTF-8 can hold (control characters, lone surrogates)."""
    return _CONTROL.sub("\ufffd", str(value))


def short(value: object, most: int) -> str:
    """Text of at most ``most`` characters, an ellipsis last where it was cut."""
    text = " ".join(clean(value).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def at(value: float) -> str:
    """A coordinate in tenths: the same everywhere, and short."""
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def tag(name: str, body: str | Markup = "", **attributes: object) -> Markup:
    """One element; ``class_`` is class, ``stroke_width`` stroke-width; floats are coordinates."""
    parts = [name]
    for key, value in attributes.items():
        if value is None or value == "":
            continue
        written = at(value) if isinstance(value, float) else clean(value)
        parts.append(f'{key.rstrip("_").replace("_", "-")}="{escape(written)}"')
    inside = body if isinstance(body, Markup) else escape(clean(body))
    head = " ".join(parts)
    return Markup(f"<{head}>{inside}</{name}>") if inside else Markup(f"<{head}/>")


def text(x: float, y: float, words: object, class_: str = "", title: str = "", **more: object) -> Markup:
    """A text at a place; ``title`` is shown when it is pointed at."""
    inside = escape(clean(words))
    if title:
        inside += tag("title", title)
    return tag("text", Markup(inside), x=x, y=y, class_=class_, **more)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rect(
    x: float, y: float, width: float, height: float, class_: str, title: str = "", **more: object
) -> Markup:
    inside = tag("title", title) if title else Markup()
    return tag(
        "rect", inside, x=x, y=y, width=max(0.0, width), height=max(0.0, height), class_=class_, **more
    )


def path(points: Iterable[tuple[float, float]], class_: str, close: bool = False) -> Markup:
    d = "".join(f"{'L' if i else 'M'}{at(x)} {at(y)}" for i, (x, y) in enumerate(points))
    return tag("path", d=d + ("Z" if close else ""), class_=class_) if d else Markup()


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def svg(width: float, height: float, body: Markup, label: str, class_: str = "plot") -> Markup:
    """A whole figure, named ``label`` for those who do not see it."""
    return tag(
        "svg",
        body,
        viewBox=f"0 0 {at(width)} {at(height)}",
        width=width,
        height=height,
        class_=class_,
        role="img",
        aria_label=label,
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """From values (``low`` to ``high``) to places (``start`` to ``end``), straight or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        if self.log:
            share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def finite(values: Iterable[float | str]) -> list[float]:
    return [float(v) for v in values if not isinstance(v, str) and math.isfinite(v)]


def span(values: Sequence[float], pad: float = 0.04, zero: bool = False) -> tuple[float, float]:
    """Ends of an axis that holds all values with a little room; never empty."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        room = abs(low) * 0.1 or 1.0
        return low - room, high + room
    room = (high - low) * pad
    return (low if zero and low == 0 else low - room), (high if zero and high == 0 else high + room)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values within an axis: 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / max(1, about)
    if rough <= 0 or not math.isfinite(rough):
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(math.log(s / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(k * step, digits) + 0.0 for k in range(first, last + 1)]


def powers(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: powers of ten, with 2 and 5 between where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    tens = [10.0**k for k in range(first, last + 1) if low <= 10.0**k <= high]
    if len(tens) >= 3:
        return tens[:: 1 + len(tens) // 7]
    every = [m * 10.0**k for k in range(first, last + 1) for m in (1, 2, 5)]
    return [v for v in every if low <= v <= high]


def tick_text(value: float) -> str:
    """A tick's number, short: 20000 is ``20k``."""
    size = abs(value)
    for letter, scale in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if size >= scale:
            scale = 1e3 if letter == "k" else scale
            return f"{value / scale:.6g}{letter}".replace("-", "−")
    if size and size < 1e-4:
        return f"{value:.0e}".replace("-", "−")
    return f"{value:.6g}".replace("-", "−")
