"""Labels that several people gave: read with the data, settled into one a row, with how far they agree.

The file is a CSV, a line an answer: what names the row (``row``, counted from 0 as collected, or all of
``data.keys``), ``annotator`` (or ``worker``) and ``label`` (or ``answer``). A row that has a label in the
data keeps it, and shows how good each annotator is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW, Column
from modelwright.core.records.evidence import Estimate, Table
from modelwright.data.naming import lines_of, naming
from modelwright.goal.sections import Consensus
from modelwright.stats import agreement, annotators, consensus
from modelwright.stats.ratings import Ratings

TENTATIVE = 0.667
"""Krippendorff's alpha below which labels are not to be relied on (Content Analysis, 2004, p. 241)."""
SHOWN = 100
"""Annotators in the table, those with most answers."""


def read(path: str, keys: tuple[str, ...], table: pl.DataFrame) -> list[list[Any]]:
    """[ROW, annotator, label] of each answer in the file at ``path``; a line without a label is no answer.

    Raises :class:`BadData` where the file cannot be read, lacks a column, or names rows that there are not.
    """
    name = Path(path).name
    lines, columns = lines_of(path, _bad)
    person = next((c for c in ("annotator", "worker") if c in columns), None)
    label = next((c for c in ("label", "answer") if c in columns), None)
    for found, wanted in ((person, "annotator"), (label, "label")):
        if found is None:
            raise _bad(f"{name} has no column `{wanted}`", "a line is one answer: row, annotator, label")
    assert person is not None
    assert label is not None
    row_of = naming(name, columns, keys, table, _bad)
    answers: list[list[Any]] = []
    for number, line in enumerate(lines, 2):
        said = (line.get(label) or "").strip()
        if said:
            answers.append([row_of(line, number), (line.get(person) or "").strip() or "(nobody)", said])
    return answers


def apply(
    frame: pl.DataFrame,
    column: Column,
    names: list[str | None],
    answers: list[list[Any]],
    how: Consensus,
    reader: Callable[[str], Any],
    book: Book,
) -> tuple[pl.DataFrame, str]:
    """``frame`` with the target filled in where people answered, and a sentence on how it was labelled.

    ``names`` are the classes of the rows, None where missing. Raises :class:`BadData` for an answer that is
    no label, or a target that is a number.
    """
    if column.kind == "number":
        raise _bad(
            f"people named classes, but the target {column.name!r} is a number",
            f"say data.columns: {{{column.name}: category}}",
        )
    here = {row: place for place, row in enumerate(frame[ROW].to_list())}
    kept = [(str(here[row]), person, said) for row, person, said in answers if row in here]
    if not kept:
        raise _bad("no row of the data has an answer", "check what names the rows")
    if column.kind == "boolean":
        wrong = next((said for _, _, said in kept if reader(said) is None), None)
        if wrong is not None:
            raise _bad(f"{wrong!r} is no value of the target {column.name!r}", "use the values of the data")
    classes = sorted({*(said for _, _, said in kept), *(n for n in names if n is not None)})
    ratings = Ratings.of(kept, classes, [str(place) for place in range(frame.height)])
    codes = {name: code for code, name in enumerate(classes)}
    gold = np.array([-1 if n is None else codes[n] for n in names], dtype=np.int64)
    voted, model = consensus.majority(ratings), consensus.dawid_skene(ratings)
    settled = model if how == "dawid-skene" else voted
    values = frame[column.name].to_list()
    for place in np.flatnonzero((gold < 0) & (settled.label != consensus.NOBODY)).tolist():
        word = classes[int(settled.label[place])]
        values[place] = reader(word) if column.kind == "boolean" else word
    sentence = _say(ratings, voted, model, settled, gold, how, column.name, book)
    return frame.with_columns(pl.Series(column.name, values, dtype=frame[column.name].dtype)), sentence


def _say(
    ratings: Ratings,
    voted: consensus.Consensus,
    model: consensus.Consensus,
    settled: consensus.Consensus,
    gold: np.ndarray,
    how: Consensus,
    target: str,
    book: Book,
) -> str:
    alpha = agreement.krippendorff(ratings.counts())
    answered = int((settled.label != consensus.NOBODY).sum())
    differ = int((voted.label != model.label).sum())
    people = len(ratings.annotators)
    book.metric(
        "krippendorff_alpha",
        Estimate(
            alpha.value, alpha.low, alpha.high, alpha.items, 0.95, alpha.why or "bootstrap over rows (BCa)"
        ),
        about="labels",
        part="all",
    )
    agreed = (
        "agreement cannot be told" if math.isnan(alpha.value) else f"Krippendorff's alpha {alpha.value:.3f}"
    )
    if math.isfinite(alpha.low):
        agreed += f" ({alpha.low:.3f} to {alpha.high:.3f})"
    by = "Dawid and Skene's model" if how == "dawid-skene" else "the majority vote"
    sentence = (
        f"{people} people gave {len(ratings.item)} answers to {answered} rows, settled by {by}; {agreed} "
        f"over {alpha.items} rows with two answers or more"
    )
    poor = (
        math.isfinite(alpha.value) and (alpha.high if math.isfinite(alpha.high) else alpha.value) < TENTATIVE
    )
    unsettled = "" if model.converged or how == "majority" else "; the model did not converge"
    book.finding(
        "label.agreement",
        "warning" if poor else "note",
        f"{sentence}; the model and the vote differ in {differ} rows{unsettled}",
        "make the guidelines clearer, ask more people, and have the rows settled where they differ",
        column=target,
        numbers={"alpha": alpha.value, "answers": float(len(ratings.item)), "differ": float(differ)},
    )
    _table(ratings, settled, gold, book)
    return sentence


def _table(ratings: Ratings, settled: consensus.Consensus, gold: np.ndarray, book: Book) -> None:
    beside = annotators.confusions(ratings, settled.label)
    known = annotators.confusions(ratings, gold)
    order = sorted(range(len(beside)), key=lambda a: (-beside[a].answers, beside[a].name))[:SHOWN]
    lines: list[tuple[str | float | int | None, ...]] = []
    for a in order:
        own, true = beside[a], known[a]
        wrong = own.confusion.copy()
        np.fill_diagonal(wrong, 0.0)
        i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
        often = (
            f"{ratings.classes[int(i)]} as {ratings.classes[int(j)]} ({wrong[i, j]:.0f})"
            if wrong.any()
            else ""
        )
        share = round(own.accuracy, 4) if own.judged else None
        by_truth = (
            f"{true.right} of {true.judged} ({true.low:.0%} to {true.high:.0%})" if true.judged else "none"
        )
        lines.append((own.name, own.answers, share, often, by_truth))
    book.table(
        Table(
            "annotators",
            "Who labelled",
            ("annotator", "answers", "as the consensus", "confused most", "rows whose label is known"),
            tuple(lines),
            note=f"{len(lines)} of {len(ratings.annotators)} annotators. Everybody has a part in the "
            "consensus, so with few answers a row everybody looks better than they are.",
        )
    )


def _bad(message: str, hint: str) -> BadData:
    return BadData(f"label.answers: {message}", code="label.answers-bad", hint=hint)
