"""A matrix as shaded cells with their numbers."""

from __future__ import annotations

import math

from markupsafe import Markup

from modelwright.core.records.evidence import Figure
from modelwright.report import numbers
from modelwright.report.places import Look
from modelwright.report.svg.marks import join, rect, short, svg, text

MOST = 30
"""Rows and columns that are drawn; the table has all."""
WIDTH = 400.0


def matrix(figure: Figure, look: Look) -> Markup:
    """Rows by columns. Shaded by the share of the row (``look.shares``), or by size, signs in two colours."""
    cells = [row[:MOST] for row in figure.matrix[:MOST]]
    if not cells or not cells[0]:
        return Markup()
    rows = [*figure.rows, *(str(i) for i in range(len(figure.rows), len(cells)))][: len(cells)]
    wide = max(len(row) for row in cells)
    columns = [*figure.columns, *(str(i) for i in range(len(figure.columns), wide))][:wide]
    letters = 16 if wide <= 6 else 12
    left = 26.0 + min(124.0, 7.6 * max(len(short(r, letters)) for r in rows))
    side = (WIDTH - left - 8) / wide
    longest = max(len(short(c, letters)) for c in columns)
    slanted = longest * 6.6 > side
    if slanted:
        # Names that lean to the right need room behind the last column.
        side = (WIDTH - left - max(8.0, 4.6 * len(short(columns[-1], letters)) - side / 2)) / wide
    tall = min(side, 62.0)
    head = 30.0 + (min(90.0, 5.2 * max(len(short(c, letters)) for c in columns)) if slanted else 16.0)
    height = head + tall * len(cells) + 8
    largest = max((abs(v) for row in cells for v in row if math.isfinite(v)), default=0.0) or 1.0
    parts = [
        text(left + side * wide / 2, 14.0, short(figure.x_label, 50), "label", text_anchor="middle"),
        text(
            12.0, head + tall * len(cells) / 2, short(figure.y_label, 30), "label",
            text_anchor="middle", transform=f"rotate(-90 12 {head + tall * len(cells) / 2:g})",
        ),
    ]  # fmt: skip
    for j, name in enumerate(columns):
        centre = left + side * (j + 0.5)
        if slanted:
            turn = f"rotate(-45 {centre:g} {head - 6:g})"
            parts.append(text(centre, head - 6, short(name, letters), "tick", name, transform=turn))
        else:
            parts.append(text(centre, head - 8, short(name, letters), "name", name, text_anchor="middle"))
    for i, row in enumerate(cells):
        y = head + tall * i
        total = sum(v for v in row if math.isfinite(v))
        parts.append(
            text(left - 7, y + tall / 2 + 4, short(rows[i], letters), "name", rows[i], text_anchor="end")
        )
        for j, value in enumerate(row):
            x = left + side * j
            if not math.isfinite(value):
                parts.append(rect(x, y, side - 2, tall - 2, "cell empty", rx=3))
                continue
            part = value / total if look.shares and total else abs(value) / largest
            colour = "s1" if value < 0 else "s0"
            said = f"{rows[i]}, {columns[j]}: {numbers.plain(value)}"
            said += f" ({numbers.share(part)} of the row)" if look.shares else ""
            # Never so dark that the text on it would need another colour, in either scheme.
            opacity = f"{0.04 + 0.46 * min(1.0, max(0.0, part)):.2f}"
            parts.append(rect(x, y, side - 2, tall - 2, "cell", rx=3))
            parts.append(rect(x, y, side - 2, tall - 2, f"cell {colour}", said, rx=3, fill_opacity=opacity))
            if side >= 30 and tall >= 16:
                centre, lift = x + side / 2 - 1, 4.0
                if look.shares and tall >= 36 and side >= 44:
                    parts.append(
                        text(centre, y + tall / 2 + 15, numbers.share(part), "sub", text_anchor="middle")
                    )
                    lift = -1.0
                words = numbers.plain(value, 2 if side < 40 else 3)
                parts.append(text(centre, y + tall / 2 + lift, words, "value", text_anchor="middle"))
    return svg(WIDTH, height, join(parts), f"{figure.title}: {figure.y_label} by {figure.x_label}")
