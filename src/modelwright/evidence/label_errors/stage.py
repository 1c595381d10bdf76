"""The stage that doubts the labels: by the out-of-fold predictions that training made anyway."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Development
from modelwright.core.records.evidence import Figure, Table
from modelwright.core.records.labels import Doubted
from modelwright.core.records.models import Analysis, Trained
from modelwright.core.stage import Work
from modelwright.data.corrections import CHECKED
from modelwright.evidence.label_errors import residual
from modelwright.evidence.label_errors.confident import confident, suspicion
from modelwright.evidence.testing.private import personal, private_columns
from modelwright.evidence.testing.shown import cell
from modelwright.goal.sections import RolesSection
from modelwright.store import atomic

FILE = "label_errors.csv"
SHOWN = 20
"""Lines of the table in the report; the file has all."""
COLUMNS = 4
"""Inputs shown beside each label: those that say most of the target."""
LEAST = 30
"""Rows below which predictions say nothing of labels."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Positions among the rows looked at, most suspicious first, and what is said of each."""

    at: NDArray[np.int64]
    instead: tuple[str, ...]
    suspicion: Array
    reasons: tuple[str, ...]
    low: int
    high: int
    flows: NDArray[np.int64] | None = None


def doubt(
    roles: RolesSection,
    development: Development,
    analysis: Analysis,
    trained: Trained,
    work: Work,
    book: Book,
) -> Doubted:
    """Rank the labels of development rows that are probably wrong, with the reason.

    Test rows are left alone: whoever mends only the labels of the test that a model contradicts makes the
    test agree with the model. Writes ``label_errors.csv`` in the stage's folder: a person fills in its column
    ``correct``, and the goal's ``label: {corrections: FILE}`` reads it.
    """
    held = trained.validation.get()
    where = {int(row): place for place, row in enumerate(held["row"])}
    frame: pl.DataFrame = development.table.get().filter(pl.col(ROW).is_in(held["row"].tolist()))
    scores = held["scores"][[where[row] for row in frame[ROW].to_list()]]
    if frame.height < LEAST:
        return _nothing(development, frame.height, f"fewer than {LEAST} rows were held out")
    if not np.all(np.isfinite(scores)):
        return _nothing(development, frame.height, "some held-out predictions are not numbers")
    found = (
        _numbers(frame, scores)
        if development.problem == "regression"
        else _classes(development, frame, scores)
    )
    checked = _checked(frame)
    shown = [place for place in range(len(found.at)) if not checked[found.at[place]]]
    table = pl.DataFrame(
        {
            "row": pl.Series([frame[ROW][int(found.at[p])] for p in shown], dtype=pl.Int64),
            "given": pl.Series([given(development, frame, int(found.at[p])) for p in shown], dtype=pl.String),
            "instead": pl.Series([found.instead[p] for p in shown], dtype=pl.String),
            "suspicion": pl.Series([round(float(found.suspicion[p]), 6) for p in shown], dtype=pl.Float64),
            "reason": pl.Series([found.reasons[p] for p in shown], dtype=pl.String),
        }
    )
    confirmed = len(found.at) - len(shown)
    made = Doubted(
        frame.height, development.rows, Blob.of(table, "table"), len(shown), found.low, found.high, confirmed
    )
    atomic.write_text(work.folder / FILE, as_csv(table))
    if shown:
        _say(made, development, book)
        _show(made, roles, development, analysis, frame, [int(found.at[p]) for p in shown], book)
        _draw(found, development, book)
    return made


def as_csv(table: pl.DataFrame) -> str:
    """The file: what is suspected, and an empty column ``correct`` for a person to fill in."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*table.columns, "correct"])
    writer.writerows((*line, "") for line in table.iter_rows())
    return out.getvalue()


def given(development: Development, frame: pl.DataFrame, position: int) -> str:
    """The label as the data gives it."""
    target = frame["__target__"][position]
    return f"{target:.12g}" if development.problem == "regression" else development.classes[int(target)]


def _nothing(development: Development, rows: int, why: str) -> Doubted:
    empty = pl.DataFrame(
        schema={"row": pl.Int64, "given": pl.String, "instead": pl.String, "suspicion": pl.Float64,
                "reason": pl.String}
    )  # fmt: skip
    return Doubted(0, development.rows, Blob.of(empty, "table"), 0, 0, 0, why_not=f"{why} ({rows} rows)")


def _checked(frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Rows whose label a person has confirmed or corrected after an earlier run."""
    if CHECKED not in frame.columns:
        return np.zeros(frame.height, dtype=bool)
    return np.asarray(frame[CHECKED].fill_null(value=False).to_numpy(), dtype=bool)


def _classes(development: Development, frame: pl.DataFrame, scores: Array) -> Suspects:
    labels = frame["__target__"].cast(pl.Int64).to_numpy()
    total = np.maximum(scores.sum(axis=1, keepdims=True), 1e-300)
    probabilities = np.asarray(scores / total, dtype=np.float64)
    found = confident(labels, probabilities)
    order, instead = suspicion(labels, probabilities, found)
    flagged = np.flatnonzero((found.seems >= 0) & (found.seems != labels))
    at = flagged[np.argsort(-order[flagged], kind="stable")]
    reasons = []
    for p in at:
        i, j = int(labels[p]), int(instead[p])
        reasons.append(
            f"a model that had not seen it gives {development.classes[j]!r} a probability of "
            f"{probabilities[p, j]:.0%} and {development.classes[i]!r} {probabilities[p, i]:.0%}; "
            f"{found.counts[i, j]} rows labelled {development.classes[i]!r} look like "
            f"{development.classes[j]!r}, {found.counts[j, i]} the other way round"
        )
    return Suspects(
        at,
        tuple(development.classes[int(instead[p])] for p in at),
        order[at],
        tuple(reasons),
        found.one_way,
        found.contradicted,
        found.counts,
    )


def _numbers(frame: pl.DataFrame, scores: Array) -> Suspects:
    actual = frame["__target__"].cast(pl.Float64).to_numpy()
    predicted = np.asarray(scores[:, 0], dtype=np.float64)
    far = residual.standardised(actual, predicted)
    if frame.height < residual.LEAST:
        far = np.zeros(frame.height)
    at = np.argsort(-np.abs(far), kind="stable")
    at = at[np.abs(far[at]) >= residual.FAR]
    reasons = []
    for p in at:
        usual = abs(actual[p] - predicted[p]) / abs(far[p])
        slip = residual.slipped(float(actual[p]), float(predicted[p]), float(usual))
        reasons.append(
            f"a model that had not seen it says {predicted[p]:.4g}; rows predicted alike are usually off by "
            f"{usual:.3g}, this one by {abs(far[p]):.1f} times that" + (f"; it is {slip}" if slip else "")
        )
    away = np.abs(far[at])
    instead = tuple(f"{predicted[p]:.6g}" for p in at)
    return Suspects(
        at, instead, 1.0 - residual.FAR / (2.0 * np.maximum(away, residual.FAR)), tuple(reasons), 0, len(at)
    )


def _say(made: Doubted, development: Development, book: Book) -> None:
    part = (
        ""
        if made.rows == made.development
        else f" ({made.rows} of {made.development} rows could be looked at)"
    )
    if development.problem == "regression":
        message = (
            f"{made.count} values of {development.target!r} lie more than {residual.FAR:g} times the usual "
            f"error from what a model says that had not seen them{part}"
        )
    else:
        message = (
            f"{made.count} labels are contradicted with confidence by models that had not seen them{part}. "
            f"Between about {made.low} and {made.high} labels are wrong: the higher number takes every "
            "confusion of the model for a wrong label"
        )
    book.finding(
        "label.errors-likely",
        "note",
        message,
        f"look at the first lines of doubt/{FILE}, fill in `correct`, and name the file as label.corrections",
        column=development.target,
        numbers={"rows": float(made.count), "low": float(made.low), "high": float(made.high)},
    )


def _show(
    made: Doubted,
    roles: RolesSection,
    development: Development,
    analysis: Analysis,
    frame: pl.DataFrame,
    positions: list[int],
    book: Book,
) -> None:
    private = private_columns(development, roles, personal(development))
    inputs = {c.name for c in development.columns if c.is_input} & set(frame.columns)
    strongest = sorted(analysis.relations, key=lambda r: (-r.score if r.score == r.score else 1.0, r.column))
    names = [r.column for r in strongest if r.column in inputs]
    names = (names + sorted(inputs - set(names)))[:COLUMNS]
    lines = []
    for (row, label, instead, _, reason), position in zip(
        made.suspects.get().head(SHOWN).iter_rows(), positions, strict=False
    ):
        lines.append((row, label, instead, reason, *(cell(frame, position, name, private) for name in names)))
    book.table(
        Table(
            "label-errors",
            "Labels that are probably wrong",
            ("row", "given", "rather", "why", *names),
            tuple(lines),
            note=f"The first {len(lines)} of {made.count}, most suspicious first; rows are counted from 0 as "
            f"collected. All are in doubt/{FILE}. Some will be right: look before you change them.",
        )
    )


def _draw(found: Suspects, development: Development, book: Book) -> None:
    if found.flows is None or len(development.classes) > 30:
        return
    book.figure(
        Figure(
            "label-flows",
            "Labels, and what their rows look like",
            "matrix",
            "looks like",
            "labelled",
            matrix=tuple(tuple(float(v) for v in line) for line in found.flows),
            rows=development.classes,
            columns=development.classes,
            note="Rows that a model which had not seen them names with confidence. What a model confuses, it "
            "confuses both ways; a flow one way points to the labels.",
        )
    )
