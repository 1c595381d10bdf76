"""How much the predictions rest on each column: permutation importance through the released graph.

Breiman, "Random forests" (2001); Fisher, Rudin & Dominici, "All models are wrong, but many are useful"
(2019): the metric's loss when a column's values are dealt anew among the rows, averaged over several deals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series, Table
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.evidence.testing.columns import replaced, values_of
from modelwright.evidence.testing.losses import units_of
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.stats.intervals import t_quantile
from modelwright.stats.units import single_rows

DEALS, LEAST_DEALS = 5, 2
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Importance:
    """``value``: how much worse the metric gets, positive where the column helps."""

    column: str
    value: float
    low: float
    high: float


def measure(
    oracle: Oracle, rows: Opened, spec: MetricSpec, level: float, seed: int, deals: int = DEALS
) -> list[Importance]:
    """Importance of every input column, the most important first.

    The interval adds the variance between deals (over their number) to that between rows (or groups, or
    blocks of time) of the mean influence of each row on the difference."""
    base = spec.of(oracle.scored(rows))
    names = rows.typed.signature.names
    if base.why or not math.isfinite(float(base.value)):
        return []
    own = base.influence()
    sign = 1.0 if spec.higher_is_better else -1.0
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(rows.rows) for _ in range(deals)]
    found = []
    for name in names:
        values, influence = [], np.zeros(rows.rows)
        for order in orders:
            form = spec.of(
                oracle.scored(rows, replaced(rows.typed, name, values_of(rows.typed, name)[order]))
            )
            values.append(sign * (float(base.value) - float(form.value)))
            influence += sign * (own - form.influence()) / deals
        mean = float(np.mean(values))
        reach = 0.0
        for units in units_of(rows, influence) or [single_rows(rows.rows)]:
            count = max(units.count, 2)
            between = float(np.sum(units.total(influence) ** 2)) * count / (count - 1)
            total = between + float(np.var(values, ddof=1)) / deals
            reach = max(reach, t_quantile(level, count - 1) * math.sqrt(total))
        found.append(Importance(name, mean, mean - reach, mean + reach))
    return sorted(found, key=lambda i: -i.value)


def report(
    found: list[Importance], rows: int, deals: int, spec: MetricSpec, level: float, book: Book
) -> None:
    """One figure of the most important columns, and the table of all."""
    top = found[:SHOWN]
    note = (
        f"How much worse {spec.title} gets on {rows} test rows when a column's values are dealt anew among "
        f"them ({deals} deals; intervals at {level:.4g}). Columns that tell the same share their importance, "
        "and each may look dispensable alone."
    )
    book.figure(
        Figure(
            "importance",
            "What the predictions rest on",
            "bar",
            "column",
            f"loss of {spec.title}",
            (
                Series(
                    "loss",
                    tuple(i.column for i in top),
                    tuple(i.value for i in top),
                    tuple(i.low for i in top),
                    tuple(i.high for i in top),
                ),
            ),
            note=note,
        )
    )
    if len(found) > SHOWN:
        book.table(
            Table(
                "importance",
                "Importance of every column",
                ("column", f"loss of {spec.title}", "low", "high"),
                tuple((i.column, i.value, i.low, i.high) for i in found),
                note=note,
            )
        )
