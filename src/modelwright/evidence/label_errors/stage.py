"""The stage that doubts the labels: by the out-of-fold predictions that training made anyway."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Development
from modelwright.core.records.evidence import Figure, Table
from modelwright.core.records.labels import Doubted
from modelwright.core.records.models import Analysis, Trained
from modelwright.core.records.pictures import Gallery
from modelwright.core.stage import Work
from modelwright.data.corrections import CHECKED
from modelwright.data.weak import WEAK
from modelwright.evidence.label_errors import gain, residual
from modelwright.evidence.label_errors.confident import confident, suspicion
from modelwright.evidence.showing import as_given, pictures, shown_columns
from modelwright.evidence.testing.private import personal, private_columns
from modelwright.evidence.testing.shown import cell
from modelwright.features.typed import from_frame
from modelwright.goal.sections import RolesSection
from modelwright.models.rows import signature_of
from modelwright.runtime.parse import MEDIA
from modelwright.store import atomic

FILE = "label_errors.csv"
SHOWN = 20
"""Lines of the table in the report; the file has all."""
COLUMNS = 4
"""Inputs shown beside each label: those that say most of the target."""
WIDEST = 50
"""Inputs in the file."""
MOST = 10_000
"""Labels that are listed; how many there are is said."""
ENDINGS = {"image": ".png", "audio": ".wav"}
MOST_FILES = 500
"""Suspects whose images and sounds are written as files."""
LEAST = 30
"""Rows below which predictions say nothing of labels."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Positions among the rows looked at, most suspicious first, and what is said of each."""

    at: NDArray[np.int64]
    suspicion: Array
    say: Callable[[int], tuple[str, str]]
    """From a place in ``at``: the label to put instead, and the reason."""
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
    test agree with the model. Writes ``label_errors.csv`` in the stage's folder (images and sounds as files
    beside it): a person fills in its column ``correct``, and the goal's ``label: {corrections: FILE}`` reads
    it.
    """
    gain.tell(development, trained, book)
    held = trained.validation.get()
    every: pl.DataFrame = development.table.get()
    order = np.argsort(held["row"], kind="stable")
    place = np.searchsorted(held["row"][order], every[ROW].to_numpy()).clip(max=max(len(order) - 1, 0))
    seen = held["row"][order][place] == every[ROW].to_numpy() if len(order) else np.zeros(every.height, bool)
    frame, scores = every.filter(pl.Series(seen)), held["scores"][order[place[seen]]]
    if frame.height < LEAST:
        return _nothing(development, frame.height, f"fewer than {LEAST} rows were held out")
    if not np.all(np.isfinite(scores)):
        return _nothing(development, frame.height, "some held-out predictions are not numbers")
    regression = development.problem == "regression"
    found = _numbers(frame, scores) if regression else _classes(development, frame, scores)
    checked = _flag(frame, CHECKED)
    listed = np.flatnonzero(~checked[found.at])
    kept = [(int(found.at[p]), found.say(int(p)), round(float(found.suspicion[p]), 6)) for p in listed[:MOST]]
    weak = _flag(frame, WEAK)
    by_rules = "; the label was made by rules"
    table = pl.DataFrame(
        {
            "row": pl.Series([frame[ROW][at] for at, _, _ in kept], dtype=pl.Int64),
            "given": pl.Series([given(development, frame, at) for at, _, _ in kept], dtype=pl.String),
            "instead": pl.Series([instead for _, (instead, _), _ in kept], dtype=pl.String),
            "suspicion": pl.Series([score for _, _, score in kept], dtype=pl.Float64),
            "reason": pl.Series(
                [why + by_rules * bool(weak[at]) for at, (_, why), _ in kept], dtype=pl.String
            ),
        }
    )
    made = Doubted(
        frame.height,
        development.rows,
        Blob.of(table, "table"),
        len(listed),
        found.low,
        found.high,
        len(found.at) - len(listed),
    )
    inputs = strongest(roles, development, analysis, frame)
    positions = [at for at, _, _ in kept]
    # Rows first: a frame without columns has none.
    beside = _readable(frame[positions].select(inputs[:WIDEST]), development)
    private = private_columns(development, roles, personal(development))
    media = _files(development, frame[positions], private, work.folder)
    atomic.write_text(
        work.folder / FILE, as_csv(table, beside.with_columns(media) if beside.width else pl.DataFrame(media))
    )
    if kept:
        _say(made, development, book)
        _show(made, frame, inputs[:COLUMNS], positions, book)
        _picture(made, development, frame, private, positions, book)
        _draw(found, development, book)
    return made


def strongest(
    roles: RolesSection, development: Development, analysis: Analysis, frame: pl.DataFrame
) -> list[str]:
    """Inputs, those that say most of the target first; private ones and media left out."""
    private = private_columns(development, roles, personal(development))
    plain = [c for c in development.columns if c.is_input and c.kind not in MEDIA]
    inputs = [c.name for c in plain if c.name in frame.columns]
    order = sorted(analysis.relations, key=lambda r: (-r.score if r.score == r.score else 1.0, r.column))
    names = list(dict.fromkeys([*(r.column for r in order if r.column in inputs), *inputs]))
    return [name for name in names if name not in private]


def as_csv(table: pl.DataFrame, inputs: pl.DataFrame) -> str:
    """The file: what is suspected, an empty column ``correct`` for a person to fill in, and the rows' inputs,
    so that it can be looked at by itself (an input that is called like one of these gets ``_`` behind it)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    own = [*table.columns, "correct"]
    writer.writerow([*own, *(f"{name}_" if name in (*own, "label") else name for name in inputs.columns)])
    cells = inputs.iter_rows() if inputs.width else iter([()] * table.height)
    writer.writerows((*line, "", *more) for line, more in zip(table.iter_rows(), cells, strict=True))
    return out.getvalue()


def _files(
    development: Development, rows: pl.DataFrame, private: frozenset[str], folder: Path
) -> list[pl.Series]:
    """Images and sounds of the first suspects as files beside the list, and columns that name them: so the
    labelling pages show what a person is to judge. Private columns are left out."""
    signature = signature_of(development)
    columns = [c for c in shown_columns(signature, private) if c.tensor is not None and c.kind in ENDINGS]
    if not columns or not rows.height:
        return []
    typed = from_frame(rows.head(MOST_FILES), signature)
    made = []
    for column in columns:
        assert column.tensor is not None
        names: list[str | None] = []
        for row, held in zip(rows[ROW], column.cells(typed), strict=False):
            content = as_given(held, column.tensor)
            name = f"files/{column.place}-{row}{ENDINGS[column.kind]}"
            names.append(name if content is not None else None)
            if content is not None:
                (folder / "files").mkdir(exist_ok=True)
                atomic.write_bytes(folder / name, content)
        made.append(pl.Series(column.name, [*names, *[None] * (rows.height - len(names))], dtype=pl.String))
    return made


def _readable(rows: pl.DataFrame, development: Development) -> pl.DataFrame:
    """Dates as people write them."""
    dates = [c.name for c in development.columns if c.kind == "date" and c.name in rows.columns]
    return rows.with_columns(pl.from_epoch(d, time_unit="us").dt.to_string("iso") for d in dates)


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


def _flag(frame: pl.DataFrame, name: str) -> NDArray[np.bool_]:
    """A column of yes and no that need not be there."""
    if name not in frame.columns:
        return np.zeros(frame.height, dtype=bool)
    return np.asarray(frame[name].fill_null(value=False).to_numpy(), dtype=bool)


def _classes(development: Development, frame: pl.DataFrame, scores: Array) -> Suspects:
    labels = frame["__target__"].cast(pl.Int64).to_numpy()
    total = np.maximum(scores.sum(axis=1, keepdims=True), 1e-300)
    probabilities = np.asarray(scores / total, dtype=np.float64)
    found = confident(labels, probabilities)
    order, instead = suspicion(labels, probabilities, found)
    flagged = np.flatnonzero((found.seems >= 0) & (found.seems != labels))
    at = flagged[np.argsort(-order[flagged], kind="stable")]
    names = development.classes

    def say(place: int) -> tuple[str, str]:
        p = int(at[place])
        i, j = int(labels[p]), int(instead[p])
        return names[j], (
            f"a model that had not seen it gives {names[j]!r} a probability of {probabilities[p, j]:.0%} and "
            f"{names[i]!r} {probabilities[p, i]:.0%}; {found.counts[i, j]} rows labelled {names[i]!r} look "
            f"like {names[j]!r}, {found.counts[j, i]} the other way round"
        )

    return Suspects(at, order[at], say, found.one_way, found.contradicted, found.counts)


def _numbers(frame: pl.DataFrame, scores: Array) -> Suspects:
    actual = frame["__target__"].cast(pl.Float64).to_numpy()
    predicted = np.asarray(scores[:, 0], dtype=np.float64)
    far = residual.standardised(actual, predicted)
    if frame.height < residual.LEAST:
        far = np.zeros(frame.height)
    at = np.argsort(-np.abs(far), kind="stable")
    at = at[np.abs(far[at]) >= residual.FAR]

    def say(place: int) -> tuple[str, str]:
        p = int(at[place])
        usual = float(abs(actual[p] - predicted[p]) / abs(far[p]))
        slip = residual.slipped(float(actual[p]), float(predicted[p]), usual)
        return f"{predicted[p]:.6g}", (
            f"a model that had not seen it says {predicted[p]:.4g}; rows predicted alike are usually off by "
            f"{usual:.3g}, this one by {abs(far[p]):.1f} times that" + (f"; it is {slip}" if slip else "")
        )

    away = np.maximum(np.abs(far[at]), residual.FAR)
    return Suspects(at, 1.0 - residual.FAR / (2.0 * away), say, 0, len(at))


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
            f"{made.count} labels are contradicted with confidence by models that had not seen them{part}; "
            f"{made.low} are beyond those that run the other way. Where chance decides with the inputs, most "
            "of them are right"
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
    frame: pl.DataFrame,
    names: list[str],
    positions: list[int],
    book: Book,
) -> None:
    lines = []
    for (row, label, instead, _, reason), position in zip(
        made.suspects.get().head(SHOWN).iter_rows(), positions, strict=False
    ):
        lines.append(
            (row, label, instead, reason, *(cell(frame, position, name, frozenset()) for name in names))
        )
    book.table(
        Table(
            "label-errors",
            "Labels that are probably wrong",
            ("row", "given", "rather", "why", *names),
            tuple(lines),
            note=f"The first {len(lines)} of {made.count}, most suspicious first; rows are counted from 0 as "
            f"collected. {'All' if made.count <= MOST else f'The first {MOST:,}'} are in doubt/{FILE}. Some "
            "will be right: look before you change them.",
        )
    )


def _picture(
    made: Doubted,
    development: Development,
    frame: pl.DataFrame,
    private: frozenset[str],
    positions: list[int],
    book: Book,
) -> None:
    """The first suspects as pictures, sounds and whole texts."""
    some = frame[positions[:SHOWN]]
    typed = from_frame(some, signature_of(development))
    first = made.suspects.get().head(SHOWN)
    captions = [
        f"row {row}: labelled {label}, rather {instead}"
        for row, label, instead in zip(first["row"], first["given"], first["instead"], strict=True)
    ]
    for column in shown_columns(typed.signature, private):
        book.gallery(
            Gallery(
                f"label-errors-{column.kind}:{column.name}",
                f"Labels that are probably wrong, by {column.name}",
                pictures(column, list(column.cells(typed)), captions),
                note="Most suspicious first. Some will be right: look before you change them.",
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
