"""The polars front end gives, bit for bit, what the runtime's parser gives."""

from __future__ import annotations

import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.core.records.data import ROW, CleanOperation, Column
from modelwright.data.clean.apply import preprocess_of, spec_of, typed
from modelwright.runtime.parse import apply_column
from modelwright.runtime.signature import NULL_TIME


def column(kind: Any, **operations: dict[str, Any]) -> Column:
    made = tuple(CleanOperation(name, options, "") for name, options in operations.items())
    return Column("x", kind, "input", True, made)


_MARKERS = {"markers": ["", "?", "NA"]}
_COLUMNS = {
    "plain number": column("number", strip={}, missing=_MARKERS, number={}),
    "grouped number": column(
        "number", strip={}, missing=_MARKERS, number={"thousands": ",", "percent": True}
    ),
    "comma number": column("number", strip={}, number={"decimal": ",", "thousands": "."}),
    "number with numeric marker": column("number", missing={"markers": ["-999"]}, number={}),
    "bare number": column("number"),
    "category": column("category", strip={}, missing=_MARKERS, case={"spellings": {"a": "A"}}),
    "text": column("text", text={}),
    "boolean": column("boolean", strip={}, boolean={"true": ["yes"], "false": ["no"]}),
    "date": column("date", strip={}, date={"formats": ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]}),
}
_NUMBER_LIKE = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.from_regex(r"[ \t\x1c]?[+\-−]?[0-9]{0,25}[.,]?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?[ %]?", fullmatch=True),
    st.sampled_from(
        ["inf", "-Infinity", "nan", "NaN", "1e400", "-0", "1_0", "0x1", "1.", ".", "-999", "?", "1d"]
    ),
)
_TEXTS = st.lists(
    st.one_of(_NUMBER_LIKE, st.text(max_size=8), st.none(), st.sampled_from(["yes", "NO", "a", "A."]))
)


def bits(values: list[Any]) -> list[Any]:
    return [struct.pack("<d", value) if isinstance(value, float) else value for value in values]


def by_runtime(one: Column, values: list[Any]) -> list[Any]:
    made = apply_column(spec_of(one), values).tolist()
    return [None if value != value or value == NULL_TIME else value for value in made]


@pytest.mark.parametrize("name", sorted(_COLUMNS))
@given(values=_TEXTS)
def test_text_columns_are_bit_identical(name: str, values: list[str | None]) -> None:
    one = _COLUMNS[name]
    frame = pl.DataFrame(
        {"x": pl.Series(values, dtype=pl.String), ROW: pl.Series(range(len(values)), dtype=pl.Int64)}
    )
    made = typed(frame, [one])
    assert made.columns == [ROW, "x"]
    assert bits(made["x"].to_list()) == bits(by_runtime(one, list(values)))


@pytest.mark.parametrize("name", sorted(_COLUMNS))
@given(values=st.lists(st.one_of(st.none(), st.floats())))
def test_number_columns_are_bit_identical(name: str, values: list[float | None]) -> None:
    one = _COLUMNS[name]
    made = typed(pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}), [one])
    assert bits(made["x"].to_list()) == bits(by_runtime(one, list(values)))


@pytest.mark.parametrize("name", sorted(_COLUMNS))
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@settings(max_examples=25)
@given(values=st.lists(st.one_of(st.none(), st.integers(-(10**15), 10**15))))
def test_moments_are_bit_identical(name: str, unit: Any, values: list[int | None]) -> None:
    one = _COLUMNS[name]
    for zone in (None, "UTC"):
        scaled = pl.Series(
            "x", [None if v is None else v // 1000 if unit == "ms" else v for v in values], dtype=pl.Int64
        )
        series = scaled.cast(pl.Datetime(unit, zone))
        made = typed(pl.DataFrame([series]), [one])
        assert bits(made["x"].to_list()) == bits(by_runtime(one, series.to_list()))


def test_types_of_every_kind() -> None:
    frame = pl.DataFrame({"x": ["1", None]})
    for one in _COLUMNS.values():
        expected = {"category": pl.String, "text": pl.String, "date": pl.Int64}.get(one.kind, pl.Float64)
        assert typed(frame, [one])["x"].dtype == expected
        assert typed(pl.DataFrame({"x": [None, None]}), [one])["x"].dtype == expected
        assert typed(frame.clear(), [one])["x"].dtype == expected


def test_categorical_and_boolean_sources() -> None:
    frame = pl.DataFrame({"x": pl.Series(["a", "b", None], dtype=pl.Categorical)})
    assert typed(frame, [_COLUMNS["category"]])["x"].to_list() == ["A", "b", None]
    flags = pl.DataFrame({"x": [True, False, None]})
    assert typed(flags, [_COLUMNS["boolean"]])["x"].to_list() == [1.0, 0.0, None]
    assert typed(flags, [_COLUMNS["bare number"]])["x"].to_list() == [1.0, 0.0, None]


def test_preprocess_of_columns() -> None:
    preprocess = preprocess_of([_COLUMNS["boolean"]])
    assert preprocess.to_json()["columns"][0]["operations"][1]["name"] == "boolean"
