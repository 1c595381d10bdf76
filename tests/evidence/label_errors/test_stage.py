"""The stage that doubts labels: what it lists, says, writes and leaves alone."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Column, Development
from modelwright.core.records.evidence import Figure, Finding, Table
from modelwright.core.records.labels import Doubted
from modelwright.core.records.models import Analysis, Member, Relation, Trained
from modelwright.core.stage import Work
from modelwright.data.corrections import CHECKED
from modelwright.evidence.label_errors.stage import FILE, doubt
from modelwright.goal.sections import RolesSection

WRONG = (3, 40, 77)


def looked_at(
    folder: Path,
    target: pl.Series,
    scores: np.ndarray,
    rows: np.ndarray,
    classes: tuple[str, ...],
    **more: pl.Series,
) -> tuple[Doubted, Book]:
    """The stage over development rows whose ROW counts in tens."""
    n = len(target)
    frame = pl.DataFrame({"x": np.arange(n, dtype=float), "who": ["a@b.org"] * n, ROW: np.arange(n) * 10})
    frame = frame.with_columns(target.alias("__target__"), *(s.alias(name) for name, s in more.items()))
    columns = (
        Column("x", "number", "input", True),
        Column("who", "category", "input", True),
        Column("y", "category", "target", False),
    )
    kind = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    development = Development(
        Blob.of(frame, "table"), n, columns, kind, "y", classes, None, False, "cv", 5, 1, None, None
    )
    member = Member("m", "m", Blob("bytes"), 1.0)
    validation = Blob.of({"row": rows * 10, "scores": scores}, "arrays")
    trained = Trained((), (member,), member, (), validation, "log_loss", 0.0, 1, 0.0, "trials")
    book = Book()
    analysis = Analysis(n, (Relation("who", 0.9, "gini"), Relation("x", 0.1, "gini")))
    return doubt(RolesSection(), development, analysis, trained, Work(folder), book), book


def classes(folder: Path, **more: pl.Series) -> tuple[Doubted, Book]:
    truth = np.arange(100) % 2
    chances = np.where(truth == 1, 0.95, 0.05) + np.linspace(-0.01, 0.01, 100)
    labels = truth.copy()
    labels[list(WRONG)] = 1 - labels[list(WRONG)]
    rows = np.arange(100)[::-1]  # the predictions need not be in the order of the rows
    scores = np.column_stack([1 - chances, chances])[rows]
    return looked_at(folder, pl.Series(labels), scores, rows, ("cat", "dog"), **more)


def test_wrong_labels_are_listed_said_shown_and_written(tmp_path: Path) -> None:
    made, book = classes(tmp_path)
    table = made.suspects.get()
    assert sorted(table["row"].to_list()) == [30, 400, 770]
    assert (made.rows, made.development, made.count, made.why_not) == (100, 100, 3, "")
    line = table.filter(pl.col("row") == 30).row(0, named=True)
    assert (line["given"], line["instead"]) == ("cat", "dog")
    assert "had not seen it" in line["reason"]
    with (tmp_path / FILE).open() as file:
        written = list(csv.DictReader(file))
    assert [w["row"] for w in written] == [str(r) for r in table["row"]]
    assert {w["correct"] for w in written} == {""}
    [finding] = [i for i in book.items if isinstance(i, Finding)]
    assert (finding.code, finding.severity, finding.numbers["rows"]) == ("label.errors-likely", "note", 3.0)
    [shown] = [i for i in book.items if isinstance(i, Table)]
    # The column of e-mail addresses says most, and is shown to nobody.
    assert shown.columns == ("row", "given", "rather", "why", "x")
    assert [w["x"] for w in written] == [str(float(r) / 10) for r in table["row"]]
    assert "who" not in written[0]
    [flows] = [i for i in book.items if isinstance(i, Figure)]
    assert flows.matrix[0][1] + flows.matrix[1][0] == 3


def test_what_a_person_has_confirmed_is_not_listed_again(tmp_path: Path) -> None:
    seen = pl.Series([place in (3, 5) for place in range(100)])
    made, _ = classes(tmp_path, **{CHECKED: seen})
    assert sorted(made.suspects.get()["row"].to_list()) == [400, 770]
    assert made.checked == 1


def test_rows_without_a_held_out_prediction_are_not_looked_at(tmp_path: Path) -> None:
    truth = np.arange(100) % 2
    rows = np.arange(40)
    scores = np.column_stack([truth == 0, truth == 1]).astype(float)[:40]
    labels = truth.copy()
    labels[[3, 77]] = 1 - labels[[3, 77]]
    made, book = looked_at(tmp_path, pl.Series(labels), scores, rows, ("cat", "dog"))
    assert made.suspects.get()["row"].to_list() == [30]
    assert (made.rows, made.development) == (40, 100)
    assert "40 of 100 rows" in book.items[0].message  # type: ignore[union-attr]


def test_clean_labels_give_an_empty_file_and_no_word(tmp_path: Path) -> None:
    truth = np.arange(60) % 3
    scores = np.eye(3)[truth] * 0.9 + 0.1 / 3
    made, book = looked_at(tmp_path, pl.Series(truth), scores, np.arange(60), ("a", "b", "c"))
    assert made.count == 0
    assert book.items == ()
    assert (tmp_path / FILE).read_text() == "row,given,instead,suspicion,reason,correct,x\n"


def test_a_number_that_slipped_is_listed_with_the_slip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(50, 100, 120)
    actual = predicted + rng.normal(size=120)
    actual[7] = predicted[7] * 10
    made, book = looked_at(tmp_path, pl.Series(actual), predicted[:, None], np.arange(120), ())
    assert made.suspects.get()["row"].to_list() == [70]
    assert "10 times too large" in made.suspects.get()["reason"][0]
    assert "6 times the usual error" in book.items[0].message  # type: ignore[union-attr]


def test_few_rows_are_not_judged(tmp_path: Path) -> None:
    made, book = looked_at(
        tmp_path, pl.Series([0, 1] * 10), np.full((20, 2), 0.5), np.arange(20), ("cat", "dog")
    )
    assert "fewer than 30" in made.why_not
    assert book.items == ()
