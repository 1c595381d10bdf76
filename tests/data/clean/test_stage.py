"""The whole stage on small tables, and on real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, Cleaned, Collected
from modelwright.core.records.evidence import Finding
from modelwright.data.clean.apply import preprocess_of, typed
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import CleanSection, ColumnWish, ProblemSection, RolesSection, SourceSection


def collected(frame: Any, test: str | None = None) -> Collected:
    return collect(SourceSection("frame", test=test), Book(), frame)


def run(
    frame: Any,
    target: str | None = None,
    problem: Any = None,
    roles: RolesSection | None = None,
    **section: Any,
) -> tuple[Cleaned, list[Finding]]:
    book = Book()
    made = clean(
        CleanSection(**section),
        roles or RolesSection(),
        ProblemSection("t", problem, target),
        collected(frame),
        book,
    )
    return made, [item for item in book.items if isinstance(item, Finding)]


def roles_of(made: Cleaned) -> dict[str, tuple[str, bool]]:
    return {column.name: (column.role, column.is_input) for column in made.columns}


N = 40
TABLE = {
    "id": [f"k{k}" for k in range(N)],
    "count": list(range(100, 100 + N)),
    "size": [f"{k % 7},5" for k in range(N)],
    "colour": ["red", "blue ", "?", "RED"] * (N // 4),
    "same": ["x"] * N,
    "empty": [None] * N,
    "label": ["yes", "no"] * (N // 2),
}


def test_table() -> None:
    made, findings = run(TABLE, "label")
    frame = made.table.get()
    assert frame.columns == [ROW, *TABLE]
    assert {c.name: c.kind for c in made.columns} == {
        "id": "category", "count": "number", "size": "number", "colour": "category", "same": "category",
        "empty": "category", "label": "category",
    }  # fmt: skip
    assert roles_of(made) == {
        "id": ("ignored", False), "count": ("ignored", False), "size": ("input", True),
        "colour": ("input", True), "same": ("ignored", False), "empty": ("ignored", False),
        "label": ("target", False),
    }  # fmt: skip
    assert frame["colour"].to_list()[:4] == ["RED", "blue", None, "RED"]
    assert {f.code for f in findings} == {"clean.identifier", "clean.constant", "clean.duplicates"}
    assert made.duplicates == 40 - 28
    assert made.dropped_duplicates == 0
    colour = next(c for c in made.columns if c.name == "colour")
    assert [(op.name, op.changed) for op in colour.operations] == [
        ("strip", 10),
        ("missing", 10),
        ("case", 10),
    ]
    assert all(op.sentence for c in made.columns for op in c.operations)


def test_applying_the_recipe_again_gives_the_same_table() -> None:
    made, _ = run(TABLE, "label")
    raw = collected(TABLE).table.get()
    assert typed(raw, made.columns).equals(made.table.get())
    preprocess = preprocess_of(made.columns)
    for column in made.columns:
        array, _ = preprocess.apply(column.name, raw[column.name].to_list())
        again = pl.Series(array.tolist(), dtype=made.table.get()[column.name].dtype, nan_to_null=True)
        assert again.to_list() == made.table.get()[column.name].to_list()


def test_the_target_never_changes_what_is_inferred_of_others() -> None:
    made, _ = run(TABLE, "label")
    shuffled, _ = run({**TABLE, "label": ["no"] * 20 + ["yes"] * 20}, "label")
    assert made.columns == shuffled.columns


def test_roles() -> None:
    table = {**TABLE, "sex": ["f", "m"] * 20, "when": ["2024-05-01", "2024-05-02"] * 20, "w": ["1", "2"] * 20}
    roles = RolesSection(
        weight="w", keys=("id",), later=("size",), group="colour", time="when", sensitive=("sex", "size")
    )
    made, _ = run(table, "label", roles=roles)
    found = roles_of(made)
    assert found["w"] == ("weight", False)
    assert found["id"] == ("key", False)
    assert found["size"] == ("later", False)
    assert found["colour"] == ("group", False)
    assert found["when"] == ("time", True)
    assert found["sex"] == ("sensitive", False)
    used, _ = run(table, "label", roles=RolesSection(sensitive=("sex",), use_sensitive=True))
    assert roles_of(used)["sex"] == ("sensitive", True)


def test_wishes_and_off() -> None:
    wishes = (("id", ColumnWish("category")), ("size", ColumnWish("ignore")))
    made, _ = run(TABLE, "label", columns=wishes, off=("missing:colour", "constant", "identifier"))
    assert roles_of(made)["id"] == ("input", True)
    assert roles_of(made)["size"] == ("ignored", False)
    assert roles_of(made)["same"] == ("input", True)
    assert made.table.get()["colour"].to_list()[2] == "?"


def test_duplicates_are_dropped_where_an_identifier_shows_one_record() -> None:
    table = {"order_id": ["a", "b", "c", "c", "d"], "n": [1, 1, 2, 2, 2]}
    made, findings = run(table, roles=RolesSection(keys=("order_id",)))
    assert (made.duplicates, made.dropped_duplicates, made.rows) == (3, 1, 4)
    assert made.table.get()[ROW].to_list() == [0, 1, 2, 4]
    assert "order_id show that one record was entered twice" in findings[-1].message
    kept, _ = run(table, roles=RolesSection(keys=("order_id",)), duplicates="keep")
    assert (kept.dropped_duplicates, kept.rows) == (0, 5)
    dropped, _ = run(table, roles=RolesSection(keys=("order_id",)), duplicates="drop")
    assert (dropped.dropped_duplicates, dropped.rows) == (3, 2)
    without, _ = run({"n": [1, 1]})
    assert (without.duplicates, without.dropped_duplicates) == (1, 0)


def test_a_test_file_keeps_its_rows_and_its_count(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("n,label\n 1,ann.\n1,ann\n9,bob\n")
    source = collected({"n": [1, 2, 1], "label": ["ann", "bob", "ann"]}, str(tmp_path / "test.csv"))
    assert (source.rows, source.test_rows) == (6, 3)
    made = clean(
        CleanSection(duplicates="drop"), RolesSection(), ProblemSection("t", None, "label"), source, Book()
    )
    assert made.table.get().rows() == [(0, 1.0, "ann"), (1, 2.0, "bob"), (3, 1.0, "ann"), (5, 9.0, "bob")]
    assert (made.rows, made.test_rows, made.dropped_duplicates) == (4, 2, 2)


def test_sentinels_are_reported_and_not_changed() -> None:
    values = [float(k % 20) for k in range(100)]
    values[5] = values[6] = -999.0
    made, findings = run({"x": values})
    assert [f.code for f in findings if f.code == "clean.sentinel"] == ["clean.sentinel"]
    assert made.table.get()["x"].to_list().count(-999.0) == 2
    _, quiet = run({"x": [float(k % 20) - 9 for k in range(100)]})
    assert "clean.sentinel" not in {f.code for f in quiet}


@pytest.mark.parametrize("how", ["drop", "mask", "hash", "keep", None])
def test_personal_data(how: Any) -> None:
    table = {"mail": [f"p{k % 9}@example.org" for k in range(40)], "n": [k % 5 for k in range(40)]}
    made, findings = run(table, personal=how)
    values = made.table.get()["mail"].to_list()
    assert roles_of(made)["mail"][1] == (how not in ("drop", "mask"))
    assert ("clean.personal" in {f.code for f in findings}) == (how in ("drop", "mask", "hash"))
    if how == "mask":
        assert set(values) == {"<email>"}
    if how == "hash":
        assert len(set(values)) == 9
        assert not any("@" in value for value in values)


def test_examples_are_real_cells() -> None:
    made, _ = run(TABLE, "label")
    shown = {(e.column, e.row, e.before, e.after, e.operation) for e in made.examples}
    assert ("colour", 1, "blue ", "blue", "strip") in shown
    assert ("colour", 2, "?", "", "missing") in shown
    assert ("size", 0, "0,5", "0.5", "number") in shown


KINDS = {
    "tabular_binary/titanic/titanic.csv": ("Survived", {"Name": "text", "Age": "number", "Sex": "category"}),
    "tabular_binary/adult_census/adult-train.csv": ("c14", {"c0": "number", "c1": "category"}),
    "tabular_binary/telco_churn/Telco-Customer-Churn.csv": (
        "Churn",
        {"TotalCharges": "number", "Partner": "boolean"},
    ),
    "tabular_multiclass/penguins/penguins.csv": ("species", {"sex": "category", "body_mass_g": "number"}),
    "tabular_regression/bike_sharing/bike_sharing.csv": ("cnt", {"date": "date"}),
    "dirty/employee_salaries/employee_salaries.csv": ("current_annual_salary", {"date_first_hired": "date"}),
    "dirty/off_year_turnout_xlsx/off-year-turnout-2023.xlsx#Ohio": (
        "2023 cvap_turnout",
        {"2017 votes": "number"},
    ),
}
MISSING = {"Age": 177, "c1": 1836, "TotalCharges": 11, "body_mass_g": 2}


@pytest.mark.parametrize("path", sorted(KINDS))
def test_real_sets(shared_data: Path, path: str) -> None:
    target, kinds = KINDS[path]
    book = Book()
    source = collect(SourceSection(str(shared_data / path)), book)
    made = clean(CleanSection(), RolesSection(), ProblemSection("t", None, target), source, book)
    found = {column.name: column.kind for column in made.columns}
    assert {name: found[name] for name in kinds} == kinds
    frame = made.table.get()
    for name in set(kinds) & set(MISSING):
        assert frame[name].null_count() == MISSING[name]
    assert typed(source.table.get(), made.columns).equals(frame)
    assert not [f for f in book.items if isinstance(f, Finding) and f.code == "clean.unreadable"]
