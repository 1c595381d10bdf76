"""What is inferred of one column: kind, options, why."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.records.data import Column
from modelwright.data.clean.apply import spec_of, typed_column
from modelwright.data.clean.infer import number
from modelwright.data.clean.infer.column import Inferred, infer_column
from modelwright.goal.sections import ColumnWish
from modelwright.runtime.parse import ColumnParser


def infer(values: list[Any], duty: Any = "plain", name: str = "x", **more: Any) -> Inferred:
    return infer_column(pl.Series(name, values), duty, **more)


def options(found: Inferred, name: str) -> dict[str, Any]:
    return next(op.options for op in found.operations if op.name == name)


def changed(found: Inferred) -> dict[str, int]:
    return {op.name: op.changed for op in found.operations if op.changed}


def read(found: Inferred, values: list[Any]) -> list[Any]:
    column = Column("x", found.kind, "input", True, found.operations)
    return typed_column(pl.Series("x", values), ColumnParser(spec_of(column)))[0].to_list()


NUMBERS = [
    (["1", "2", "3.5"], {}, [1, 2, 3.5]),
    (["70.5 m2", "61 m2", "88.25 m2"], {"units": {"m2": 1.0}}, [70.5, 61, 88.25]),
    (["1,248 CC", "998 cc", "1,497 CC"], {"units": {"cc": 1.0}, "thousands": ","}, [1248, 998, 1497]),
    (["$1,200", "$5", "-$7.50"], {"currency": ["$"], "thousands": ","}, [1200, 5, -7.5]),
    (["1.234,50 €", "3,5 €"], {"currency": ["€"], "decimal": ",", "thousands": "."}, [1234.5, 3.5]),
    (["0,5", "1,25"], {"decimal": ","}, [0.5, 1.25]),
    (["1,200", "950", "3,000,000"], {"thousands": ","}, [1200, 950, 3e6]),
    (["12%", "3.5 %"], {"percent": True}, [12, 3.5]),
    (["(5)", "7", "3-"], {"negatives": True}, [-5, 7, -3]),
    (["1 234", "5\u00a0678"], {"thousands": " "}, [1234, 5678]),
    (["1'234.5", "12"], {"thousands": "'"}, [1234.5, 12]),
    ([" 12 ", "?", "7"], {}, [12, None, 7]),
    (["N/A", "none", "-", "4"], {}, [None, None, None, 4]),
]


@pytest.mark.parametrize(("values", "expected", "typed"), NUMBERS)
def test_numbers(values: list[str], expected: dict[str, Any], typed: list[float]) -> None:
    found = infer(values)
    assert found.kind == "number"
    assert options(found, "number") == expected
    assert read(found, values) == typed


@pytest.mark.parametrize(
    "values",
    [
        ["18-29", "30-44", "45-60"],
        ["5 kg", "3 l", "7 m"],
        ["00501", "10001", "94305"],
        ["a1", "b2"],
        ["1st", "2nd", "3rd"],
        ["> 60", "45"],
    ],
)
def test_categories_that_look_like_numbers(values: list[str]) -> None:
    assert infer(values * 3).kind == "category"


def test_currencies_are_looked_for_at_the_few_ends_of_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    real = number._bears

    def bears(text: str, symbol: str) -> bool:
        looked.append(text)
        return real(text, symbol)

    monkeypatch.setattr(number, "_bears", bears)
    infer([f"2013-08-{d:02d} {h:02d}:{m:02d}:00" for d in range(1, 29) for h in range(24) for m in range(9)])
    assert len(looked) <= 30
    assert options(infer([f"US$ {k}.50" for k in range(50)]), "number") == {"currency": ["US$"]}


def test_hardly_any_unreadable_number_is_said() -> None:
    found = infer([str(k) for k in range(200)] + ["about 7"])
    assert found.kind == "number"
    assert [note.code for note in found.notes] == ["clean.unreadable"]
    assert "'about 7'" in found.notes[0].message
    # A code that is a word among few numbers is a category, and nothing is lost.
    assert infer([*(str(k) for k in range(5)), "A"] * 40).kind == "category"


DATES = [
    (["2024-05-01", "2023-12-31"], ["%Y-%m-%d"]),
    (["01/02/2024", "25/12/2023"], ["%d/%m/%Y"]),
    (["12/25/2023", "01/02/2024"], ["%m/%d/%Y"]),
    (["25.12.2023 10:30", "01.02.2024 7:05"], ["%d.%m.%Y %H:%M"]),
    (["May 1, 2024", "June 12, 2023"], ["%b %d, %Y"]),
    (["2024-05-01T10:00:00Z", "2024-05-01T10:00:00+02:00"], ["%Y-%m-%dT%H:%M:%S%z"]),
    (["2024-05-01", "2024-05-02 10:00:00", "1 May 2024"], ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d %b %Y"]),
]


@pytest.mark.parametrize(("values", "formats"), DATES)
def test_dates(values: list[str], formats: list[str]) -> None:
    found = infer(values)
    assert found.kind == "date"
    assert sorted(options(found, "date")["formats"]) == sorted(formats)
    assert None not in read(found, values)
    assert not found.notes


def test_dates_whose_order_cannot_be_told_are_said() -> None:
    found = infer(["01/02/2024", "03/04/2024"])
    assert options(found, "date") == {"formats": ["%m/%d/%Y"]}
    assert [note.code for note in found.notes] == ["clean.ambiguous-date"]


def test_dates_as_numbers_need_a_name_that_says_so() -> None:
    seconds = [1714521600 + k for k in range(10)]
    assert infer(seconds, name="created_at").kind == "date"
    assert infer([str(s) for s in seconds], name="timestamp").kind == "date"
    assert infer(seconds, name="price").kind == "number"
    assert infer(["20240501", "20231231"], name="order_date").kind == "date"
    assert infer(["20240501", "20231231"], name="code").kind == "number"


def test_booleans() -> None:
    found = infer(["Yes", "no", " yes ", "?"])
    assert found.kind == "boolean"
    assert read(found, ["YES", "n", "?", "maybe"]) == [1.0, 0.0, None, None]
    assert infer(["yes", "yes"]).kind == "category"
    assert infer(["0", "1"]).kind == "number"
    assert infer([True, False]).kind == "boolean"
    assert infer(["Yes", "No", "No internet service"]).kind == "category"


def test_text_and_category() -> None:
    reviews = [f"the film number {k} was rather good" for k in range(60)]
    assert infer(reviews).kind == "text"
    assert infer(["United States", "South Africa"] * 60).kind == "category"
    assert infer([f"A{k}" for k in range(60)]).kind == "category"


def test_missing_markers() -> None:
    words = infer(["a", "b", "?", "NA", "unknown", "none", ""])
    assert options(words, "missing")["markers"] == ["", "?", "NA", "unknown"]
    assert read(words, ["none", "unknown"]) == ["none", None]
    countries = infer(["DE", "FR", "US", "ZA", "GB", "IT", "ES", "PT", "NL", "BE", "NA"])
    assert read(countries, ["NA"]) == ["NA"]
    target = infer(["a", "unknown", "?"], "class")
    assert read(target, ["unknown", "?"]) == ["unknown", None]


def test_a_marker_before_the_unit_of_the_column_is_no_value() -> None:
    values = [f"{n}.5 bhp" for n in range(40, 100)] + ["null bhp"] * 20 + ["N/A bhp"]
    found = infer(values)
    assert found.kind == "number"
    assert read(found, ["74 bhp", "null bhp", "N/A bhp"]) == [74.0, None, None]
    words = infer(["null bhp", "weak", "strong", "null island"] * 9)
    assert words.kind == "category"
    assert not any("null" in str(o.options) for o in words.operations)


def test_spellings_that_differ_in_case_are_one_value() -> None:
    values = ["Male"] * 5 + ["male", "MALE ", "Female", "Female."]
    found = infer(values)
    assert set(read(found, values)) == {"Male", "Female"}
    assert changed(found) == {"strip": 1, "case": 3}
    assert infer(["a", "A"] * 5).operations[-1].name != "case"


def test_targets() -> None:
    assert infer(["1", "2", "3"] * 10, "answer").kind == "category"
    assert infer([str(k) for k in range(30)], "answer").kind == "number"
    assert infer(["1.5", "2.5"] * 10, "answer").kind == "number"
    assert infer([0, 1] * 10, "answer").kind == "category"
    assert infer([0.0, 1.0] * 10, "answer").kind == "category"
    assert infer(["yes", "no"], "answer").kind == "category"
    assert infer([True, False], "class").kind == "category"
    assert infer([1, 2], "amount").kind == "number"
    assert infer(["2", "1"], "class").kind == "category"
    assert infer(["001", "002"], "name").kind == "category"


def test_wishes() -> None:
    assert infer(["1", "2"], wish=ColumnWish("category")).kind == "category"
    assert infer([1, 2], wish=ColumnWish("category")).kind == "category"
    spelt = infer(["JHB", "Durban"], wish=ColumnWish(None, (("JHB", "Johannesburg"),)))
    assert read(spelt, ["JHB", "Durban"]) == ["Johannesburg", "Durban"]
    days = infer([20240501, 20231231], wish=ColumnWish("date"))
    assert read(days, [20240501, 20240532]) == [1714521600 * 10**6, None]
    assert options(infer([1714521600, None], wish=ColumnWish("date")), "date") == {"epoch": "s"}
    sentinel = infer([1.0, -999.0], wish=ColumnWish("number", (("-999", ""),)))
    assert read(sentinel, [1.0, -999.0]) == [1.0, None]


def test_switching_off() -> None:
    values = ["?", " a ", "A"]
    off = frozenset({"missing", "strip", "case"})
    found = infer(values, off=off)
    assert [op.name for op in found.operations] == []
    assert read(found, values) == values
    assert infer(["1,200", "950"] * 10, off=frozenset({"thousands"})).kind == "category"
    assert infer(["1", "2"], off=frozenset({"number"})).kind == "category"
    assert infer(["yes", "no"], off=frozenset({"boolean"})).kind == "category"


@given(
    st.lists(
        st.one_of(
            st.none(), st.text(max_size=6), st.integers().map(str), st.sampled_from(["?", "1,2", "5%", "yes"])
        )
    )
)
def test_any_column_of_texts_can_be_inferred(values: list[str | None]) -> None:
    """Never a failure; and whatever was inferred reads every value but those it reported."""
    series = pl.Series("x", values, dtype=pl.String)
    found = infer_column(series)
    column = Column("x", found.kind, "input", True, found.operations)
    made, unread = typed_column(series, ColumnParser(spec_of(column)))
    assert len(made) == len(values)
    assert bool(unread.any()) == any(note.code == "clean.unreadable" for note in found.notes)
