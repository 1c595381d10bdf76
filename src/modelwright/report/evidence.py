"""Evidence in the order of the page: the metrics, figures and tables of each part, known ones first."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.core.records.evidence import Figure, Metric, Table
from modelwright.core.records.pictures import Gallery
from modelwright.report.places import Look, look, metric_place, rank
from modelwright.report.svg.small import ends
from modelwright.report.tables import relations
from modelwright.report.views import RunView, Staged

MOST_METRICS = 60
"""Rows of a group of metrics that are shown; how many there are is said."""


@dataclass(frozen=True, slots=True)
class FigureView:
    stage: str
    figure: Figure
    look: Look


@dataclass(frozen=True, slots=True)
class TableView:
    stage: str
    table: Table
    folded: bool = False


@dataclass(frozen=True, slots=True)
class GalleryView:
    stage: str
    gallery: Gallery


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Estimates of one metric on one axis, with a reference where there is one to compare with."""

    title: str
    unit: str
    rows: tuple[Metric, ...]
    hidden: int
    ends: tuple[float, float]
    reference: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Metrics of the model beside the same ones of each baseline, on the same rows."""

    baselines: tuple[str, ...]
    rows: tuple[tuple[Metric, tuple[Metric | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The evidence of one part of the page."""

    figures: tuple[FigureView, ...] = ()
    tables: tuple[TableView, ...] = ()
    folded_figures: tuple[FigureView, ...] = ()
    folded_tables: tuple[TableView, ...] = ()
    galleries: tuple[GalleryView, ...] = ()
    groups: tuple[MetricGroup, ...] = ()
    comparison: Comparison | None = None

    def __bool__(self) -> bool:
        folded = self.folded_figures or self.folded_tables
        shown = self.figures or self.tables or self.galleries or folded
        return bool(shown or self.groups or self.comparison)


PLACES = (
    "data",
    "columns",
    "relations",
    "models",
    "test",
    "slices",
    "explain",
    "robust",
    "safety",
    "release",
)


def parts(view: RunView) -> dict[str, Part]:
    """Every piece of evidence of the view, by the part where it stands. Nothing is left out."""
    return {place: _part(view, place) for place in PLACES}


def _part(view: RunView, place: str) -> Part:
    figures = [FigureView(s.stage, s.item, look(s.stage, s.item.code)) for s in view.figures]
    analysis = view.records.analysis
    if place == "relations" and analysis and not any(f.figure.code == "relations" for f in figures):
        own = relations(analysis)
        figures += [FigureView("analyse", own, look("analyse", own.code))] if analysis.relations else []
    tables = [s for s in view.tables if look(s.stage, s.item.code).place == place]
    metrics = [s for s in view.metrics if metric_place(s.stage, s.item.about) == place]
    comparison = None
    if place == "test":
        comparison = _comparison([s.item for s in metrics])
        metrics = [s for s in metrics if s.item.part != "test"]
    figures = sorted(
        (f for f in figures if f.look.place == place), key=lambda f: rank(f.stage, f.figure.code)
    )
    shown = [
        TableView(s.stage, s.item, look(s.stage, s.item.code).folded)
        for s in sorted(tables, key=lambda s: rank(s.stage, s.item.code))
    ]
    return Part(
        figures=tuple(f for f in figures if not f.look.folded),
        tables=tuple(t for t in shown if not t.folded),
        folded_figures=tuple(f for f in figures if f.look.folded),
        folded_tables=tuple(t for t in shown if t.folded),
        galleries=_galleries(view, place),
        groups=_groups(metrics, view.metrics),
        comparison=comparison,
    )


def _galleries(view: RunView, place: str) -> tuple[GalleryView, ...]:
    found = [s for s in view.galleries if look(s.stage, s.item.code).place == place]
    ordered = sorted(found, key=lambda s: rank(s.stage, s.item.code))
    return tuple(GalleryView(s.stage, s.item) for s in ordered)


def _comparison(metrics: Sequence[Metric]) -> Comparison | None:
    on_test = [m for m in metrics if m.part == "test"]
    ours = [m for m in on_test if m.about == "model"]
    baselines = list(dict.fromkeys(m.about for m in on_test if m.about != "model"))
    theirs = {(m.about, m.name): m for m in on_test}
    known = {m.name for m in ours}
    # What was measured of a baseline only is not lost: it gets a line of its own.
    alone = [m for m in on_test if m.about != "model" and m.name not in known]
    rows = [(m, tuple(theirs.get((b, m.name)) for b in baselines)) for m in ours]
    for name in dict.fromkeys(m.name for m in alone):
        of_name = tuple(theirs.get((b, name)) for b in baselines)
        first = next(m for m in alone if m.name == name)
        nothing = type(first.estimate)(math.nan, math.nan, math.nan, 0, method="not measured of the model")
        rows.append((Metric(name, nothing, "model", "test", first.unit), of_name))
    return Comparison(tuple(b.partition(":")[2] or b for b in baselines), tuple(rows)) if rows else None


def _groups(metrics: Sequence[Staged[Metric]], every: Sequence[Staged[Metric]]) -> tuple[MetricGroup, ...]:
    found: dict[tuple[str, str], list[Metric]] = {}
    for staged in metrics:
        m = staged.item
        found.setdefault((m.name, m.part), []).append(m)
    groups = []
    for (name, part), rows in found.items():
        overall = next(
            (s.item.estimate.value for s in every if s.item.about == "model" and s.item.name == name
             and s.item.part == part),
            None,
        )  # fmt: skip
        compared = any(m.about != "model" for m in rows)
        reference = overall if compared and overall is not None and math.isfinite(overall) else None
        kept = rows[:MOST_METRICS]
        values = [v for m in kept for v in (m.estimate.value, m.estimate.low, m.estimate.high)]
        groups.append(
            MetricGroup(
                title=name if part == "test" else f"{name} ({part})",
                unit=rows[0].unit,
                rows=tuple(kept),
                hidden=len(rows) - len(kept),
                ends=ends([*values, *([reference] if reference is not None else [])]),
                reference=reference,
            )
        )
    return tuple(groups)


def about(words: str) -> str:
    """What a metric is about: ``slice:sex=Male`` is ``sex=Male``, others keep their kind."""
    kind, _, rest = words.partition(":")
    return rest if kind == "slice" and rest else f"{kind}: {rest}" if rest else kind


def slug(words: str) -> str:
    """An anchor made of words."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "part"
