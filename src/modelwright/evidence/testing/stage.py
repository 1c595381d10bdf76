"""The stage that opens the sealed rows."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.data import Development, Sealed
from modelwright.core.records.evidence import Estimate, Metric
from modelwright.core.records.goal import Openings
from modelwright.core.records.models import Compressed, Outer, Trained
from modelwright.core.records.verdict import CriterionResult, Tested
from modelwright.core.stage import Work
from modelwright.data.weak import WEAK
from modelwright.evidence import judge as judging
from modelwright.evidence.estimate import estimate
from modelwright.evidence.testing import cost, deeper, figures, standard
from modelwright.evidence.testing.allowance import Allowance
from modelwright.evidence.testing.answers import Opened, Oracle, opened
from modelwright.evidence.testing.criteria import Resources, judge_one, recorded
from modelwright.evidence.testing.pooled import pool
from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.sections import OutputSection, RolesSection, SuccessSection

Gaps = dict[tuple[str, str], tuple[Estimate, float]]
"""Paired differences to each baseline, by (baseline, metric), with their p values."""


def test(
    roles: RolesSection,
    success: SuccessSection,
    output: OutputSection,
    development: Development,
    sealed: Sealed,
    trained: Trained,
    compressed: Compressed,
    outer: Outer,
    openings: Openings,
    work: Work,
    book: Book,
) -> Tested:
    """Score the sealed rows through the graph that ships, judge every criterion, and look at where and why
    the model errs."""
    rows = opened(sealed.table.get(), development, success)
    graph = compressed.graph.get()
    oracle = Oracle(graph, work.cores)
    priced = cost.Cost(development, compressed, rows)
    resources = Resources(priced.calls, len(graph), trained.seconds)
    if openings.count > 1:
        book.finding(
            "test.opened-before",
            "note",
            f"these test rows have been opened {openings.count} times, so intervals are at level "
            f"{openings.level:.4g}",
            "new test rows would bring the intervals back to 95%",
        )
    if rows.rows == 0:
        unseen = [judge_one(c, rows, _nothing(rows), resources, 0.95, work.seed) for c in success.criteria]
        none = judging.unproven("better than the best baseline", "there are no test rows (split.test is 0)")
        every = tuple(j.result for j in unseen)
        if all(one.verdict == "met" for one in every):  # a small or a quick model is not yet a good one
            every = (*every, recorded(none))
        return Tested(every, (), openings.count, openings.level, 0)
    work.say("testing", rows=rows.rows)
    began = time.perf_counter()
    scored = oracle.scored(rows)
    speed = rows.rows / max(time.perf_counter() - began, 1e-9)
    level = openings.level
    pooled = pool(outer, success, development, trained, rows, scored)
    if outer.folds:
        book.finding(
            "test.outer-folds",
            "note",
            f"{pooled.rows.rows} rows of {len(outer.folds) + 1} outer folds were each scored by the model "
            "that had not seen them; the model of the last fold is the one that ships",
            "the folds' models share training rows, so intervals are a little too narrow: leave a margin",
        )
    learned = development.table.get()
    judged = [
        judge_one(c, pooled.rows, pooled.scored, resources, level, work.seed, learned)
        for c in success.criteria
    ]
    results = tuple(j.result for j in judged)
    metrics: list[Metric] = []
    for criterion, j in zip(success.criteria, judged, strict=True):
        if j.estimate is not None:
            metrics.append(book.metric(criterion.metric, j.estimate, about=f"criterion:{criterion.text}"))
    metrics += standard.measure(pooled.rows, pooled.scored, level, work.seed, book)
    names = dict.fromkeys([trained.metric, *(c.metric for c in success.criteria)])
    specs = tuple(
        s
        for s in map(spec_of, names)
        if s.needs != "resource" and not (s.name == "cost" and rows.costs is None)
    )
    gaps = standard.against_baselines(
        pooled.rows, pooled.scored, pooled.baselines, specs, level, work.seed, book
    )
    asked = [c.metric for c in success.criteria] or [trained.metric]
    results = _of_truth(results or (_beats(trained, gaps, pooled.rows),), asked, pooled.rows)
    _warn(trained, gaps, book)
    figures.draw(pooled.scored, rows.classes, rows.problem, level, book)
    if output.intervals is not None:
        _coverage(oracle, rows, output.intervals, level, metrics, book)
    allowance = Allowance(work, graph, speed)
    metrics += deeper.look(
        roles, success, development, trained, oracle, rows, scored, specs, allowance, level, work, book
    )
    cost.report(priced, len(graph), level, book)
    return Tested(
        criteria=results,
        metrics=tuple(metrics),
        openings=openings.count,
        level=level,
        rows=pooled.rows.rows,
    )


def _nothing(rows: Opened) -> Scored:
    return Scored(truth=rows.truth, classes=rows.classes)


def _of_truth(
    results: tuple[CriterionResult, ...], metrics: list[str], rows: Opened
) -> tuple[CriterionResult, ...]:
    """The results; unproven where test rows have labels that rules made: agreement with the rules is measured
    then (the numbers stay), and nobody knows the truth."""
    if WEAK not in rows.frame.columns or not (made := int(rows.frame[WEAK].sum())):
        return results
    why = f"{made} of {rows.rows} test rows have labels made by rules, so the truth was not measured"
    return tuple(
        one
        if spec_of(name).needs == "resource"
        else replace(one, verdict="unproven", why=why, more_rows=None, point_met=False)
        for one, name in zip(results, metrics, strict=True)
    )


def _beats(trained: Trained, gaps: Gaps, rows: Opened) -> CriterionResult:
    """Without criteria: better than the best baseline by the search's metric."""
    spec = spec_of(trained.metric)
    found = [(family, gap) for (family, metric), (gap, _) in gaps.items() if metric == spec.name]
    if not found:
        return recorded(judging.unproven("better than the best baseline", "no baseline was fitted"))
    sign = 1.0 if spec.higher_is_better else -1.0
    family, difference = min(found, key=lambda f: sign * f[1].value)
    judged = judging.judge_against_baseline(
        family, spec.name, spec.higher_is_better, difference, rows=rows.rows
    )
    return recorded(judged)


def _warn(trained: Trained, gaps: Gaps, book: Book) -> None:
    spec = spec_of(trained.metric)
    sign = 1.0 if spec.higher_is_better else -1.0
    for (family, metric), (gap, _) in gaps.items():
        worst = sign * (gap.low if sign > 0 else gap.high)
        if metric == spec.name and math.isfinite(worst) and worst <= 0:
            book.finding(
                "test.not-better-than-baseline",
                "warning",
                f"the model is not shown to be better than the baseline {family} by {spec.title}: the "
                f"difference is {gap.value:.4g} ({gap.level:.4g} interval {gap.low:.4g} to {gap.high:.4g})",
                "bring rows or columns that tell more of the target, or use the baseline",
            )


def _coverage(
    oracle: Oracle, rows: Opened, wanted: float, level: float, metrics: list[Metric], book: Book
) -> None:
    """Do intervals or sets contain the truth as often as they say?"""
    made = oracle.outputs_of(rows.typed)
    if rows.problem == "regression":
        inside = (made["low"] <= rows.truth) & (rows.truth <= made["high"])
        width = float(np.mean(made["high"].astype(np.float64) - made["low"]))
        about = "mean width"
    else:
        inside = made["set"][np.arange(rows.rows), rows.truth]
        width = float(made["set"].sum(axis=1).mean())
        about = "mean classes in a set"
    held = Scored(
        truth=np.ones(rows.rows, dtype=np.int64),
        labels=inside.astype(np.int64),
        classes=("outside", "inside"),
        positive=1,
        weights=rows.weights,
    )
    found = estimate(spec_of("accuracy"), held, groups=rows.groups, time_order=rows.time_order, level=level)
    metrics.append(book.metric("coverage", found, about=f"intervals at {wanted:g}"))
    plain = Estimate(width, float("nan"), float("nan"), rows.rows, level, "a description of these rows")
    metrics.append(book.metric("width", plain, about=about))
    if found.high < wanted:
        book.finding(
            "test.low-coverage",
            "warning",
            f"intervals contain the truth in {found.value:.1%} of the test rows ({found.low:.1%} to "
            f"{found.high:.1%}), less than the {wanted:.0%} that was asked",
            "see whether the test rows differ from the validation rows (drift), or groups make rows alike",
        )
