"""A figure's data as a picture: which drawing fits, and the legend beside it."""

from __future__ import annotations

from markupsafe import Markup

from modelwright.core.records.evidence import Figure
from modelwright.report.places import Look
from modelwright.report.svg.bars import bars
from modelwright.report.svg.lines import is_reference, lines
from modelwright.report.svg.marks import line, rect, svg, tag
from modelwright.report.svg.matrix import matrix


def figure(figure: Figure, look: Look) -> Markup:
    """The picture of a figure; empty where its data hold nothing that can be drawn."""
    if figure.kind == "matrix":
        return matrix(figure, look)
    drawn = [s for s in figure.series if s.x and s.y]
    if not drawn:
        return Markup()
    if figure.kind == "bar":
        return bars(figure)
    return lines(figure, look)


def legend(figure: Figure, look: Look) -> tuple[tuple[Markup, str], ...]:
    """A swatch and a name for each series, where there is more than one thing to tell apart."""
    drawn = [s for s in figure.series if s.x and s.y]
    if figure.kind == "matrix" or (len(drawn) < 2 and not look.diagonal):
        return ()
    kind = {"bar": "bar", "scatter": "point"}.get(figure.kind, "stroke")
    compared = [s for s in drawn if is_reference(s)] if figure.kind != "bar" else []
    own = [s for s in drawn if s not in compared]
    entries = [(_swatch(f"{kind} s{i % 8}"), s.name) for i, s in enumerate(own)]
    entries += [(_swatch("diagonal"), s.name) for s in compared]
    if look.diagonal and figure.kind != "bar" and not compared:
        entries.append((_swatch("diagonal"), look.diagonal))
    return tuple(entries)


def _swatch(class_: str) -> Markup:
    if class_.startswith("bar"):
        body = rect(2.0, 2.0, 14.0, 10.0, class_, rx=2)
    elif class_.startswith("point"):
        body = tag("circle", cx=9.0, cy=7.0, r=4.0, class_=class_)
    else:
        body = line(0.0, 7.0, 18.0, 7.0, class_)
    return svg(18.0, 14.0, body, "", "swatch")
