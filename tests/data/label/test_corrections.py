"""Corrected labels: read by row or by key, applied, and refused where they fit nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Collected, Labelled, Split
from modelwright.core.records.evidence import Finding
from modelwright.data import corrections
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.goal.sections import (
    Condition,
    LabelSection,
    ProblemSection,
    RolesSection,
    Rule,
    SplitSection,
    SuccessSection,
)
from modelwright.testing.tables import cleaned_of

TABLE = pl.DataFrame({"id": ["a", "b", "c", "c"], "y": ["cat", "dog", "cat", "dog"]})


def written(folder: Path, text: str) -> str:
    path = folder / "mended.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def corrected(values: list[object], entries: list[list[object]]) -> tuple[Labelled, dict[str, Finding]]:
    frame = pl.DataFrame({"x": [float(i) for i in range(len(values))], "y": values}, strict=False)
    collected = Collected(
        Blob("table"), len(values), ("x", "y"), (), "d", corrections=Blob.of(entries, "json")
    )
    book = Book()
    asked = ProblemSection("t", target="y")
    made = label(asked, RolesSection(), SuccessSection(), cleaned_of(frame, "y"), book, collected)
    return made, {i.code: i for i in book.items if isinstance(i, Finding)}


def test_lines_that_were_not_filled_in_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "row,given,instead,correct\n2,cat,dog,dog\n0,cat,dog,\n1,dog,cat,dog\n")
    assert corrections.read(path, (), TABLE) == [[1, "dog", "dog"], [2, "cat", "dog"]]


def test_what_the_labelling_pages_export_is_read(tmp_path: Path) -> None:
    """The file of a run, labelled there: `correct` is still empty, `label` is what was said."""
    path = written(tmp_path, "row,given,correct,label\n2,cat,,dog\n1,dog,cat,dog\n")
    assert corrections.read(path, (), TABLE) == [[1, "dog", "cat"], [2, "cat", "dog"]]


def test_rows_may_be_named_by_their_keys(tmp_path: Path) -> None:
    path = written(tmp_path, "id,label\nb,cat\n")
    assert corrections.read(path, ("id",), TABLE) == [[1, None, "cat"]]


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        ("row,x\n1,dog\n", (), "no column `correct`"),
        ("x,correct\n1,dog\n", (), "does not say which rows"),
        ("row,correct\n9,dog\n", (), "line 2: there is no row 9; there are 4"),
        ("row,correct\n-1,dog\n", (), "'-1' is no row"),
        ("row,correct\n1,dog\n1,cat\n", (), "line 3: the row stands twice"),
        ("id,correct\nz,dog\n", ("id",), "no row has id='z'"),
        ("id,correct\nc,dog\n", ("id",), "several rows have id='c'"),
        ("id,correct\na,dog\n", ("nr",), "does not say which rows"),
        ('row,correct\n1,"dog\n', (), "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, text: str, keys: tuple[str, ...], message: str
) -> None:
    with pytest.raises(BadData, match=message) as caught:
        corrections.read(written(tmp_path, text), keys, TABLE)
    assert caught.value.code == "label.corrections-bad"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"gone\.csv cannot be read"):
        corrections.read(str(tmp_path / "gone.csv"), (), TABLE)


def test_labels_are_changed_and_confirmed() -> None:
    made, found = corrected(["cat", "dog"] * 20, [[0, "cat", "dog"], [1, "dog", "dog"], [2, None, "dog"]])
    table = made.table.get()
    assert table["y"].to_list()[:4] == ["dog", "dog", "dog", "dog"]
    assert table[corrections.CHECKED].to_list()[:4] == [True, True, True, False]
    assert found["label.corrected"].numbers == {"changed": 2.0, "confirmed": 1.0}
    assert "cat to dog (2)" in found["label.corrected"].message


def test_a_label_may_be_given_to_a_row_that_had_none() -> None:
    made, _ = corrected(["cat", "dog", None] * 10, [[2, "", "dog"]])
    assert made.rows == 21
    assert made.unlabelled == 9


def test_corrections_of_another_label_are_stale() -> None:
    made, found = corrected(["cat", "dog"] * 20, [[0, "dog", "bird"], [1, "dog", "cat"]])
    assert found["label.corrections-stale"].numbers == {"rows": 1.0}
    assert made.table.get()["y"].to_list()[:2] == ["cat", "cat"]


def test_a_correction_that_is_no_label_is_refused() -> None:
    with pytest.raises(BadData, match="row 0 is 'dgo', which is no label") as caught:
        corrected(["cat", "dog"] * 20, [[0, "cat", "dgo"]])
    assert "'dog'" in caught.value.hint


def test_numbers_and_booleans_are_corrected_too() -> None:
    made, _ = corrected([float(i) + 0.5 for i in range(40)], [[3, "3.5", "35"]])
    assert made.table.get()["__target__"].to_list()[3] == 35.0
    made, _ = corrected([True, False] * 20, [[0, "true", "false"]])
    assert made.table.get()["__target__"].to_list()[:2] == [0, 0]
    with pytest.raises(BadData, match="'many'"):
        corrected([float(i) + 0.5 for i in range(40)], [[3, None, "many"]])


def test_without_corrections_nothing_is_added() -> None:
    frame = pl.DataFrame({"y": ["cat", "dog"] * 20})
    asked = ProblemSection("t", target="y")
    made = label(asked, RolesSection(), SuccessSection(), cleaned_of(frame, "y"), Book())
    assert corrections.CHECKED not in made.table.get().columns


def parts_of(labelled: Labelled, seed: int = 0) -> tuple[Split, dict[str, Finding]]:
    book = Book()
    asked = (SplitSection(), RolesSection(), ProblemSection("t", target="y"), SuccessSection())
    made = split(*asked, labelled, seed, book)
    return made, {i.code: i for i in book.items if isinstance(i, Finding)}


def rows_of(part: object) -> list[int]:
    found: list[int] = part.table.get()[ROW].to_list()  # type: ignore[attr-defined]
    return found


def test_mended_labels_move_no_row_to_the_test() -> None:
    values: list[object] = [("cat", "dog", "owl")[i % 3] if i % 20 else None for i in range(300)]
    first, _ = parts_of(corrected(values, [])[0])
    learnt = rows_of(first.development)
    mended = [[row, values[row], "cat"] for row in learnt[::4]]
    found, _ = corrected(values, [*mended, [20, "", "dog"], [40, "", "cat"]])
    again, told = parts_of(found)
    assert rows_of(again.sealed) == rows_of(first.sealed)
    assert "label.corrected-test" not in told
    _, told = parts_of(found, seed=1)
    assert told["label.corrected-test"].numbers["rows"] > 0


def test_mended_labels_that_make_copies_keep_them_off_both_sides() -> None:
    frame = pl.DataFrame({"x": [float(i // 2) for i in range(200)], "y": ["cat", "dog"] * 100})
    asked = (ProblemSection("t", target="y"), RolesSection(), SuccessSection(), cleaned_of(frame, "y"))
    section = SplitSection(duplicates="together")

    def parted(entries: list[list[object]]) -> Split:
        collected = Collected(Blob("table"), 200, ("x", "y"), (), "d", corrections=Blob.of(entries, "json"))
        labelled = label(*asked, Book(), collected)
        return split(section, asked[1], asked[0], asked[2], labelled, 0, Book())

    first = parted([])
    dogs = [row for row in rows_of(first.development) if row % 2 and row - 1 in rows_of(first.sealed)]
    again = parted([[row, "dog", "cat"] for row in dogs])
    assert dogs
    assert rows_of(again.sealed) == rows_of(first.sealed)
    assert not set(dogs) & set(rows_of(again.development))


def test_labels_that_rules_made_are_corrected() -> None:
    frame = pl.DataFrame(
        {"x": [float(i) for i in range(40)], "y": [None] * 40}, schema_overrides={"y": pl.String}
    )
    rules = (
        Rule("low", "cat", Condition("below", "x", (20.0,))),
        Rule("high", "dog", Condition("at_least", "x", (20.0,))),
    )
    entries = [[0, "cat", "dog"], [1, "cat", "cat"]]
    collected = Collected(Blob("table"), 40, ("x", "y"), (), "d", corrections=Blob.of(entries, "json"))
    book = Book()
    made = label(
        ProblemSection("t", target="y"),
        RolesSection(),
        SuccessSection(),
        cleaned_of(frame, "y"),
        book,
        collected,
        LabelSection(rules=rules),
    )
    assert made.table.get()["y"].to_list()[:3] == ["dog", "cat", "cat"]
    found = {i.code: i for i in book.items if isinstance(i, Finding)}
    assert found["label.corrected"].numbers == {"changed": 1.0, "confirmed": 1.0}
    assert "label.corrections-stale" not in found
