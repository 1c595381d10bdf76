"""How the model treats the groups of one sensitive column, on the sealed rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.evidence import Estimate, Figure, Series, Table
from modelwright.evidence.safeguard.gaps import LEAST, Gap, WorstGap, worst_gap
from modelwright.evidence.safeguard.rates import Measure
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.slices import slices_of

MOST_GROUPS = 20
FOUR_FIFTHS = 0.8


def treat(rows: Opened, wanted: list[Measure], column: str, level: float, book: Book) -> list[WorstGap]:
    """Measures of each group, their worst gaps, one figure, two tables and the findings of one column."""
    parts = slices_of(rows.frame, column, most=MOST_GROUPS)
    masks = {}
    for name, positions in parts:
        masks[name] = np.zeros(rows.rows, dtype=bool)
        masks[name][positions] = True
    found = {m.name: {g: m.of(rows, mask, level) for g, mask in masks.items()} for m in wanted}
    for m in wanted:
        for group, e in found[m.name].items():
            book.metric(m.name, e, about=f"fairness:{column}={group}")
    independent = rows.groups is None and not rows.time_order
    gaps = []
    for m in wanted:
        at: dict[str, Callable[[float], Estimate]] = {
            g: partial(m.of, rows, mask) for g, mask in masks.items()
        }
        gap = worst_gap(m.title, m.compared, m.limit, at, level, independent=independent)
        if gap is not None:
            gaps.append(gap)
    _picture(column, wanted, found, level, book)
    _tables(column, wanted, found, gaps, {g: int(mask.sum()) for g, mask in masks.items()}, level, book)
    _say(column, gaps, found, wanted, book)
    return gaps


def _picture(
    column: str, wanted: list[Measure], found: dict[str, dict[str, Estimate]], level: float, book: Book
) -> None:
    shares = [m for m in wanted if m.kind == "share"] or wanted[:1]
    book.figure(
        Figure(
            f"fairness:{column}",
            f"How groups of {column} are treated",
            "bar",
            column,
            "share of rows" if shares[0].kind == "share" else shares[0].title,
            tuple(
                Series(
                    m.title,
                    tuple(found[m.name]),
                    tuple(e.value for e in found[m.name].values()),
                    tuple(e.low for e in found[m.name].values()),
                    tuple(e.high for e in found[m.name].values()),
                )
                for m in shares
            ),
            note=f"Test rows through the released graph; intervals at {level:.4g} for each group alone.",
        )
    )


def _tables(
    column: str,
    wanted: list[Measure],
    found: dict[str, dict[str, Estimate]],
    gaps: list[WorstGap],
    sizes: dict[str, int],
    level: float,
    book: Book,
) -> None:
    lines: list[tuple[str | float | int | None, ...]] = []
    for m in wanted:
        for group, e in found[m.name].items():
            lines.append((group, sizes[group], m.title, e.value, e.low, e.high, e.n))
    book.table(
        Table(
            f"fairness:{column}",
            f"Groups of {column}",
            ("group", "rows", "measure", "value", "low", "high", "rests on"),
            tuple(lines),
            note=f"Intervals at {level:.4g}. Measures that rest on fewer than {LEAST} rows prove nothing.",
        )
    )
    book.table(
        Table(
            f"fairness-gaps:{column}",
            f"Worst gaps between groups of {column}",
            ("measure", "most", "least", "difference", "low", "high", "ratio", "ratio low", "ratio high"),
            tuple(_line(g) for g in gaps),
            note=f"Intervals hold for all pairs of groups together at {level:.4g} (Bonferroni). The "
            "four-fifths rule (US Uniform Guidelines on Employee Selection Procedures, 1978) asks for a "
            "ratio of selection rates of 0.8 or more.",
        )
    )


def _line(gap: WorstGap) -> tuple[str | float | None, ...]:
    w, d, r = gap.worst, gap.worst.difference, gap.worst.ratio
    ends = (_known(r.value), _known(r.low), _known(r.high))
    return (gap.measure, w.most, w.least, d.value, d.low, d.high, *ends)


def _known(value: float) -> float | None:
    return None if math.isnan(value) or math.isinf(value) else value


def _say(
    column: str,
    gaps: list[WorstGap],
    found: dict[str, dict[str, Estimate]],
    wanted: list[Measure],
    book: Book,
) -> None:
    wide = [(g.measure, g.shown) for g in gaps if g.shown is not None]
    if wide:
        said = "; ".join(
            f"{name} is higher for {g.most} than for {g.least}, by {g.difference.value:.3g} "
            f"({g.difference.low:.3g} to {g.difference.high:.3g}){_fifths(name, g)}"
            for name, g in wide
        )
        book.finding(
            "safeguard.gap",
            "warning",
            f"the groups of {column} are treated differently: {said}",
            "ask whether the difference is grounded in the matter; if it is not, look at the data of the "
            "worse treated group (rows, labels, columns), or ask for the rate `by` this column in the goal",
            column=column,
            numbers={name: g.difference.value for name, g in wide},
        )
    small = {
        group: min(found[m.name][group].n for m in wanted)
        for group in next(iter(found.values()), {})
        if any(found[m.name][group].n < LEAST for m in wanted)
    }
    if small:
        listed = ", ".join(f"{g} ({n})" for g, n in list(small.items())[:MOST_GROUPS])
        book.finding(
            "safeguard.small-group",
            "note",
            f"groups of {column} that are too small to prove how they are treated, with the rows that their "
            f"thinnest measure rests on: {listed}; {LEAST} are needed",
            "bring more rows of these groups to the test",
            column=column,
            numbers={g: float(n) for g, n in small.items()},
        )


def _fifths(name: str, gap: Gap) -> str:
    if not name.startswith("selection rate") or math.isnan(gap.ratio.value):
        return ""
    doubt = "" if gap.ratio.high < FOUR_FIFTHS else ", though not beyond doubt"
    return f", a ratio of {gap.ratio.value:.3g}: below the four-fifths rule{doubt}"
