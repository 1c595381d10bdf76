"""Labels that several people gave: read, settled, and said of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Collected, Labelled
from modelwright.core.records.evidence import Finding, Metric, Table
from modelwright.data import answers
from modelwright.data.label import label
from modelwright.goal.sections import LabelSection, ProblemSection, RolesSection, SuccessSection
from modelwright.testing.tables import cleaned_of

TABLE = pl.DataFrame({"id": ["a", "b", "c"], "y": ["cat", "dog", "cat"]})


def settled(frame: pl.DataFrame, given: list[list[Any]], how: Any = "dawid-skene") -> tuple[Labelled, Book]:
    collected = Collected(Blob("table"), frame.height, (), (), "d", answers=Blob.of(given, "json"))
    book = Book()
    made = label(
        ProblemSection("t", target="y"),
        RolesSection(),
        SuccessSection(),
        cleaned_of(frame, "y"),
        book,
        collected,
        LabelSection(consensus=how),
    )
    return made, book


def crowd(n: int = 200, seed: int = 0) -> tuple[np.ndarray, list[list[Any]]]:
    """An expert, and three who guess in the same direction."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(n) < 0.5, "dog", "cat")
    other = np.where(truth == "dog", "cat", "dog")
    given = [[i, "expert", str(w)] for i, w in enumerate(np.where(rng.random(n) < 0.97, truth, other))]
    for who in ("x", "y", "z"):
        given += [[i, who, str(w)] for i, w in enumerate(np.where(rng.random(n) < 0.6, truth, other))]
    return truth, given


def test_answers_are_read_by_row_or_by_key(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_text("row,annotator,label\n0,ann,cat\n0,bob,\n2,bob,dog\n")
    assert answers.read(str(path), (), TABLE) == [[0, "ann", "cat"], [2, "bob", "dog"]]
    path.write_text("id,worker,answer\nb,1,cat\n")
    assert answers.read(str(path), ("id",), TABLE) == [[1, "1", "cat"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("row,label\n0,cat\n", "no column `annotator`"),
        ("row,annotator\n0,ann\n", "no column `label`"),
        ("id,annotator,label\na,ann,cat\n", "does not say which rows"),
        ("row,annotator,label\n7,ann,cat\n", "line 2: there is no row 7"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "said.csv"
    path.write_text(text)
    with pytest.raises(BadData, match=said) as caught:
        answers.read(str(path), (), TABLE)
    assert caught.value.code == "label.answers-bad"


def test_the_model_hears_the_expert_and_the_vote_does_not() -> None:
    truth, given = crowd()
    frame = pl.DataFrame({"x": [float(i) for i in range(200)]})
    made, book = settled(frame, given)
    by_model = made.table.get()["y"].to_numpy() == truth
    voted, _ = settled(frame, given, "majority")
    assert by_model.mean() > 0.93
    assert by_model.mean() > (voted.table.get()["y"].to_numpy() == truth).mean() + 0.1
    [finding] = [i for i in book.items if isinstance(i, Finding) and i.code == "label.agreement"]
    assert finding.severity == "warning"
    [alpha] = [i for i in book.items if isinstance(i, Metric)]
    assert alpha.estimate.low < alpha.estimate.value < alpha.estimate.high < 0.667
    [table] = [i for i in book.items if isinstance(i, Table)]
    assert {line[0]: line[1] for line in table.rows} == dict.fromkeys(("expert", "x", "y", "z"), 200)
    assert made.process.startswith("4 people gave 800 answers to 200 rows, settled by Dawid and Skene")


def test_labels_of_the_data_stay_and_judge_the_annotators() -> None:
    truth, given = crowd()
    known = [str(t) if i < 50 else None for i, t in enumerate(truth)]
    frame = pl.DataFrame({"x": [float(i) for i in range(200)], "y": pl.Series(known, dtype=pl.String)})
    made, book = settled(frame, given, "majority")
    assert made.table.get()["y"].to_list()[:50] == known[:50]
    [table] = [i for i in book.items if isinstance(i, Table)]
    expert = next(line for line in table.rows if line[0] == "expert")
    assert "of 50 (" in str(expert[-1])


def test_people_who_agree_make_a_note() -> None:
    frame = pl.DataFrame({"x": [float(i) for i in range(40)]})
    given = [[i, who, "dog" if i % 2 else "cat"] for i in range(40) for who in ("ann", "bob")]
    made, book = settled(frame, given)
    [finding] = [i for i in book.items if isinstance(i, Finding) and i.code == "label.agreement"]
    assert (finding.severity, finding.numbers["differ"]) == ("note", 0.0)
    assert "alpha 1.000 over" in made.process


@pytest.mark.parametrize(
    ("values", "said"),
    [([1.5, None, 3.5] * 10, "is a number"), ([True, None, False] * 10, "'cat' is no value")],
)
def test_targets_that_answers_cannot_fill(values: list[Any], said: str) -> None:
    frame = pl.DataFrame({"x": [0.0] * 30, "y": values}, strict=False)
    with pytest.raises(BadData, match=said):
        settled(frame, [[1, "ann", "cat"]])


def test_a_yes_or_no_target_is_filled_with_its_own_values() -> None:
    frame = pl.DataFrame({"x": [0.0] * 30, "y": [True, None, False] * 10})
    made, _ = settled(frame, [[i, "ann", "true"] for i in range(1, 30, 3)])
    assert made.table.get()["__target__"].to_list() == [1, 1, 0] * 10
