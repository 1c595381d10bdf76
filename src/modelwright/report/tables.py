"""The numbers behind pictures, and the limits of what is shown of long tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from modelwright.core.records.data import BeforeAfter, Cleaned, Split
from modelwright.core.records.evidence import Figure, Series, Table
from modelwright.core.records.models import Analysis, FitRow
from modelwright.core.records.pictures import Gallery
from modelwright.report.svg.bars import shown as bars_shown
from modelwright.report.svg.matrix import MOST as MATRIX
from modelwright.report.svg.small import ends

ROWS = 200
"""Rows of the numbers behind a figure."""
FACTS = 100
"""Rows of a table of facts."""
COLUMNS = 150
"""Columns of the data that are profiled on the page."""
FITS = 60
"""Lines of the leaderboard."""
FINDINGS = 100
EXAMPLES = 16
"""Cells before and after cleaning, of which at most ``EACH`` by one operation."""
EACH = 5

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Numbers:
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    """Rows that there are; more than ``rows`` holds where the table is long."""


def behind(figure: Figure) -> Numbers:
    """A figure's data as a table."""
    if figure.kind == "matrix":
        labels = [*figure.rows, *(str(i) for i in range(len(figure.rows), len(figure.matrix)))]
        every: list[tuple[Cell, ...]] = [
            (label, *row) for label, row in zip(labels, figure.matrix, strict=False)
        ]
        corner = " / ".join(part for part in (figure.y_label, figure.x_label) if part)
        return Numbers((corner, *figure.columns), tuple(every[:ROWS]), len(every))
    banded = any(s.low and s.high for s in figure.series)
    several = len(figure.series) > 1
    rows: list[tuple[Cell, ...]] = []
    for s in figure.series:
        for i, (x, y) in enumerate(zip(s.x, s.y, strict=False)):
            row: list[Cell] = [s.name] if several else []
            row += [x, y]
            if banded:
                row += [s.low[i] if i < len(s.low) else None, s.high[i] if i < len(s.high) else None]
            rows.append(tuple(row))
    head = ["series"] if several else []
    head += [figure.x_label or "x", figure.y_label or "y"] + (["low", "high"] if banded else [])
    return Numbers(tuple(head), tuple(rows[:ROWS]), len(rows))


def numeric(numbers: Numbers) -> tuple[int, ...]:
    """Places of the columns that hold numbers and nothing else, to be set flush right."""
    found = []
    for place in range(len(numbers.columns)):
        cells = [row[place] for row in numbers.rows if place < len(row) and row[place] is not None]
        if cells and all(isinstance(c, int | float) and not isinstance(c, bool) for c in cells):
            found.append(place)
    return tuple(found)


def cut(figure: Figure) -> str:
    """What of a figure is in its numbers only, said; empty where all is drawn."""
    if figure.kind == "bar":
        drawn, total = bars_shown(figure)
        return f"The first {drawn} of {total:,} are drawn." if drawn < total else ""
    if figure.kind == "matrix" and max(len(figure.matrix), len(figure.columns)) > MATRIX:
        return f"The first {MATRIX} of {max(len(figure.matrix), len(figure.columns)):,} are drawn."
    return ""


def relations(analysis: Analysis) -> Figure:
    """How much each column alone says of the target, strongest first."""
    found = sorted(analysis.relations, key=lambda x: (-x.score if x.score == x.score else 1.0, x.column))
    series = Series("share explained", tuple(x.column for x in found), tuple(x.score for x in found))
    measured = ", ".join(dict.fromkeys(x.method for x in found))
    return Figure(
        "relations", "Relation to the target", "bar", "column", "share explained", (series,),
        note=f"Measured as {measured}." if measured else "",
    )  # fmt: skip


def facts(table: Table | Gallery) -> Numbers:
    return Numbers(table.columns, table.rows[:FACTS], len(table.rows))


def changes(cleaned: Cleaned) -> tuple[BeforeAfter, ...]:
    """Cells before and after: what is done rarely first, so that the common does not hide it."""
    often = Counter(e.operation for e in cleaned.examples)
    kept: list[BeforeAfter] = []
    for operation, _ in sorted(often.items(), key=lambda pair: (pair[1], pair[0])):
        kept += [e for e in cleaned.examples if e.operation == operation][:EACH]
    return tuple(kept[:EXAMPLES])


def recipe(cleaned: Cleaned, changed: bool) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Sentences of the cleaning recipe and their columns: what changed cells, or what did not."""
    found: dict[str, list[str]] = {}
    for column in cleaned.columns:
        for operation in column.operations:
            if (operation.changed > 0) is changed:
                found.setdefault(operation.sentence, []).append(column.name)
    return tuple((sentence, tuple(names)) for sentence, names in found.items())


def parts(split: Split) -> tuple[tuple[str, int], ...]:
    """Rows of each part, in the order in which they are used."""
    order = ("train", "validation", "test")
    return tuple(
        sorted(split.counts.items(), key=lambda p: (order.index(p[0]) if p[0] in order else 9, p[0]))
    )


def fitted(rows: tuple[FitRow, ...]) -> tuple[FitRow, ...]:
    return tuple(r for r in rows if r.taken and r.status != "declined")


def axis(rows: tuple[FitRow, ...]) -> tuple[float, float]:
    """The axis of the leaderboard: it holds what is near the best, and leaves the hopeless outside."""
    usual = [r for r in rows if not r.baseline and r.score == r.score] or [
        r for r in rows if r.score == r.score
    ]
    if not usual:
        return 0.0, 1.0
    best = usual[0].score
    far = 3 * abs(sorted(abs(r.score - best) for r in usual)[len(usual) // 2]) or float("inf")
    near = [r for r in usual if abs(r.score - best) <= far]
    return ends([v for r in near for v in (r.score, r.low, r.high)])


def declined(rows: tuple[FitRow, ...]) -> tuple[FitRow, ...]:
    return tuple(r for r in rows if not r.taken or r.status == "declined")
