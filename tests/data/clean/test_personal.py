"""Columns with personal data, what the goal has done with them, and what is demanded before a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadInput
from modelwright.core.records.data import Cleaned
from modelwright.core.records.evidence import Finding, Table
from modelwright.data.clean.anonymity import measure
from modelwright.data.clean.apply import preprocess_of
from modelwright.data.clean.personal import look
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import (
    CleanSection,
    PrivacySection,
    ProblemSection,
    RolesSection,
    SourceSection,
)

PEOPLE = [
    "Maria Gonzalez",
    "John Smith",
    "Anna Kowalska",
    "Peter Müller",
    "Sipho Dlamini",
    "Thomas O’Brien",
] * 5
LAST = ["Gonzalez", "Smith", "Kowalska", "Müller", "Dlamini", "O’Brien"]

COLUMNS: list[tuple[str, list[str], list[str]]] = [
    ("customer_name", PEOPLE, ["name"]),
    ("contact", PEOPLE, ["name"]),
    ("last_name", LAST, ["name"]),
    ("Name", ["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina", "Allen, Mr. William Henry",
              "Moran, Mr. James", "Palsson, Master. Gosta Leonard"], ["name"]),
    ("address", [f"{k} Main Street" for k in range(10)], ["address"]),
    ("dob", [f"19{50 + k}-03-1{k % 9}" for k in range(20)], ["birth date"]),
    ("mail", [f"a{k}@example.org" for k in range(9)], ["email"]),
    ("notes", ["call me at +27 82 123 4567", "nothing", "no news today"] * 3, ["phone"]),
    ("server", [f"203.0.113.{k}" for k in range(9)], ["ip"]),
    ("account", ["DE89370400440532013000", "GB82WEST12345698765432", "NL91ABNA0417164300"] * 2, ["iban"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "kinds"), COLUMNS, ids=[c[0] for c in COLUMNS])
def test_columns(name: str, values: list[str], kinds: list[str]) -> None:
    assert look(pl.Series(name, values)).every == kinds


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("name", ["Anchor Cafe", "Blue Lagoon", "Corner Shop", "Delta Works", "Echo Base", "Fox Hole"]),
        ("country", ["South Africa", "United States", "New Zealand", "Germany", "France", "Peru"]),
        (
            "occupation",
            ["Exec-managerial", "Tech-support", "Farming-fishing", "Sales", "Craft-repair", "Other"],
        ),
        ("date", [f"2019-03-1{k % 9}" for k in range(20)]),
        ("order", [f"{100 + k} {200 + k} {300 + k}" for k in range(40)]),
        ("reference", [str(10**15 + 7919 * k) for k in range(60)]),
        ("release", ["1.2.3.4", "1.2.3.5", "2.0.0.1", "2.0.1.0", "3.1.4.1"]),
        ("street_type", ["Pave", "Grvl", "Pave", "Grvl", "None"]),
    ],
)
def test_other_columns(name: str, values: list[str]) -> None:
    assert look(pl.Series(name, values)).every == []


def test_shared_tables_hold_none(shared_data: Path) -> None:
    for name in ("adult_census", "bank_marketing", "telco_churn", "penguins", "diamonds", "ames_housing"):
        folder = next(shared_data.glob(f"*/{name}"))
        source = max((p for p in folder.iterdir() if p.suffix == ".csv"), key=lambda p: p.stat().st_size)
        frame: pl.DataFrame = collect(SourceSection(str(source)), Book(), None).table.get()
        assert {c: look(frame[c]).every for c in frame.columns if look(frame[c]).every} == {}, name


def run(
    frame: dict[str, list[Any]],
    target: str | None = None,
    *,
    roles: RolesSection | None = None,
    **section: Any,
) -> tuple[Cleaned, list[Any]]:
    book = Book()
    collected = collect(SourceSection("frame"), Book(), pl.DataFrame(frame))
    made = clean(
        CleanSection(**section), roles or RolesSection(), ProblemSection("t", None, target), collected, book
    )
    return made, list(book.items)


TABLE = {
    "who": PEOPLE,
    "note": [f"mail {n.split()[0].lower()}@example.org about it now" for n in PEOPLE],
    "size": [1.5, 2.5, 3.5] * 10,
    "y": ["a", "b", "a"] * 10,
}


def test_what_is_found_is_told() -> None:
    made, items = run(TABLE, "y")
    told = {i.column: i for i in items if isinstance(i, Finding) and i.code == "clean.personal-found"}
    assert sorted(told) == ["note", "who"]
    assert made.table.get()["who"][0] == "Maria Gonzalez"
    table = next(i for i in items if isinstance(i, Table) and i.code == "clean.personal")
    assert table.rows == (("who", "name", 30, 1.0, "is kept"), ("note", "email", 30, 1.0, "is kept"))
    assert not [
        i for i in run(TABLE, "y", personal="keep")[1] if getattr(i, "code", "") == "clean.personal-found"
    ]


def test_masked_and_dropped() -> None:
    masked, _ = run(TABLE, "y", personal="mask")
    assert set(masked.table.get()["who"]) == {"<name>"}
    assert set(masked.table.get()["note"]) == {"mail <email> about it now"}
    assert preprocess_of(masked.columns).apply("note", ["mail zoe@example.org"])[0].tolist() == [
        "mail <email>"
    ]
    dropped, _ = run(TABLE, "y", personal="drop")
    assert {c.name: c.is_input for c in dropped.columns}["who"] is False


def test_hashed_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MW_TEST", "a secret of some length")
    privacy = PrivacySection(secret="MW_TEST")
    made, items = run(TABLE, "y", personal="hash", privacy=privacy)
    frame = made.table.get()
    assert frame["who"].n_unique() == 6
    assert frame["who"][0].startswith("name-")
    assert "MW_TEST" in str(made.columns)
    assert "a secret of some length" not in str(made) + str(items)
    monkeypatch.delenv("MW_TEST")
    with pytest.raises(BadInput, match="MW_TEST"):
        preprocess_of(made.columns)


def test_anonymity() -> None:
    frame = pl.DataFrame({"zip": [1, 1, 1, 2, 2, 3], "sex": ["f"] * 6, "ill": ["a", "b", "a", "c", "c", "d"]})
    found = measure(frame, ["zip", "sex"], ["ill"], asked=3)
    assert (found.k, found.groups, found.alone, found.below) == (1, 3, 1, 3)
    assert found.diversity == {"ill": 1}


def codes(items: list[Any]) -> dict[str, str]:
    return {i.code: i.severity for i in items if isinstance(i, Finding) and i.code.startswith("privacy.")}


def test_the_goal_asks_for_anonymity() -> None:
    table = {"zip": ["1", "1", "1", "2", "2", "2"] * 5, "ill": ["a", "b", "c"] * 10, "z": list(range(30))}
    assert codes(run(table, "ill")[1]) == {}
    enough = PrivacySection(quasi=("zip",), k=15, diversity=3)
    assert codes(run(table, "ill", privacy=enough)[1]) == {
        "privacy.k-anonymity": "note",
        "privacy.l-diversity": "note",
    }
    more = PrivacySection(quasi=("zip",), k=16, diversity=4)
    assert set(codes(run(table, "ill", privacy=more)[1]).values()) == {"blocker"}


def test_the_goal_demands_documents() -> None:
    _, items = run(TABLE, "y", privacy=PrivacySection(require=("consent", "licence")))
    assert codes(items) == {"privacy.consent-missing": "blocker", "privacy.licence-missing": "blocker"}


def test_plain_numbers_are_not_read_as_texts() -> None:
    """Nor do a few words among them hide: one in fifty is enough to look."""
    numbers = [f"{k / 7:.3f}" for k in range(500)]
    assert look(pl.Series("x", numbers)).every == []
    mails = [f"person{k}@example.org" for k in range(20)]
    assert look(pl.Series("x", [*numbers, *mails])).every == ["email"]


@pytest.mark.parametrize("how", ["mask", "hash", "generalise", "drop"])
def test_nothing_personal_is_shown_of_what_is_treated(how: str) -> None:
    """Neither in the table, whose profile the report shows, nor in the cells before and after."""
    made, items = run(TABLE, "y", personal=how)
    shown = f"{made.table.get().to_dict(as_series=False)} {made.examples} {items}"
    assert made.examples
    for person in PEOPLE:
        assert person not in shown
        assert f"{person.split()[0].lower()}@" not in shown


@pytest.mark.parametrize("how", ["mask", "generalise", "drop"])
def test_what_tells_rows_apart_stays_different(how: str) -> None:
    made, items = run(TABLE, "y", roles=RolesSection(group="who"), personal=how)
    assert made.table.get()["who"].n_unique() == 6
    assert "Maria Gonzalez" not in str(made.table.get().to_dict(as_series=False))
    assert any("since rows are told apart by it" in i.message for i in items if isinstance(i, Finding))
