"""Slices where the model does worse: searched for, and declared by the goal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwright.core.book import Book
from modelwright.core.records.evidence import Estimate, Metric, Table
from modelwright.evidence.estimate import estimate
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.losses import Gaps, error_name
from modelwright.evidence.testing.slices import slices_of
from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.stats.corrections import holm

LEAST = 30
"""Rows of the smallest slice that is looked at (and at least 1% of the test rows)."""
MOST_VALUES = 15
PAIRED_COLUMNS = 6
PAIRED_VALUES = 4
TIMES = 1.25
"""A slice is called weak where its error is this many times that of the rest, and shown to be larger."""
LISTED = 12
NAMED = 3
SHARED = 0.5
"""A slice that shares this much of the smaller one with a slice listed before is not listed."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Slice:
    name: str
    inside: Mask


@dataclass(frozen=True, slots=True)
class Weak:
    """A slice, its errors and those of the rest; ``p`` is corrected for all that were looked at (Holm)."""

    slice: Slice
    error: float
    rest: float
    p: float


def least_rows(rows: Opened) -> int:
    """Rows of the smallest slice that is looked at."""
    return max(LEAST, -(-rows.rows // 100))


def search(rows: Opened, scored: Scored, columns: list[str], paired: list[str]) -> tuple[list[Weak], int]:
    """Slices by one value or quartile of each of ``columns``, and by pairs of the first few of ``paired``;
    worst first by p value. The second number says how many were looked at: that many are corrected for."""
    least = least_rows(rows)
    single = {name: _cut(rows.frame, name, MOST_VALUES) for name in columns}
    looked = [s for slices in single.values() for s in slices]
    for first, second in combinations(paired[:PAIRED_COLUMNS], 2):
        looked += [
            Slice(f"{a.name} and {b.name}", a.inside & b.inside)
            for a in _cut(rows.frame, first, PAIRED_VALUES)
            for b in _cut(rows.frame, second, PAIRED_VALUES)
        ]
    looked = [s for s in looked if least <= int(s.inside.sum()) <= rows.rows - least]
    if not looked:
        return [], 0
    gaps = Gaps(rows, scored)
    found = [gaps.of(s.inside) for s in looked]
    corrected = holm([g.p for g in found])
    weak = [Weak(s, g.inside, g.outside, float(p)) for s, g, p in zip(looked, found, corrected, strict=True)]
    order = np.argsort([g.p for g in found], kind="stable")
    return [weak[i] for i in order], len(looked)


def distinct(weak: list[Weak], most: int, level: float = 0.05) -> list[Weak]:
    """Those shown to be worse, materially so, and not mostly the same rows as one before."""
    kept: list[Weak] = []
    for w in weak:
        if len(kept) == most or w.p > level:
            break
        if w.error < TIMES * w.rest:
            continue
        if all(_shared(w.slice.inside, k.slice.inside) < SHARED for k in kept):
            kept.append(w)
    return kept


def _shared(a: Mask, b: Mask) -> float:
    """Rows in both, as a share of the smaller one."""
    return float(np.sum(a & b)) / max(min(int(a.sum()), int(b.sum())), 1)


def unsaid(scored: Scored, inside: Mask) -> float:
    """One-sided p value of "errors here are no more than the probabilities say".

    Where the classes are hard to tell apart, more errors are to be expected, and honest probabilities say how
    many: one minus that of the predicted class, summed (Poisson-binomial variance, normal tail). 0 for
    numbers, whose answers say nothing of their errors."""
    if scored.probabilities is None or scored.labels is None:
        return 0.0
    labels = scored.labels[inside]
    said = 1.0 - scored.probabilities[inside][np.arange(len(labels)), labels]
    away = float(np.sum(labels != scored.truth[inside]) - said.sum())
    spread = float(np.sqrt(np.sum(said * (1.0 - said))))
    return float(special.ndtr(-away / spread)) if spread > 0 else float(away <= 0)


def report_found(
    rows: Opened, scored: Scored, columns: list[str], paired: list[str], level: float, book: Book
) -> list[Weak]:
    """Search, one table of the weakest slices, and a finding for each of the worst few."""
    weak, looked = search(rows, scored, columns, paired)
    kept = distinct(weak, LISTED, 1 - level)
    measure = error_name(scored)
    lines = []
    for w in kept:
        e = error_in(rows, scored, w.slice.inside, level)
        lines.append((w.slice.name, int(w.slice.inside.sum()), e.value, e.low, e.high, w.rest, w.p))
    book.table(
        Table(
            "slices-found",
            "Slices where the model is worse than elsewhere",
            ("slice", "rows", measure, "low", "high", "elsewhere", "p (Holm)"),
            tuple(lines),
            note=f"{looked} slices of at least {least_rows(rows)} rows were looked at: values and quartiles "
            f"of single columns, and pairs. Listed are those with errors at least {TIMES} times those of the "
            f"other rows and p <= {1 - level:.3g} after Holm's correction for all that were looked at. Found "
            "by looking, so new rows will likely show smaller gaps; intervals are of the slice alone.",
        )
    )
    named = kept[:NAMED]
    secrets = holm([unsaid(scored, w.slice.inside) for w in named])
    for w, secret in zip(named, secrets, strict=True):
        n = int(w.slice.inside.sum())
        known = "" if scored.values is not None else ", which its probabilities do not say"
        if secret > 1 - level:
            known = ", as its probabilities say"
        book.finding(
            "test.weak-slice",
            "note" if secret > 1 - level else "warning",
            f"where {w.slice.name} ({n} test rows) the {measure} is {w.error:.4g}, against {w.rest:.4g} "
            f"elsewhere{known} (p {w.p:.2g} after correction for the {looked} slices that were looked at)",
            "bring more rows like these, or columns that tell them apart; until then, take these predictions "
            "with care",
            numbers={"rows": n, "error": w.error, "elsewhere": w.rest, "p": w.p, "p unsaid": float(secret)},
        )
    return kept


def error_in(rows: Opened, scored: Scored, inside: Mask, level: float) -> Estimate:
    """Share wrong, or mean absolute error, of some rows, with its interval."""
    positions = np.flatnonzero(inside)
    some = rows.take(positions)
    spec = spec_of("mae" if scored.values is not None else "accuracy")
    e = estimate(spec, scored.take(positions), groups=some.groups, time_order=some.time_order, level=level)
    if scored.values is not None:
        return e
    return Estimate(1 - e.value, 1 - e.high, 1 - e.low, e.n, e.level, e.method)


def report_declared(
    rows: Opened,
    scored: Scored,
    columns: list[str],
    specs: tuple[MetricSpec, ...],
    level: float,
    seed: int,
    book: Book,
) -> list[Metric]:
    """The metrics of each slice of the columns that the goal names (sensitive, ``by``)."""
    made: list[Metric] = []
    lines: list[tuple[str | float | int | None, ...]] = []
    for column in columns:
        for name, positions in slices_of(rows.frame, column)[:MOST_VALUES]:
            some, of_them = rows.take(positions), scored.take(positions)
            for spec in specs:
                e = estimate(
                    spec, of_them, groups=some.groups, time_order=some.time_order, level=level, seed=seed
                )
                made.append(book.metric(spec.name, e, about=f"slice:{column}={name}"))
                lines.append((f"{column} = {name}", len(positions), spec.name, e.value, e.low, e.high))
    if lines:
        book.table(
            Table(
                "slices",
                "Slices that the goal names",
                ("slice", "rows", "metric", "value", "low", "high"),
                tuple(lines),
                note="Columns that are sensitive or named in a criterion with `by`. Each interval is for its "
                "own slice, without a correction for how many there are.",
            )
        )
    return made


def _cut(frame: Any, column: str, most: int) -> list[Slice]:
    made = []
    for name, positions in slices_of(frame, column, most=most):
        inside = np.zeros(frame.height, dtype=bool)
        inside[positions] = True
        made.append(Slice(f"{column} is {name}", inside))
    return made
