"""Spelling variants: what is one value, what may be, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.book import Book
from modelwright.core.records.data import Cleaned
from modelwright.core.records.evidence import Finding, Table
from modelwright.data.clean.apply import preprocess_of
from modelwright.data.clean.infer.distinct import Distinct
from modelwright.data.clean.infer.variants import NONE, Variants, damerau, infer
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import CleanSection, ColumnWish, ProblemSection, RolesSection, SourceSection
from modelwright.runtime.parse.variants import build, key


def found(counts: dict[str, int], wanted: Any = "sure", named: Any = ()) -> Variants:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = sum(counts.values())
    return infer(Distinct("x", rows, [t for t, _ in ordered], [c for _, c in ordered]), wanted, named)


def pairs(variants: Any) -> dict[str, str]:
    return {v.text: v.to for v in variants}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("São Paulo", "SAO-PAULO"),
        ("e-mail", "E mail"),
        ("U.S.A.", "usa"),
        ("O'Brien", "O’Brien"),
        ("Johnson & Johnson", "Johnson and Johnson"),
        ("Boston (Mass.)", "boston mass"),
        ("non_brand", "NON BRAND"),
        ("VIVUS, Inc.", "VIVUS Inc"),
        ("straße", "STRASSE"),
    ],
)
def test_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (">50K", "<=50K"), ("A-", "A"), ("A+", "A"), ("O-", "O+"), ("C", "C++"), ("C#", "C"), ("3-5", "35"),
        ("1.5", "15"), ("1 12", "11 2"), ("-1", "1"), ("basic.4y", "basic4y"), ("M/F", "MF"), ("$5", "5"),
        ("10%", "10"), ("AB-12", "AB12"), ("18-29", "182-9"), ("漢字", "漢"), ("v1.0", "v10"),
    ],
)  # fmt: skip
def test_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_sure_and_proposed() -> None:
    made = found(
        {"Johannesburg": 90, "Cape Town": 60, "Cape-Town": 4, "Johanesburg": 2, "JHB": 12, "Durban": 30,
         "Smith, John": 3, "John Smith": 9}
    )  # fmt: skip
    assert pairs(made.merged) == {"Cape-Town": "Cape Town", "Smith, John": "John Smith"}
    assert pairs(made.proposed) == {"Johanesburg": "Johannesburg", "JHB": "Johannesburg"}
    assert {v.text: (v.rows, v.to_rows, v.how) for v in made.proposed} == {
        "Johanesburg": (2, 90, "misspelling"),
        "JHB": (12, 90, "abbreviation"),
    }
    every = found({"Johannesburg": 90, "Johanesburg": 2, "JHB": 12, "Durban": 30}, "all")
    assert pairs(every.merged) == {"Johanesburg": "Johannesburg", "JHB": "Johannesburg"}
    assert found({"Cape Town": 60, "Cape-Town": 4}, "none") == NONE
    assert not found({"Cape Town": 60, "Cape-Town": 4}, "propose").merged
    assert pairs(found({"Cape Town": 60, "Cape-Town": 4}, "propose").proposed) == {"Cape-Town": "Cape Town"}


@pytest.mark.parametrize(
    "counts",
    [
        {"INLAND": 6551, "ISLAND": 5, "NEAR BAY": 2290},
        {"FuseA": 188, "FuseP": 8, "FuseF": 50},
        {"male": 577, "female": 314},
        {"North Dakota": 100, "South Dakota": 10, "North Carolina": 100, "South Carolina": 9},
        {"typical angina": 100, "atypical angina": 12, "asymptomatic": 50},
        {"Austria": 60, "Australia": 4},
        {"employed": 500, "unemployed": 20},
        {"Manager I": 100, "Manager II": 20, "Manager III": 3},
        {"basic.4y": 400, "basic.6y": 40, "basic.9y": 100},
        {"A": 50, "A-": 9, "A+": 5, "B": 20},
        {"USA": 90, "FRA": 40, "GER": 30, "United Kingdom": 4},
        {"Ukraine": 90, "UK": 40, "France": 10},
        {">50K": 100, "<=50K": 300},
        {"red;blue": 10, "blue": 30, "red": 30},
        {"Construction": 70, "CIO": 10, "Planning": 20},
        {"a,b": 10, "b,a": 30},
    ],
)
def test_values_of_their_own(counts: dict[str, int]) -> None:
    made = found(counts)
    assert not made.merged
    assert not made.proposed


def test_the_goal_says_that_a_value_is_its_own() -> None:
    counts = {"resign": 40, "re-sign": 9}
    assert pairs(found(counts).merged) == {"re-sign": "resign"}
    assert found(counts, named=[("re-sign", "re-sign")]).merged == ()
    assert found({"Zambia": 90, "Zambja": 5, "Mali": 20}).proposed
    assert found({"Zambia": 90, "Zambja": 5, "Mali": 20}, named=[("Zambja", "Zambja")]) == NONE


def test_the_goal_says_how_a_value_is_to_be_written() -> None:
    # However rare it is, others are read as it.
    assert pairs(found({"NY": 50, "N.Y.": 8, "LA": 9}, named=[("Nw York", "N.Y.")]).merged) == {"NY": "N.Y."}


def test_a_spelling_that_nobody_has_met_is_read_by_its_key() -> None:
    made = found({"Cape Town": 60, "Cape-Town": 4, "Durban North": 30})
    read = build(made.options())
    assert read("CAPE TOWN.") == "Cape Town"
    assert read("durban-north") == "Durban North"
    assert read("Durban West") == "Durban West"


@given(st.dictionaries(st.text("aAbB-. é1", min_size=1, max_size=6), st.integers(1, 50), max_size=12))
def test_what_is_read_once_is_read_for_good(counts: dict[str, int]) -> None:
    made = found(counts, "all")
    read = build(made.options())
    for text in counts:
        assert read(read(text)) == read(text)
    for v in made.merged:
        assert read(v.text) == v.to
        assert v.text != v.to


@given(st.text(max_size=8), st.text(max_size=8))
def test_distance(one: str, two: str) -> None:
    assert damerau(one, two) == damerau(two, one)
    assert (damerau(one, two) == 0) == (one == two)
    assert abs(len(one) - len(two)) <= damerau(one, two) <= max(len(one), len(two))


def test_distance_of_slips() -> None:
    assert damerau("johannesburg", "johanesburg") == 1
    assert damerau("toyota", "tyoota") == 1
    assert damerau("kitten", "sitting") == 3


def run(frame: dict[str, list[Any]], target: str | None = None, **section: Any) -> tuple[Cleaned, list[Any]]:
    book = Book()
    collected = collect(SourceSection("frame"), Book(), pl.DataFrame(frame))
    made = clean(CleanSection(**section), RolesSection(), ProblemSection("t", None, target), collected, book)
    return made, list(book.items)


CITIES = ["Cape Town", "Cape-Town", "Durban", "Cape Town", "DBN", "Durban"] * 10


def test_the_stage_tells_before_and_after() -> None:
    made, items = run({"city": CITIES, "y": [1, 0, 1] * 20}, "y")
    assert set(made.table.get()["city"].unique()) == {"Cape Town", "Durban", "DBN"}
    codes = {item.code: item for item in items if isinstance(item, Finding)}
    assert codes["clean.variants"].numbers == {"values": 1.0, "cells": 10.0}
    assert '{"Cape-Town": "Cape-Town"}' in codes["clean.variants"].remedy
    assert '{"DBN": "Durban"}' in codes["clean.variants-proposed"].remedy
    table = next(item for item in items if isinstance(item, Table))
    assert table.rows == (
        ("city", "Cape-Town", 10, "Cape Town", 20, 30, "spelling", "written as one"),
        ("city", "DBN", 10, "Durban", 20, 20, "abbreviation", "left, proposed"),
    )
    shown = [(e.before, e.after) for e in made.examples if e.operation == "variants"]
    assert shown == [("Cape-Town", "Cape Town")]


def test_the_goal_confirms_and_overrules() -> None:
    own = (("city", ColumnWish(spellings=(("Cape-Town", "Cape-Town"), ("DBN", "Durban")))),)
    made, items = run({"city": CITIES, "y": [1, 0, 1] * 20}, "y", columns=own)
    assert set(made.table.get()["city"].unique()) == {"Cape Town", "Cape-Town", "Durban"}
    assert not [i for i in items if isinstance(i, Finding) and i.code.startswith("clean.variants")]
    every, _ = run(
        {"city": CITIES, "y": [1, 0, 1] * 20}, "y", columns=(("city", ColumnWish(variants="all")),)
    )
    assert set(every.table.get()["city"].unique()) == {"Cape Town", "Durban"}
    off, _ = run({"city": CITIES, "y": [1, 0, 1] * 20}, "y", off=("variants:city",))
    assert set(off.table.get()["city"].unique()) == {"Cape Town", "Cape-Town", "Durban", "DBN"}


def test_classes_are_only_proposed() -> None:
    made, items = run({"x": list(range(60)), "city": CITIES}, "city")
    assert "Cape-Town" in set(made.table.get()["city"])
    assert [i.code for i in items if isinstance(i, Finding) and i.column == "city"] == [
        "clean.variants-proposed"
    ]


def test_prediction_reads_as_cleaning_does() -> None:
    made, _ = run({"city": CITIES, "y": [1, 0, 1] * 20}, "y")
    shipped = preprocess_of(made.columns)
    values, _ = shipped.apply("city", ["cape town", "CAPE TOWN.", "Cape  Town", "Durban", None, "Paarl"])
    assert values.tolist() == ["Cape Town", "Cape Town", "Cape Town", "Durban", None, "Paarl"]


@pytest.mark.parametrize(
    "name",
    ["titanic", "adult_census", "telco_churn", "penguins", "california_housing", "diamonds", "compas"],
)
def test_clean_tables_stay_as_they_are(shared_data: Path, name: str) -> None:
    folder = next(shared_data.glob(f"*/{name}"))
    source = max((p for p in folder.iterdir() if p.suffix == ".csv"), key=lambda p: p.stat().st_size)
    book = Book()
    collected = collect(SourceSection(str(source)), Book(), None)
    clean(CleanSection(), RolesSection(), ProblemSection("t"), collected, book)
    assert not [i for i in book.items if isinstance(i, Finding) and i.code.startswith("clean.variants")]


def test_dirty_names_are_written_as_one(shared_data: Path) -> None:
    source = shared_data / "dirty/open_payments/open_payments.csv.gz"
    book = Book()
    collected = collect(SourceSection(str(source)), Book(), None)
    clean(CleanSection(), RolesSection(), ProblemSection("t", target="status"), collected, book)
    told = {
        i.column: i.numbers["values"]
        for i in book.items
        if isinstance(i, Finding) and i.code == "clean.variants"
    }
    assert told["Name_of_Associated_Covered_Device_or_Medical_Supply1"] > 100
    table = next(i for i in book.items if isinstance(i, Table) and i.code == "clean.variants")
    assert any(row[1] == "VIVUS Inc" and row[3] == "VIVUS, Inc." for row in table.rows)
