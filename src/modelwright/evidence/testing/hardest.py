"""The rows that the model gets most wrong, as they are."""

from __future__ import annotations

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.data import ROW
from modelwright.core.records.evidence import Table
from modelwright.core.records.pictures import Gallery
from modelwright.evidence.showing import pictures, shown_columns
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.losses import errors, surprise
from modelwright.evidence.testing.shown import cell
from modelwright.goal.metrics.scored import Scored

ROWS = 15
COLUMNS = 12


def hardest(scored: Scored, most: int = ROWS) -> list[int]:
    """Positions of the rows that are wrong, with the least probability of their true class, or the largest
    error, first."""
    order = np.argsort(-surprise(scored), kind="stable")
    wrong = errors(scored) > 0
    return [int(i) for i in order if wrong[i]][:most]


def typical(scored: Scored, most: int) -> list[int]:
    """Positions of rows at the middle of the losses, spread evenly over the classes or values predicted."""
    loss = surprise(scored)
    said = scored.values if scored.labels is None else scored.labels.astype(np.float64)
    assert said is not None
    low, high = np.quantile(loss, [0.3, 0.7])
    usual = np.flatnonzero((loss >= low) & (loss <= high))
    ordered = usual[np.argsort(said[usual], kind="stable")]
    if not len(ordered):
        return []
    return [int(ordered[p]) for p in np.unique(np.linspace(0, len(ordered) - 1, most).astype(int))]


def report(
    rows: Opened, scored: Scored, columns: list[str], private: frozenset[str], book: Book
) -> list[int]:
    """The table ``hard-rows``, with the first of ``columns``, the most important. Returns positions."""
    worst = hardest(scored)
    numbers = rows.frame[ROW].to_list()
    shown = columns[:COLUMNS]
    lines = []
    for position in worst:
        line: list[str | float | int | None] = [numbers[position]]
        if scored.values is not None:
            line += [float(scored.truth[position]), float(scored.values[position])]
        else:
            assert scored.labels is not None
            assert scored.probabilities is not None
            truth, label = int(scored.truth[position]), int(scored.labels[position])
            chance = float(scored.probabilities[position, truth])
            line += [rows.classes[truth], rows.classes[label], chance]
        lines.append((*line, *(cell(rows.frame, position, name, private) for name in shown)))
    answer = ("actual", "predicted") if scored.values is not None else ("actual", "predicted", "its chance")
    book.table(
        Table(
            "hard-rows",
            "The rows it gets most wrong",
            ("row", *answer, *shown),
            tuple(lines),
            note="Rows are counted from 0 as collected. Look for wrong labels, values out of place, and what "
            "a person would need to know to get them right.",
        )
    )
    _show(rows, scored, worst, private, book)
    return worst


def _show(rows: Opened, scored: Scored, worst: list[int], private: frozenset[str], book: Book) -> None:
    """The same rows as pictures, sounds and whole texts."""
    for column in shown_columns(rows.typed.signature, private):
        cells = column.cells(rows.typed)
        book.gallery(
            Gallery(
                f"hard-rows-{column.kind}:{column.name}",
                f"The rows it gets most wrong, by {column.name}",
                pictures(column, [cells[p] for p in worst], [said(rows, scored, p) for p in worst]),
                note="The largest loss first. Such rows are often labelled wrongly: among the rows that were "
                "learned from, suspicious labels stand under Data and in doubt/label_errors.csv.",
            )
        )


def said(rows: Opened, scored: Scored, position: int) -> str:
    """A row in a few words: its number, what it is, and what was predicted."""
    number = rows.frame[ROW][position]
    if scored.values is not None:
        return f"row {number}: {scored.truth[position]:.5g}, predicted {scored.values[position]:.5g}"
    assert scored.labels is not None
    assert scored.probabilities is not None
    truth, label = int(scored.truth[position]), int(scored.labels[position])
    chance = float(scored.probabilities[position, label])
    told = "rightly" if truth == label else f"predicted {rows.classes[label]}"
    return f"row {number}: {rows.classes[truth]}, {told} with {chance:.0%}"
