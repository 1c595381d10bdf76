"""Where and why the model errs: the optional parts of the test, each within its allowance of time."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.data import Development
from modelwright.core.records.evidence import Metric
from modelwright.core.records.models import Trained
from modelwright.core.stage import Work
from modelwright.evidence import augmented
from modelwright.evidence.showing import shown_columns
from modelwright.evidence.testing import (
    dependence,
    edge_cases,
    found_slices,
    hardest,
    importance,
    part_explanations,
    probing,
    robustness,
    row_explanations,
)
from modelwright.evidence.testing.allowance import Allowance
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.evidence.testing.private import personal, private_columns
from modelwright.features.measured import in_place
from modelwright.features.typed import Typed, from_frame
from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.goal.sections import RolesSection, SuccessSection
from modelwright.models.rows import signature_of

SAMPLE = 2000
"""Rows at most of a sample that is changed and scored again; 150 at least, where there are so many."""
LEAST_SAMPLE = 150
EVALUATIONS, EACH = 40_000, 25
"""Rows through the graph for importance, and for robustness: in all, and for each test row."""
DEPENDENCES = 4
DEPENDENCE_ROWS = 200
KNOWN_ROWS = 5000
"""Development rows that say what is usual."""
HARD, TYPICAL = 4, 3
PART_SECONDS, PROBE_SECONDS = 4.0, 10.0
"""Of media and texts, whose graphs cost more: for the parts of one column, and for all probes."""


def look(
    roles: RolesSection,
    success: SuccessSection,
    development: Development,
    trained: Trained,
    oracle: Oracle,
    rows: Opened,
    scored: Scored,
    specs: tuple[MetricSpec, ...],
    allowance: Allowance,
    level: float,
    work: Work,
    book: Book,
) -> list[Metric]:
    """Slices, edges, importance, dependence, hard rows, explanations, robustness. Returns the metrics of the
    slices that the goal names; all else goes into the book."""
    spec = spec_of(trained.metric)
    private = private_columns(development, roles, personal(development))
    private |= set(in_place(sorted(private), rows.typed.signature))
    declared = [*roles.sensitive, *(c.by for c in success.criteria if c.by is not None)]
    named = [c for c in dict.fromkeys(declared) if c in rows.frame.columns]
    metrics = found_slices.report_declared(rows, scored, named, specs, level, work.seed, book)
    ranked = _importance(oracle, rows, spec, allowance, level, work.seed, book)
    names = [*ranked, *(n for n in rows.typed.signature.names if n not in ranked)]
    shown = in_place(names, rows.typed.signature)
    known = _known(development, work.seed)
    if not allowance.pressed:
        hidden = set(private) - set(roles.sensitive)
        # Free text has no values to cut by; personal values must not become names of slices.
        columns = [n for n in (*named, *shown) if n not in hidden and n not in whole(rows)]
        columns = list(dict.fromkeys(columns))
        found_slices.report_found(rows, scored, columns, columns, level, book)
        edge_cases.report(rows, scored, known, level, book)
    else:
        allowance.skipped.append("search for weak slices")
    worst = hardest.report(rows, scored, shown, private, book)
    _dependence(oracle, rows, [n for n in ranked if n not in private], allowance, level, work.seed, book)
    _explanations(oracle, rows, scored, worst, known, private, allowance, work.seed, book)
    _parts(oracle, rows, scored, worst, private, allowance, book)
    _robustness(oracle, rows, trained, spec, known, allowance, level, work.seed, book)
    _probing(oracle, rows, trained, spec, allowance, level, work.seed, book)
    if allowance.pressed:
        allowance.skipped.append("augmented rows")
    else:
        augmented.report(development, trained, private, work.seed, book)
    if allowance.skipped:
        book.finding(
            "test.skipped",
            "note",
            f"these parts of the test would have taken too long: {', '.join(allowance.skipped)}",
            "give the run more time, or a model that answers faster",
        )
    return metrics


def sample(rows: Opened, most: int, seed: int) -> Opened:
    """At most so many of the rows, drawn at random, in their order."""
    if rows.rows <= most:
        return rows
    drawn = np.random.default_rng(seed).permutation(rows.rows)[:most]
    return rows.take(np.sort(drawn).astype(np.int64))


def whole(rows: Opened) -> frozenset[str]:
    """Columns whose cells are no single values: texts, pictures, sounds, series."""
    signature = rows.typed.signature
    return frozenset(signature.texts) | {tensor.name for tensor in signature.tensors}


def _known(development: Development, seed: int) -> Typed:
    frame = development.table.get()
    if frame.height > KNOWN_ROWS:
        drawn = np.sort(np.random.default_rng(seed).permutation(frame.height)[:KNOWN_ROWS])
        frame = frame[drawn.tolist()]
    return from_frame(frame, signature_of(development))


def _size(rows: Opened, evaluations: int, each: int) -> int:
    """Rows of a sample that is scored ``each`` times."""
    return min(rows.rows, SAMPLE, evaluations // max(each, 1))


def _least(rows: Opened, each: int) -> int:
    return min(rows.rows, LEAST_SAMPLE) * each


def _wanted(rows: Opened, each: int) -> int:
    return max(min(EVALUATIONS, EACH * rows.rows), _least(rows, each))


def _importance(
    oracle: Oracle, rows: Opened, spec: MetricSpec, allowance: Allowance, level: float, seed: int, book: Book
) -> list[str]:
    """The columns by importance; none where there was no time."""
    columns = len(rows.typed.signature.names)
    each = importance.DEALS * columns
    least = _least(rows, importance.LEAST_DEALS * columns)
    allowed = allowance.rows("importance of columns", _wanted(rows, each), least, 0.9)
    if not allowed:
        return []
    deals = importance.DEALS if allowed >= _least(rows, each) else importance.LEAST_DEALS
    some = sample(rows, _size(rows, allowed, deals * columns), seed)
    found = importance.measure(oracle, some, spec, level, seed, deals)
    if found:
        importance.report(found, some.rows, deals, spec, level, book)
    return [i.column for i in found]


def _dependence(
    oracle: Oracle,
    rows: Opened,
    columns: list[str],
    allowance: Allowance,
    level: float,
    seed: int,
    book: Book,
) -> None:
    wanted = [c for c in columns if c not in whole(rows)][:DEPENDENCES]
    some = sample(rows, DEPENDENCE_ROWS, seed + 1)
    each = dependence.POINTS * len(wanted)
    if wanted and allowance.rows("dependence on columns", some.rows * each, 50 * each, 0.4):
        for name in wanted:
            dependence.draw(oracle, rows, some, name, level, book)


def _explanations(
    oracle: Oracle,
    rows: Opened,
    scored: Scored,
    worst: list[int],
    known: Typed,
    private: frozenset[str],
    allowance: Allowance,
    seed: int,
    book: Book,
) -> None:
    hard = len(worst[:HARD])
    usual = [p for p in hardest.typical(scored, TYPICAL) if p not in worst[:HARD]]
    chosen = [*(("hard", p) for p in worst[:HARD]), *(("typical", p) for p in usual)]
    each = 2 * row_explanations.PAIRS * (len(rows.typed.signature.names) + 1)
    allowed = allowance.rows("explanations of rows", each * len(chosen), each, 0.4)
    if allowed and chosen:
        # Hard and typical ones in turn, should there be time for some only.
        count = max(1, allowed // each)
        ordered = [c for pair in zip_longest(chosen[:hard], chosen[hard:]) for c in pair if c is not None]
        kept = sorted(ordered[:count], key=chosen.index)
        row_explanations.report(oracle, rows, kept, known, private, seed, book)


def _robustness(
    oracle: Oracle,
    rows: Opened,
    trained: Trained,
    spec: MetricSpec,
    known: Typed,
    allowance: Allowance,
    level: float,
    seed: int,
    book: Book,
) -> None:
    each = robustness.plan_size(rows)
    allowed = allowance.rows("robustness", _wanted(rows, each), _least(rows, each), 0.9)
    if allowed:
        some = sample(rows, _size(rows, allowed, each), seed + 2)
        baseline = trained.baseline if trained.baselines else None
        robustness.report(oracle, some, spec, baseline, spreads(known), level, seed, book)


def _parts(
    oracle: Oracle,
    rows: Opened,
    scored: Scored,
    worst: list[int],
    private: frozenset[str],
    allowance: Allowance,
    book: Book,
) -> None:
    """On which parts of their pictures, sounds, series and texts some answers rest."""
    for column in shown_columns(rows.typed.signature, private):
        chosen = part_explanations.choose(column, rows, scored, worst)
        each = part_explanations.size(column, rows, chosen)
        allowed = allowance.rows(f"parts of {column.name}", each * len(chosen), 2 * each, PART_SECONDS)
        if allowed and chosen:
            part_explanations.report(oracle, column, rows, scored, chosen[: max(1, allowed // each)], book)


def _probing(
    oracle: Oracle,
    rows: Opened,
    trained: Trained,
    spec: MetricSpec,
    allowance: Allowance,
    level: float,
    seed: int,
    book: Book,
) -> None:
    each = probing.plan_size(rows.typed)
    if not each:
        return
    most, least = (each * min(rows.rows, n) for n in (probing.ROWS, probing.LEAST_ROWS))
    allowed = allowance.rows("robustness of media and texts", most, least, PROBE_SECONDS)
    if allowed:
        some = sample(rows, allowed // each, seed + 3)
        baseline = trained.baseline if trained.baselines else None
        probing.report(oracle, some, spec, baseline, level, seed, book)


def spreads(known: Typed) -> npt.NDArray[np.float64]:
    """Standard deviation of each number column, from its finite values; 0 where it has none: float64 [a]."""
    made = np.zeros(known.numbers.shape[1])
    for j in range(len(made)):
        values = known.numbers[:, j]
        values = values[np.isfinite(values)]
        made[j] = float(np.std(values)) if len(values) else 0.0
    return made
