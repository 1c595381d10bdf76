"""The stage that makes the one graph that ships, settled on validation rows and checked row by row."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Development
from modelwright.core.records.evidence import Estimate, Table
from modelwright.core.records.models import Compressed, GraphCheck, Trained
from modelwright.core.stage import Work
from modelwright.features.hard import hard_rows
from modelwright.features.typed import Typed, from_frame
from modelwright.goal.metrics.scored import cost_matrix
from modelwright.goal.sections import OutputSection, SuccessSection
from modelwright.graph.check import compare
from modelwright.graph.finish import Finish, decide, released
from modelwright.graph.pooling import pooled
from modelwright.graph.session import session
from modelwright.models.fit import run_graph
from modelwright.models.rows import signature_of
from modelwright.release import calibrate, prune, quantise, shrink

CHECKED = 2000
"""Real rows on which the graph is compared with its parts; hard rows come on top."""
TOLERANCE = 1e-5
FIRST = 50
"""Rows by which it is timed how long one takes."""
LEAST_CHECKED = 200
"""The same where a row takes so long that more would not fit into the budget."""
SHARE = 0.2
"""Of the time that is left, what comparing the graph with its parts may take, and what measuring smaller
graphs may."""
SPARE = 20.0
"""Seconds that must be left to measure what smaller graphs would cost, where the goal does not ask for it."""


def compress(
    success: SuccessSection,
    output: OutputSection,
    development: Development,
    trained: Trained,
    work: Work,
    book: Book,
) -> Compressed:
    """Calibrate, settle the threshold and the conformal radius on held-out predictions, join the members into
    one graph, and compare it with its parts on real and on hard rows."""
    work.say("compressing", members=len(trained.members))
    frame = development.table.get()
    rows, scores = _held_out(frame, trained)
    y = rows["__target__"].to_numpy()
    weights = rows["__weight__"].to_numpy() if development.weighted else np.ones(len(y))
    finish, notes = _settle(success, output, development, scores, y, weights, rows, work.seed, book)
    finish = replace(finish, pool=trained.pool)
    graph = released(
        [onnx.load_from_string(m.graph.get()) for m in trained.members],
        [m.weight for m in trained.members],
        finish,
    )
    content = bytes(graph.SerializeToString(deterministic=True))
    typed = from_frame(frame, signature_of(development))
    checked = _affordable(content, typed, work)
    check = _check(content, typed, trained, finish, checked, work.seed)
    if not check.passed:
        book.finding(
            "release.graph-differs",
            "blocker",
            f"the released graph differs from its parts by {check.largest_difference:.2g} "
            f"(allowed {check.tolerance:.2g})",
            "this is a defect of the export: please report it with the run's log",
        )
    sizes = {m.name: len(m.graph.get()) for m in trained.members}
    book.table(
        Table(
            "compression",
            "From members to one graph",
            ("part", "bytes", "weight"),
            (
                *((m.name, sizes[m.name], m.weight) for m in trained.members),
                ("released graph", len(content), None),
            ),
            note="Shared parts are stored and computed once.",
        )
    )
    if (quantise.worth_it(content) or prune.worth_it(content)) and (
        output.int8 or output.prune or (work.left() > SPARE and checked == min(CHECKED, typed.rows))
    ):
        order = np.random.default_rng(work.seed).permutation(typed.rows)[: quantise.CALIBRATION_ROWS]
        some = slice(0, checked)
        held = from_frame(rows[some], signature_of(development))
        content, smaller = shrink.settle(
            content, typed.take(np.sort(order)), held, y[some], output, book, trained.shrunk
        )
        notes |= smaller
    elif trained.shrunk:
        shrink.taught_alone(trained.shrunk, book)
    return Compressed(
        graph=Blob.of(content, "bytes"),
        calibration=finish.calibration.kind,
        threshold=finish.threshold if development.problem == "binary" and not finish.costs else None,
        intervals=output.intervals,
        quantile=finish.radius,
        check=check,
        members=tuple(m.name for m in trained.members),
        sentences=tuple(dict.fromkeys(s for m in trained.members for s in m.recipe)),
        notes=notes,
    )


def _held_out(frame: Any, trained: Trained) -> tuple[Any, npt.NDArray[np.float64]]:
    """The held-out rows of the development table, in the order of their scores."""
    import polars as pl

    held = trained.validation.get()
    order = pl.DataFrame({ROW: held["row"]})
    return order.join(frame, on=ROW, how="left", maintain_order="left"), held["scores"]


def _settle(
    success: SuccessSection,
    output: OutputSection,
    development: Development,
    scores: npt.NDArray[np.float64],
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64],
    rows: Any,
    seed: int,
    book: Book,
) -> tuple[Finish, dict[str, Any]]:
    notes: dict[str, Any] = {"held_out_rows": len(y)}
    if development.problem == "regression":
        value = None
        if output.intervals is not None:
            value, coverage = calibrate.radius("regression", scores, y, output.intervals)
            notes["nominal_coverage"] = coverage
        return Finish(0, radius=value), notes
    units = np.arange(len(y), dtype=np.int64)
    if development.group is not None:
        import polars as pl

        units = rows[development.group].cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    settled, before, after = calibrate.calibrate(scores, y, weights, units, seed)
    notes |= {"calibration": settled.to_json(), "log_loss_before": before, "log_loss_after": after}
    for name, value in (("before calibration", before), ("after calibration", after)):
        missing = Estimate(
            value, float("nan"), float("nan"), len(y), 0.95, "no interval: used to choose, not to prove"
        )
        book.metric("log_loss", missing, about=name, part="validation")
    soften = 1.0 / (len(y) + 2)
    probabilities = softened(settled.apply(scores), soften)
    notes["soften"] = soften
    matrix = None
    if success.costs:
        matrix = cost_matrix(success.costs, development.classes)
    finish = Finish(len(development.classes), settled, soften=soften)
    if development.problem == "binary":
        at, why = calibrate.threshold(
            probabilities,
            y,
            weights if development.weighted else None,
            success.criteria,
            development.classes,
            matrix,
            _slices(rows, success),
            ordered=development.time is not None,
        )
        notes |= {"threshold": at, "threshold_why": why}
        finish = replace(finish, threshold=at)
    elif matrix is not None:
        finish = replace(finish, costs=tuple(map(tuple, matrix.tolist())))
        notes["decision"] = "least expected cost"
    if output.intervals is not None:
        value, coverage = calibrate.radius(development.problem, probabilities, y, output.intervals)
        notes["nominal_coverage"] = coverage
        finish = replace(finish, radius=value)
    return finish, notes


def _slices(rows: Any, success: SuccessSection) -> dict[str, npt.NDArray[np.int64]]:
    """Codes of the values of category columns that criteria are asked ``by``."""
    import polars as pl

    wanted = {c.by for c in success.criteria if c.by is not None and rows[c.by].dtype == pl.String}
    return {name: rows[name].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() for name in sorted(wanted)}


def softened(probabilities: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    """``share`` of every probability spread evenly over the classes, float64 [n, k].

    With n held-out rows nobody can know that a class is impossible: Laplace's rule gives what was never seen
    a chance of about 1/(n + 2). Without it, one surprise costs an unbounded log loss.
    """
    spread: npt.NDArray[np.float64] = probabilities * (1.0 - share) + share / probabilities.shape[1]
    return spread


def expected(trained: Trained, finish: Finish, typed: Typed) -> dict[str, npt.NDArray[Any]]:
    """What the released graph must answer, made from its parts in numpy."""
    parts = [run_graph(m.graph.get(), typed) for m in trained.members]
    one = pooled(parts, [m.weight for m in trained.members], finish.pool)
    calibrated = finish.calibration.apply(one)
    if not finish.classes:
        return {"value": calibrated[:, 0].astype(np.float32)}
    clipped = np.clip(calibrated, 0.0, 1.0)
    probabilities = softened(clipped / clipped.sum(axis=1, keepdims=True), finish.soften)
    return {"probabilities": probabilities.astype(np.float32)}


def _affordable(graph: bytes, typed: Typed, work: Work) -> int:
    """Real rows for the comparison: all that are wanted, unless a budget of time would be overrun by them."""
    wanted = min(CHECKED, typed.rows)
    some = typed.take(slice(0, FIRST))
    if work.ends_at is None or some.rows < FIRST:
        return wanted
    runner = session(graph)
    began = time.perf_counter()
    runner.run(None, _taken(runner, some))
    # The graph, its parts again, and the same for smaller graphs.
    each = 2.0 * (time.perf_counter() - began) / some.rows
    return max(min(wanted, LEAST_CHECKED), min(wanted, int(SHARE * max(work.left(), 0.0) / max(each, 1e-9))))


def _check(
    graph: bytes, typed: Typed, trained: Trained, finish: Finish, checked: int, seed: int
) -> GraphCheck:
    """The graph against its parts on real rows and on hard ones. The label must be what the decision rule
    makes of the very probabilities that the graph gives out."""
    real = typed.take(slice(0, checked))
    hard = hard_rows(typed.take(slice(0, 200)), seed)
    runner = session(graph)
    names = [o.name for o in runner.get_outputs()]
    worst, differing, unlike = 0.0, 0, 0
    for some in (real, hard):
        got = dict(zip(names, runner.run(names, _taken(runner, some)), strict=True))
        for name, want in expected(trained, finish, some).items():
            agreement = compare(name, got[name], want)
            worst, unlike = max(worst, agreement.largest), unlike + agreement.unlike
        if finish.classes:
            differing += int((got["label"] != decide(got["probabilities"], finish)).sum())
    passed = worst <= TOLERANCE and unlike == 0 and differing == 0
    return GraphCheck(real.rows, hard.rows, worst, TOLERANCE, differing, passed)


def _taken(runner: Any, typed: Typed) -> dict[str, Any]:
    wanted = {i.name for i in runner.get_inputs()}
    return {name: value for name, value in typed.feeds().items() if name in wanted}
