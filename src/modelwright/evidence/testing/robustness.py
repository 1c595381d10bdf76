"""What becomes of the metric when inputs go wrong: noise, missing fields, unseen categories, outliers, units.

Each corruption is applied to the same sample of test rows, so the change is a paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.models import Member
from modelwright.evidence.estimate import compare
from modelwright.evidence.testing.answers import Opened, Oracle, member_scored
from modelwright.evidence.testing.columns import null_of, replaced, values_of
from modelwright.evidence.testing.wrong import Effect, shown
from modelwright.features.typed import Typed
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

NOISES = (0.1, 0.25)
"""Standard deviations of the noise, in those of each column over development rows."""
MISSING = (0.1, 0.3)
OUTLIERS, TENFOLD = 0.05, 10.0
SHIFTS = ((1000.0, "1000 (a kilo mistaken)"), (2.54, "2.54 (inches for centimetres)"))
UNSEEN = "\x01never seen before"
MOST_COLUMNS = 30
COLLAPSE = 0.5
"""Share of the gain over the baseline whose loss by one corrupted field counts as a collapse."""
SHOWN = 12
NAMED = 3


@dataclass(frozen=True, slots=True)
class Corruption:
    """``column`` is None where several columns are touched."""

    name: str
    column: str | None
    typed: Typed


@dataclass(frozen=True, slots=True)
class Change(Effect):
    """What a corruption does; ``column`` is None where several columns are touched."""

    column: str | None


def plan_size(rows: Opened) -> int:
    """How many corruptions there are for these columns."""
    return sum(1 for _ in corruptions(rows.take(np.arange(min(rows.rows, 2))), None, 0))


def corruptions(rows: Opened, spread: npt.NDArray[np.float64] | None, seed: int) -> Iterator[Corruption]:
    """Every corruption of the rows. ``spread`` [a]: standard deviation of each number column (ones if None).

    Booleans get no noise, no outliers and no shift: what they could become is missing."""
    typed, names = rows.typed, rows.typed.signature
    n, a = typed.numbers.shape
    spread = np.ones(a) if spread is None else spread
    real = np.array([name not in names.booleans for name in names.numbers], dtype=bool)
    if real.any():
        for size in NOISES:
            rng = np.random.default_rng([seed, 1, round(size * 100)])
            noise = rng.standard_normal((n, a)) * spread * size * real
            yield Corruption(f"noise of {size:g} sd", None, replace(typed, numbers=typed.numbers + noise))
    for share in MISSING:
        rng = np.random.default_rng([seed, 2, round(share * 100)])
        yield Corruption(f"{share:.0%} of all fields missing", None, _without(typed, rng, share))
    if typed.strings.shape[1]:
        unseen = np.full_like(typed.strings, UNSEEN)
        yield Corruption("every category unseen", None, replace(typed, strings=unseen))
    if real.any():
        rng = np.random.default_rng([seed, 3])
        hit = (rng.random((n, a)) < OUTLIERS) & real
        tenfold = np.where(hit, typed.numbers * TENFOLD, typed.numbers)
        yield Corruption(
            f"{OUTLIERS:.0%} of numbers ten times as large", None, replace(typed, numbers=tenfold)
        )
    for name in names.names[:MOST_COLUMNS]:
        yield Corruption(f"{name} missing", name, replaced(typed, name, null_of(typed, name)))
    for name in [n for n, r in zip(names.numbers, real, strict=True) if r][:MOST_COLUMNS]:
        for factor, words in SHIFTS:
            shifted = replaced(typed, name, values_of(typed, name) * factor)
            yield Corruption(f"{name} times {words}", name, shifted)


def _without(typed: Typed, rng: np.random.Generator, share: float) -> Typed:
    gone = [rng.random(m.shape) < share for m in (typed.numbers, typed.strings, typed.times)]
    strings = typed.strings.copy()
    strings[gone[1]] = NULL_TEXT
    return Typed(
        typed.signature,
        np.where(gone[0], np.nan, typed.numbers),
        strings,
        np.where(gone[2], NULL_TIME, typed.times),
        tuple(_blank(tensor, rng.random(len(tensor)) < share) for tensor in typed.tensors),
    )


def _blank(tensor: npt.NDArray[Any], rows: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The tensor with the cells of these rows missing."""
    made = tensor.copy()
    made[rows] = 0
    return made


def measure(
    oracle: Oracle,
    rows: Opened,
    spec: MetricSpec,
    baseline: Scored | None,
    spread: npt.NDArray[np.float64],
    level: float,
    seed: int,
) -> tuple[float, list[Change]]:
    """The metric on the rows as they are, and the change by each corruption."""
    base = oracle.scored(rows)
    value = spec.compute(base)
    gain = value - spec.compute(baseline) if baseline is not None else float("nan")
    if not spec.higher_is_better:
        gain = -gain
    made = []
    for c in corruptions(rows, spread, seed):
        changed = oracle.scored(rows, c.typed)
        gap, _ = compare(spec, changed, base, groups=rows.groups, time_order=rows.time_order, level=level)
        worse = -gap.value if spec.higher_is_better else gap.value
        lost = worse / gain if gain > 0 else float("nan")
        made.append(Change(c.name, spec.compute(changed), gap, lost, c.column))
    return value, made


def report(
    oracle: Oracle,
    rows: Opened,
    spec: MetricSpec,
    baseline: Member | None,
    spread: npt.NDArray[np.float64],
    level: float,
    seed: int,
    book: Book,
) -> list[Change]:
    """One figure, one table, and a finding for each field whose corruption alone takes half of the gain."""
    theirs = member_scored(baseline, rows) if baseline is not None else None
    value, changes = measure(oracle, rows, spec, theirs, spread, level, seed)
    worst = sorted(
        (c for c in changes if c.column is not None),
        key=lambda c: c.gap.value if spec.higher_is_better else -c.gap.value,
    )
    listed = [c for c in changes if c.column is None] + worst
    note = (
        f"Paired on {rows.rows} test rows, where {spec.title} is {value:.4g} as they are; intervals "
        f"at {level:.4g}. Noise is in standard deviations of the development rows."
    )
    shown("robustness", "When inputs go wrong", listed[:SHOWN], listed, spec, note, book)
    _fragile(worst, spec, book)
    return changes


def _part(lost: float) -> str:
    return "all" if lost >= 0.995 else f"{lost:.0%}"


def _fragile(worst: list[Change], spec: MetricSpec, book: Book) -> None:
    by_column: dict[str, list[Change]] = {}
    for c in worst:
        surely = c.gap.high < 0 if spec.higher_is_better else c.gap.low > 0
        if c.column is not None and surely and c.lost >= COLLAPSE:
            by_column.setdefault(c.column, []).append(c)
    # Fields whose absence alone does it come first.
    ordered = sorted(by_column.items(), key=lambda i: all(c.words != f"{i[0]} missing" for c in i[1]))
    for column, changes in ordered[:NAMED]:
        c = changes[0]
        others = "; also " + ", ".join(o.words for o in changes[1:]) if len(changes) > 1 else ""
        # That a unit mistaken spoils a field that matters is to be expected; that a gap does is not.
        gone = any(o.words == f"{column} missing" for o in changes)
        book.finding(
            "test.fragile",
            "warning" if gone else "note",
            f"with {c.words}, {spec.title} changes by {c.gap.value:.4g} ({c.gap.low:.4g} to "
            f"{c.gap.high:.4g}): {_part(c.lost)} of the gain over the baseline is gone{others}",
            "check this field where predictions are made (its presence, unit and range), and watch it live",
            column=column,
            numbers={"change": c.gap.value, "lost": c.lost},
        )
