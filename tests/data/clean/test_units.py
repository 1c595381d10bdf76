"""Units, ranges and mixed types: numbers that are written with more than digits, brought to one unit."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.book import Book
from modelwright.core.records.data import Cleaned, Column
from modelwright.core.records.evidence import Finding
from modelwright.data.clean.apply import preprocess_of, spec_of, typed_column
from modelwright.data.clean.infer import units
from modelwright.data.clean.infer.column import Inferred, infer_column
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import CleanSection, ColumnWish, ProblemSection, RolesSection, SourceSection
from modelwright.runtime.parse import ColumnParser


def found(name: str, values: list[Any], **more: Any) -> Inferred:
    return infer_column(pl.Series(name, values), **more)


def read(made: Inferred, values: list[Any]) -> list[Any]:
    column = Column("x", made.kind, "input", True, made.operations)
    return typed_column(pl.Series("x", values), ColumnParser(spec_of(column)))[0].to_list()


def codes(made: Inferred) -> list[str]:
    return [note.code for note in made.notes]


HOUSES = [str(900 + k) for k in range(40)]

SEVERAL = [
    ("weight", ["70 kg", "65.5 kg", "154 lbs", "80 kg"], "kg", [70, 65.5, 154 * 0.45359237, 80]),
    ("storage", ["256GB", "1TB", "512 GB"], "gb", [256, 1000, 512]),
    ("temp", ["20 °C", "68 °F", "25 °C"], "°c", [20, 20, 25]),
    ("run", ["5 km", "800 m", "10 km", "5 mi"], "km", [5, 0.8, 10, 8.04672]),
    ("stay", ["2h 30m", "45m", "1h"], "h", [2.5, 0.75, 1]),
    ("height", ["5'6\"", "6'0\"", "5'3\""], "'", [5.5, 6, 5.25]),
    ("tall", ["5 ft 6 in", "6 ft", "30.48 cm"], "ft", [5.5, 6, 1]),
    ("power", ["100 kW", "1 MW", "250 kW"], "kw", [100, 1000, 250]),
    ("sales", ["950", "1.2k", "3.4M", "640", "870", "710"], "", [950, 1200, 3.4e6, 640, 870, 710]),
    ("price", ["5.5 Lakh", "1.2 Crore", "95,000"], "", [550000, 12e6, 95000]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "unit", "typed"), SEVERAL, ids=[s[0] for s in SEVERAL])
def test_several_units_become_one(name: str, values: list[str], unit: str, typed: list[float]) -> None:
    made = found(name, values)
    assert made.kind == "number"
    assert made.unit == unit
    assert read(made, values) == pytest.approx(typed)
    assert codes(made) == ["clean.units"]


def test_plain_numbers_are_in_the_unit_that_the_name_says() -> None:
    values = [*HOUSES, "34.46Sq. Meter", "4.5Acres", "100Sq. Yards", "1133 - 1384"]
    made = found("total_sqft", values)
    assert read(made, values)[-4:] == pytest.approx([34.46 * 10.7639104167, 196020, 900, 1258.5])
    assert codes(made) == ["clean.units"]
    # Without a name that says so it is told that the unit was taken by the size of the numbers.
    assert codes(found("area", values)) == ["clean.units", "clean.unit-assumed"]


def test_ranges_are_read_as_their_middle_in_columns_of_numbers_only() -> None:
    values = [*HOUSES, "1133 - 1384", "10 to 12", "1,000–2,000"]
    made = found("size", values)
    assert read(made, values)[-3:] == [1258.5, 11, 1500]
    assert found("size", values, off=frozenset({"ranges"})).kind == "category"
    assert found("age", ["18-29", "30-44", "45-60"] * 9).kind == "category"
    assert read(found("age", ["18-29"], wish=ColumnWish("number")), ["18-29", "29-18"]) == [23.5, None]


def test_units_of_different_things_are_told_and_left() -> None:
    values = ["23.4 kmpl", "17.5 kmpl", "26.6 km/kg"] * 9
    made = found("mileage", values)
    assert made.kind == "category"
    assert codes(made) == ["clean.units-apart"]
    assert '{"km/kg": 1.0}' in made.notes[0].remedy
    wish = ColumnWish("number", units=(("km/kg", 1.4),))
    assert read(found("mileage", values, wish=wish), values)[:3] == pytest.approx([23.4, 17.5, 37.24])


@pytest.mark.parametrize(
    "values",
    [["2 BHK", "4 Bedroom", "1 RK"], ["10 a", "7 b"], ["5 stars", "4 stars!"], ["size 5", "size 6"]],
)
def test_what_is_no_unit_stays_a_category(values: list[str]) -> None:
    made = found("x", values * 9)
    assert made.kind == "category"
    assert not made.notes


def test_mixed_types_are_told() -> None:
    values = [str(k) for k in range(20, 60)] + ["not told"] * 9
    made = found("age", values)
    assert made.kind == "category"
    assert codes(made) == ["clean.mixed-types"]
    assert '{"not told": ""}' in made.notes[0].remedy
    tickets = [str(113000 + k) for k in range(60)] + [f"A/5 {k}" for k in range(40)]
    assert not found("ticket", tickets).notes


def test_the_goal_limits_numbers() -> None:
    wish = ColumnWish(least=0, most=120)
    texts = ["30", "-1", "400", "120", "0"] * 9
    assert read(found("age", texts, wish=wish), texts)[:5] == [30, None, None, 120, 0]
    numbers = [30.0, -1.0, 400.0, None, 0.0]
    made = found("age", numbers, wish=wish)
    assert read(made, numbers) == [30, None, None, None, 0]
    parser = ColumnParser(spec_of(Column("x", "number", "input", True, made.operations)))
    assert parser.column(numbers)[1].unread == 2


@given(st.sampled_from(sorted(units.KNOWN)), st.sampled_from(sorted(units.KNOWN)))
def test_there_and_back(one: str, other: str) -> None:
    for measures in units.meanings(one).keys() & units.meanings(other).keys():
        there, back = units.to(one, other, measures), units.to(other, one, measures)
        a, b = there if isinstance(there, list) else (there, 0.0)
        c, d = back if isinstance(back, list) else (back, 0.0)
        assert c * (a * 37.0 + b) + d == pytest.approx(37.0)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("weight_kg", "kg"), ("Height (cm)", "cm"), ("total_sqft", "sqft"), ("priceUSD", ""), ("km", ""),
     ("team", ""),
     ("area_sq_ft", "sq ft"), ("class_a", ""), ("net_income_mn", "")],
)  # fmt: skip
def test_units_in_names(name: str, unit: str) -> None:
    assert units.named_in(name) == unit


def run(frame: dict[str, list[Any]], **section: Any) -> tuple[Cleaned, list[Finding]]:
    book = Book()
    collected = collect(SourceSection("frame"), Book(), pl.DataFrame(frame))
    made = clean(CleanSection(**section), RolesSection(), ProblemSection("t"), collected, book)
    return made, [item for item in book.items if isinstance(item, Finding)]


def test_prediction_reads_the_same_units() -> None:
    made, findings = run({"weight": ["70 kg", "154 lb", "80 kg", "1 st"] * 9})
    assert "clean.units" in [f.code for f in findings]
    values, counts = preprocess_of(made.columns).apply("weight", ["100 lb", "50kg", "12 - 14 kg", "3 km"])
    assert values[:2] == pytest.approx([45.359237, 50])
    assert counts.unread == 2


AGES = [float(20 + k % 50) for k in range(200)]


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("age", [*AGES, -3.0, 212.0], "clean.impossible"),
        ("latitude", [*AGES, 200.0], "clean.impossible"),
        ("order_quantity", [*AGES, -5.0], "clean.impossible"),
        ("income", [*AGES, 99999.0, 99999.0], "clean.sentinel"),
        (
            "birth_date",
            [f"19{50 + k % 49}-03-0{1 + k % 9}" for k in range(200)] + ["2190-01-01"],
            "clean.future-date",
        ),
        ("joined", [f"2019-03-0{1 + k % 9}" for k in range(90)] * 2 + ["1900-01-01"] * 3, None),
        (
            "joined",
            [f"20{10 + k % 9}-0{1 + k % 7}-0{1 + k % 9}" for k in range(90)] + ["1900-01-01"] * 3,
            "clean.sentinel",
        ),
    ],
)
def test_what_cannot_be_is_told(name: str, values: list[Any], code: str | None) -> None:
    made, findings = run({name: values})
    assert [f.code for f in findings if f.code not in ("clean.duplicates", "clean.personal-found")] == (
        [code] if code else []
    )
    assert made.table.get()[name].null_count() == 0, "nothing is changed by itself"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age_of_house", [*AGES, 130.0, 140.0]),
        ("temperature", [*AGES, -5.0]),
        ("height_zscore", [float(k % 7 - 3) for k in range(200)]),
        ("price_change", [*AGES, -5.0]),
        ("due_date", [f"2019-03-0{1 + k % 9}" for k in range(90)] * 2 + ["2190-01-01"]),
        ("page", [*AGES, -3.0]),
        ("weight", [-1.0 * a for a in AGES]),
    ],
)
def test_what_can_be_is_not(name: str, values: list[Any]) -> None:
    assert not [f for f in run({name: values})[1] if f.code != "clean.duplicates"]
