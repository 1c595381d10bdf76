"""Every metric of the catalogue that fits, for model and baselines, with intervals and paired tests."""

from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.records.evidence import Estimate, Metric, Table
from modelwright.evidence.estimate import compare, estimate
from modelwright.evidence.testing.answers import Opened
from modelwright.goal.metrics import metrics_for
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.stats.corrections import holm

PER_CLASS = ("precision", "recall", "f1")
MOST_CLASSES = 30


def measure(rows: Opened, scored: Scored, level: float, seed: int, book: Book) -> list[Metric]:
    """Every quality metric of the catalogue for this kind of problem, and per class where it has classes."""
    found = []
    for spec in metrics_for(rows.problem):
        if spec.needs == "resource" or (spec.name == "cost" and rows.costs is None):
            continue
        found.append(book.metric(spec.name, _estimate(spec, rows, scored, level, seed)))
    if rows.problem != "regression":
        table = []
        for code, name in enumerate(rows.classes[:MOST_CLASSES]):
            line: list[str | float | int | None] = [name, int((rows.truth == code).sum())]
            for metric in PER_CLASS:
                spec = next(s for s in metrics_for(rows.problem) if s.name == metric)
                e = _estimate(spec, rows, scored, level, seed, code)
                book.metric(metric, e, about=f"class:{name}")
                line += [e.value, e.low, e.high]
            table.append(tuple(line))
        columns = ("class", "rows", *(f"{m}{end}" for m in PER_CLASS for end in ("", " low", " high")))
        book.table(Table("per-class", "By class", columns, tuple(table)))
    return found


def _estimate(
    spec: MetricSpec, rows: Opened, scored: Scored, level: float, seed: int, code: int | None = None
) -> Estimate:
    return estimate(
        spec, scored, for_class=code, groups=rows.groups, time_order=rows.time_order, level=level, seed=seed
    )


def against_baselines(
    rows: Opened,
    scored: Scored,
    baselines: tuple[tuple[str, Scored], ...],
    metrics: tuple[MetricSpec, ...],
    level: float,
    seed: int,
    book: Book,
) -> dict[tuple[str, str], tuple[Estimate, float]]:
    """Paired differences to each baseline on the same rows, by (baseline, metric), with p values corrected
    for their number (Holm). Their metrics and one table go into the book."""
    made: dict[tuple[str, str], tuple[Estimate, float]] = {}
    lines = []
    for family, theirs in baselines:
        for spec in metrics:
            value = _estimate(spec, rows, theirs, level, seed)
            book.metric(spec.name, value, about=f"baseline:{family}")
            difference, p = compare(
                spec, scored, theirs, groups=rows.groups, time_order=rows.time_order, level=level
            )
            made[family, spec.name] = (difference, p)
            lines.append((family, spec.name, value.value, difference, p))
    known = [i for i, line in enumerate(lines) if line[4] == line[4]]
    corrected = dict(zip(known, holm([lines[i][4] for i in known]), strict=True)) if known else {}
    book.table(
        Table(
            "baselines",
            "Against the baselines, on the same rows",
            ("baseline", "metric", "its value", "difference", "low", "high", "p (Holm)"),
            tuple(
                (name, metric, value, d.value, d.low, d.high, float(corrected[i]) if i in corrected else None)
                for i, (name, metric, value, d, _) in enumerate(lines)
            ),
            note="The model minus the baseline, paired on the test rows.",
        )
    )
    return made
