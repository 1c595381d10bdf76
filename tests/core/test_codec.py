from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.codec import blobs, canonical, decode, encode
from modelwright.core.records import verdict
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import CleanOperation, Collected, Column, SourceFacts
from modelwright.core.records.evidence import Estimate, Figure, Finding, Metric, Series, Table
from modelwright.core.records.models import FitRow, Member, Trained
from modelwright.core.records.verdict import CriterionResult, Released

TEXTS = st.text(max_size=12)
FLOATS = st.floats(width=64)
BLOBS = st.builds(
    Blob,
    st.sampled_from(["table", "arrays", "json", "bytes", "text"]),
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.integers(0, 2**60),
)
CONFIGS = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS, max_size=4)
ESTIMATES = st.builds(Estimate, FLOATS, FLOATS, FLOATS, st.integers(0, 10**12), FLOATS, TEXTS)
METRICS = st.builds(Metric, TEXTS, ESTIMATES, TEXTS, TEXTS, TEXTS)
FINDINGS = st.builds(
    Finding, TEXTS, st.sampled_from(["note", "warning", "blocker"]), TEXTS, TEXTS, st.none() | TEXTS,
    st.dictionaries(TEXTS, FLOATS, max_size=3), st.none() | TEXTS,
)  # fmt: skip
OPERATIONS = st.builds(CleanOperation, TEXTS, CONFIGS, TEXTS, st.integers(0, 10**9))
ROLES = st.sampled_from(["input", "target", "ignored"])
VERDICTS = st.sampled_from(["met", "not met", "unproven"])
SERIES = st.builds(Series, TEXTS, st.lists(TEXTS).map(tuple), st.lists(FLOATS).map(tuple))
COLUMNS = st.builds(
    Column, TEXTS, st.sampled_from(["number", "boolean", "category", "date", "text"]),
    ROLES, st.booleans(), st.lists(OPERATIONS, max_size=2).map(tuple),
)  # fmt: skip
FIT_ROWS = st.builds(FitRow, TEXTS, TEXTS, st.booleans(), TEXTS, CONFIGS, FLOATS, FLOATS, FLOATS, FLOATS)
MEMBERS = st.builds(Member, TEXTS, TEXTS, BLOBS, FLOATS, CONFIGS, st.lists(TEXTS, max_size=3).map(tuple))
TRAINED = st.builds(
    Trained, st.lists(FIT_ROWS, max_size=2).map(tuple), st.lists(MEMBERS, max_size=2).map(tuple), MEMBERS,
    st.just(()), BLOBS, TEXTS, FLOATS, st.integers(0, 100), FLOATS, st.sampled_from(["trials", "time"]),
)  # fmt: skip
SOURCES = st.builds(SourceFacts, TEXTS, TEXTS, st.integers(), st.integers(), st.integers(), TEXTS)
COLLECTED = st.builds(
    Collected, BLOBS, st.integers(), st.lists(TEXTS, max_size=3).map(tuple),
    st.lists(SOURCES, max_size=2).map(tuple), TEXTS, st.integers(), st.none() | BLOBS,
)  # fmt: skip
CRITERIA = st.builds(
    CriterionResult, TEXTS, FLOATS, FLOATS, FLOATS, st.integers(),
    VERDICTS, TEXTS, st.none() | st.integers(), st.none() | st.booleans(),
)  # fmt: skip
TESTED = st.builds(
    verdict.Tested, st.lists(CRITERIA, max_size=2).map(tuple), st.lists(METRICS, max_size=2).map(tuple),
    st.integers(1, 9), FLOATS, st.integers(),
)  # fmt: skip
FIGURES = st.builds(
    Figure, TEXTS, TEXTS, st.sampled_from(["line", "bar", "matrix"]), TEXTS, TEXTS,
    st.lists(SERIES, max_size=2).map(tuple),
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equal, where NaN equals NaN and blobs are equal by digest."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)


@given(st.one_of(METRICS, FINDINGS, COLUMNS, TRAINED, COLLECTED, TESTED, FIGURES))
def test_records_survive_json(record: Any) -> None:
    """Through real JSON text that knows neither NaN nor infinity, and with the same bytes again."""
    text = json.dumps(encode(record), allow_nan=False)
    back = decode(type(record), json.loads(text))
    assert same(back, record)
    assert canonical(back) == canonical(record)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7e308])
def test_odd_floats(value: float) -> None:
    back = decode(Estimate, json.loads(json.dumps(encode(Estimate(value, 0.0, 1.0, 3)), allow_nan=False)))
    assert same(back.value, value)
    assert math.copysign(1, back.value) == math.copysign(1, value) or math.isnan(value)


@pytest.mark.parametrize(
    "value", [np.float64("nan"), np.float64("inf"), np.float64("-inf"), np.float64(0.25)]
)
def test_floats_of_numpy_are_floats(value: np.float64) -> None:
    back = decode(Estimate, json.loads(json.dumps(encode(Estimate(value, 0.0, 1.0, 3)), allow_nan=False)))
    assert same(back.value, float(value))


def test_what_json_cannot_say_is_refused() -> None:
    for value in (np.int64(3), np.float32(0.5), {1, 2}, object(), b"x", 1j):
        with pytest.raises(TypeError, match="not something a record can hold"):
            encode(value)


def test_unions_take_the_kind_that_fits() -> None:
    cells: tuple[tuple[str | float | int | None, ...], ...] = (("a", 1, 1.0, None, -2, 0.5, ""),)
    table = Table("t", "T", ("a",) * 7, cells)
    back = decode(Table, json.loads(json.dumps(encode(table))))
    assert [type(v) for v in back.rows[0]] == [str, int, float, type(None), int, float, str]
    assert back == table


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Finding, {"code": "a", "severity": "fatal", "message": "m", "remedy": "r"}),
        (Finding, {"code": "a"}),
        (Finding, {"code": 3, "severity": "note", "message": "m", "remedy": "r"}),
        (Finding, "text"),
        (Finding, 7),
        (Finding, None),
        (Released, {"verdict": "met", "released": "yes"}),
        (Member, {"name": "a", "family": "b", "graph": {"$blob": "bytes"}, "weight": 1.0}),
    ],
)
def test_data_that_does_not_fit_is_refused(kind: type, data: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        decode(kind, data)


def test_fields_from_the_future_are_left_alone() -> None:
    data = encode(Finding("a", "note", "m", "r")) | {"colour": "red"}
    assert decode(Finding, data) == Finding("a", "note", "m", "r")


def test_canonical_ignores_the_order_of_keys_and_nothing_else() -> None:
    assert canonical({"b": 1, "a": [1, 2]}) == canonical({"a": (1, 2), "b": 1}) == b'{"a":[1,2],"b":1}'
    assert canonical([1, 2]) != canonical([2, 1])
    assert canonical("é") == '"é"'.encode()


def test_blobs_are_found_wherever_they_are() -> None:
    a, b, c = (Blob("bytes", x * 64, 1) for x in "abc")
    member = Member("m", "f", a, 1.0)
    assert blobs({"x": [member, (b,)], "y": {"z": c}, "n": None}) == [a, b, c]
