"""Each operation of preprocessing, text by text."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.runtime.parse import OperationSpec
from modelwright.runtime.parse.column import build_operation
from modelwright.runtime.parse.date import MONTHS


def read(name: str, text: str, **options: Any) -> Any:
    return build_operation(OperationSpec(name, options))(text)


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("1248", {}, 1248.0),
        ("-1.5e3", {}, -1500.0),
        (".5", {}, 0.5),
        ("1,248", {}, None),
        ("1,248", {"thousands": ","}, 1248.0),
        ("12,34", {"thousands": ","}, None),
        ("1,23,456.5", {"thousands": ","}, 123456.5),
        ("0,500", {"thousands": ","}, None),
        ("0,500", {"decimal": ","}, 0.5),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("1.234", {"decimal": ",", "thousands": "."}, 1234.0),
        ("3.5", {"decimal": ",", "thousands": "."}, None),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1\u00a0234\u202f567", {"thousands": " "}, 1234567.0),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1,248 CC", {"thousands": ",", "units": {"cc": 1.0}}, 1248.0),
        ("12.5kg", {"units": {"kg": 1.0, "g": 0.001}}, 12.5),
        ("500 g", {"units": {"kg": 1.0, "g": 0.001}}, 0.5),
        ("5 lb", {"units": {"kg": 1.0}}, None),
        ("$1,200.50", {"currency": ["$"], "thousands": ","}, 1200.5),
        ("-$5", {"currency": ["$"]}, -5.0),
        ("US$ 5", {"currency": ["$", "US$"]}, 5.0),
        ("5 EUR", {"currency": ["EUR"]}, 5.0),
        ("12.5%", {"percent": True}, 12.5),
        ("12.5 %", {"percent": True}, 12.5),
        ("12%", {}, None),
        ("(1,200)", {"negatives": True, "thousands": ","}, -1200.0),
        ("5-", {"negatives": True}, -5.0),
        ("$(5)", {"negatives": True, "currency": ["$"]}, -5.0),
        ("−3", {}, -3.0),
        ("+-3", {}, None),
        ("--3", {}, None),
        ("1_000", {}, None),
        ("٣", {}, None),
        ("nan", {}, None),
        ("inf", {}, None),
        ("1e400", {}, None),
        ("", {}, None),
        ("0x10", {}, None),
    ],
)
def test_number(text: str, options: dict[str, Any], value: float | None) -> None:
    assert read("number", text, **options) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_reads_what_python_writes(value: float) -> None:
    made = read("number", repr(value))
    assert made == value
    assert math.copysign(1, made) == math.copysign(1, value)


@given(st.integers(-(10**12), 10**12), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]))
def test_number_undoes_grouping(value: int, form: tuple[str, str]) -> None:
    thousands, decimal = form
    text = f"{value:,}".replace(",", thousands) + decimal + "25"
    sign = -0.25 if value < 0 else 0.25
    assert read("number", text, thousands=thousands, decimal=decimal) == value + sign


@given(st.text())
def test_number_never_fails(text: str) -> None:
    options = {
        "decimal": ",", "thousands": ".", "currency": ["$", "EUR"], "percent": True, "units": {"kg": 2.0},
        "negatives": True,
    }  # fmt: skip
    made = read("number", text, **options)
    assert made is None or math.isfinite(made)


def micro(*parts: int) -> int:
    return int((datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("2024-05-01", {"formats": ["%Y-%m-%d"]}, micro(2024, 5, 1)),
        ("1969-12-31", {"formats": ["%Y-%m-%d"]}, -86_400_000_000),
        ("2024-02-30", {"formats": ["%Y-%m-%d"]}, None),
        ("01.05.2024 7:30", {"formats": ["%d.%m.%Y %H:%M"]}, micro(2024, 5, 1, 7, 30)),
        ("5/1/24", {"formats": ["%m/%d/%y"]}, micro(2024, 5, 1)),
        ("5/1/69", {"formats": ["%m/%d/%y"]}, micro(1969, 5, 1)),
        ("12:00 AM 1 May 2024", {"formats": ["%I:%M %p %d %b %Y"]}, micro(2024, 5, 1)),
        ("May 1, 2024", {"formats": ["%b %d, %Y"]}, micro(2024, 5, 1)),
        ("Sept 1, 2024", {"formats": ["%b %d, %Y"]}, micro(2024, 9, 1)),
        ("2024-05-01T12:00:00+02:00", {"formats": ["%Y-%m-%dT%H:%M:%S%z"]}, micro(2024, 5, 1, 10)),
        ("2024-05-01T12:00:00Z", {"formats": ["%Y-%m-%dT%H:%M:%S%z"]}, micro(2024, 5, 1, 12)),
        ("2024-05-01 12:00", {"formats": ["%Y-%m-%d %H:%M"], "zone": 120}, micro(2024, 5, 1, 10)),
        (
            "2024-05-01 12:00:00.123456789",
            {"formats": ["%Y-%m-%d %H:%M:%S.%f"]},
            micro(2024, 5, 1, 12, 0, 0, 123456),
        ),
        ("2024-05-01 24:00", {"formats": ["%Y-%m-%d %H:%M"]}, micro(2024, 5, 2)),
        ("20240501", {"formats": ["%Y%m%d"]}, micro(2024, 5, 1)),
        ("1714521600", {"epoch": "s"}, micro(2024, 5, 1)),
        ("1714521600000", {"epoch": "ms"}, micro(2024, 5, 1)),
        ("2024-05", {"formats": ["%Y-%m"]}, micro(2024, 5, 1)),
        ("soon", {"formats": ["%Y-%m-%d"]}, None),
        ("13/13/2024", {"formats": ["%m/%d/%Y", "%d/%m/%Y"]}, None),
        ("13/12/2024", {"formats": ["%m/%d/%Y", "%d/%m/%Y"]}, micro(2024, 12, 13)),
    ],
)
def test_date(text: str, options: dict[str, Any], value: int | None) -> None:
    assert read("date", text, **options) == value


@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ"]),
)
def test_date_reads_what_python_writes(moment: datetime, form: str) -> None:
    text = moment.strftime(form).rjust(len("2024-05-01 00:00:00.000000") + form.endswith("Z"), "0")
    text = (
        text if form.startswith("%d") else moment.isoformat(sep=form[8], timespec="microseconds") + form[20:]
    )
    if form.startswith("%d"):
        text = f"{moment.day:02}/{moment.month:02}/{moment.year:04} {moment:%H:%M:%S.%f}"
    expected = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    assert read("date", text, formats=[form.replace("Z", "%z")]) == expected


@given(st.text())
def test_date_never_fails(text: str) -> None:
    made = read("date", text, formats=["%Y-%m-%d", "%d %b %Y %I:%M %p", "%m/%d/%y"], epoch="s")
    assert made is None or -(2**63) < made < 2**63


def test_months_in_every_spelling() -> None:
    for number, month in enumerate(MONTHS, 1):
        for text in (month, month.upper(), month[:3].title()):
            assert read("date", f"1 {text} 2024", formats=["%d %b %Y"]) == micro(2024, number, 1)


def test_small_operations() -> None:
    assert read("strip", " \t a b\u00a0") == "a b"
    assert read("missing", " ? ", markers=["?"]) is None
    assert read("missing", "ok", markers=["?"]) == "ok"
    assert read("spellings", " JHB ", map={"JHB": "Johannesburg"}) == "Johannesburg"
    assert read("spellings", "Durban", map={"JHB": "Johannesburg"}) == "Durban"
    assert read("case", "new  YORK.", spellings={"new york": "New York"}) == "New York"
    assert read("case", "Boston", spellings={"new york": "New York"}) == "Boston"
    assert read("boolean", " YES ", true=["yes"], false=["no"]) == 1.0
    assert read("boolean", "perhaps", true=["yes"], false=["no"]) is None
    assert read("text", "Don't PANIC!  (42)") == "don't panic 42"
    assert read("text", "...") is None


def test_mask_hides_what_it_knows() -> None:
    text = "write to ann.lee@example.org or +27 82 555 0199, card 4111 1111 1111 1111"
    hidden = read("mask", text, how="mask", patterns=["email", "card", "phone"])
    assert hidden == "write to <email> or <phone>, card <card>"
    assert read("mask", "bjørn.hansen@yahoo.no", how="mask", patterns=["email"]) == "<email>"
    hashed = read("mask", "ann@example.org", how="hash", patterns=["email"])
    assert hashed == read("mask", "ann@example.org", how="hash", patterns=["email"])
    assert "ann" not in hashed
    # Not a card: the check digit is wrong.
    assert read("mask", "4111 1111 1111 1112", how="mask", patterns=["card"]) == "4111 1111 1111 1112"


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("Don't  WIN £1,000!!", {}, "don't win 1 000"),
        ("Don't  WIN £1,000!!", {"marks": True}, "don't win £ 1 , 000 ! !"),
        ("...", {}, None),
        ("...", {"marks": True}, ". . ."),
        ("a\u200b\ufeffb\x00c\u00a0d", {"marks": True}, "a b c d"),
        (" \t\n\u3000", {"marks": True}, None),
    ],
)
def test_text(text: str, options: dict[str, Any], value: str | None) -> None:
    assert read("text", text, **options) == value
