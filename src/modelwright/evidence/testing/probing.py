"""What becomes of the metric when images, sounds, series and texts go wrong in ways of their own.

The probes are in the modalities (:mod:`modelwright.evidence.testing.probe`); here they run through the
released graph on test rows, each strength on the same rows, so that every change is a paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.models import Member
from modelwright.evidence.estimate import compare
from modelwright.evidence.testing.answers import Opened, Oracle, member_scored
from modelwright.evidence.testing.probe import PROBES, Probe
from modelwright.evidence.testing.wrong import Effect, shown
from modelwright.features.typed import Typed
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec

ROWS = 500
"""Test rows at most that each probe changes; ``LEAST_ROWS`` at least, where there are so many."""
LEAST_ROWS = 60
# Codes stand here in full, so that the guard of the catalogue finds them.
CODES = {
    "image": "robustness.image",
    "text": "robustness.text",
    "audio": "robustness.audio",
    "series": "robustness.series",
}
MOST_COLUMNS = 4
"""Columns of media and texts that are probed."""
MILD, STRONG = 0.25, 0.5
"""Share of the gain over the baseline whose loss is a finding: at the mildest strength, at the strongest."""
_REMEDIES = {
    "image": "train with such pictures among the rows (augmentation changes them so), or refuse them where "
    "predictions are made",
    "text": "train with such texts among the rows, or mend spelling where predictions are made",
    "audio": "train with such sounds among the rows (augmentation changes them so), or record otherwise",
    "series": "train with such series among the rows, or check the sensors where predictions are made",
}


@dataclass(frozen=True, slots=True)
class Change(Effect):
    """What a probe does at one of its strengths (``level``, the mildest is 0)."""

    probe: str
    level: int


def columns(typed: Typed) -> tuple[tuple[str, str], ...]:
    """(name, kind) of the columns that can be probed."""
    media = [(tensor.name, tensor.kind) for tensor in typed.signature.tensors if tensor.kind != "tokens"]
    texts = [(name, "text") for name in typed.signature.texts]
    return tuple([*media, *texts][:MOST_COLUMNS])


def plan_size(typed: Typed) -> int:
    """How often each row passes the graph."""
    return sum(len(probe.levels) for _, kind in columns(typed) for probe in PROBES.get(kind))


def changed(typed: Typed, name: str, probe: Probe, strength: float, rng: np.random.Generator) -> Typed:
    """The rows with one column changed; a missing cell of media (all zeros) stays missing."""
    signature = typed.signature
    if name in signature.strings:
        place = signature.strings.index(name)
        strings = typed.strings.copy()
        strings[:, place] = probe.change(strings[:, place], strength, rng)
        return replace(typed, strings=strings)
    place = [tensor.name for tensor in signature.tensors].index(name)
    cells = typed.tensors[place]
    there = cells.reshape(len(cells), -1).any(axis=1)
    made = cells.copy()
    made[there] = probe.change(cells[there], strength, rng)
    tensors = (*typed.tensors[:place], made, *typed.tensors[place + 1 :])
    return replace(typed, tensors=tensors)


def probed(typed: Typed, name: str, kind: str, seed: int) -> Iterator[tuple[str, int, str, Typed]]:
    """(probe, level, words, rows) for every probe of the kind."""
    for number, probe in enumerate(PROBES.get(kind)):
        for level, (strength, words) in enumerate(probe.levels):
            rng = np.random.default_rng([seed, number, level])
            yield probe.name, level, words, changed(typed, name, probe, strength, rng)


def measure(
    oracle: Oracle,
    rows: Opened,
    name: str,
    kind: str,
    spec: MetricSpec,
    baseline: Scored | None,
    level: float,
    seed: int,
) -> tuple[float, list[Change]]:
    """The metric on the rows as they are, and the change by each probe of one column."""
    base = oracle.scored(rows)
    value = spec.compute(base)
    sign = 1.0 if spec.higher_is_better else -1.0
    gain = sign * (value - spec.compute(baseline)) if baseline is not None else float("nan")
    made = []
    for probe, strength, words, typed in probed(rows.typed, name, kind, seed):
        scored = oracle.scored(rows, typed)
        gap, _ = compare(spec, scored, base, groups=rows.groups, time_order=rows.time_order, level=level)
        lost = -sign * gap.value / gain if gain > 0 else float("nan")
        made.append(Change(words, spec.compute(scored), gap, lost, probe, strength))
    return value, made


def report(
    oracle: Oracle,
    rows: Opened,
    spec: MetricSpec,
    baseline: Member | None,
    level: float,
    seed: int,
    book: Book,
) -> None:
    """For each column a figure, a table, and a finding where a probe takes much of the gain."""
    theirs = member_scored(baseline, rows) if baseline is not None else None
    for name, kind in columns(rows.typed):
        value, changes = measure(oracle, rows, name, kind, spec, theirs, level, seed)
        note = (
            f"Paired on {rows.rows} test rows, where {spec.title} is {value:.4g} as they are; intervals at "
            f"{level:.4g}."
        )
        shown(f"robustness-{kind}:{name}", f"When {name} goes wrong", changes, changes, spec, note, book)
        _say(name, kind, changes, spec, book)


def _say(name: str, kind: str, changes: list[Change], spec: MetricSpec, book: Book) -> None:
    """One finding for a column: what takes much at its mildest strength, or else at its strongest."""
    last = {c.probe: c.level for c in changes}
    hurt = []
    for c in changes:
        surely = c.gap.high < 0 if spec.higher_is_better else c.gap.low > 0
        limit = MILD if c.level == 0 else STRONG if c.level == last[c.probe] else float("inf")
        if surely and c.lost >= limit:
            hurt.append(c)
    if not hurt:
        return
    worst = max(hurt, key=lambda c: (c.level == 0, c.lost))
    others = [c.words for c in sorted(hurt, key=lambda c: -c.lost) if c.probe != worst.probe][:3]
    also = f"; also {', '.join(others)}" if others else ""
    book.finding(
        CODES[kind],
        "warning" if worst.level == 0 else "note",
        f"with {name} {worst.words}, {spec.title} changes by {worst.gap.value:.4g} ({worst.gap.low:.4g} to "
        f"{worst.gap.high:.4g}): {min(worst.lost, 1.0):.0%} of the gain over the baseline is gone{also}",
        _REMEDIES[kind],
        column=name,
        numbers={"change": worst.gap.value, "lost": worst.lost},
    )
