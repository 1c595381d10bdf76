"""A column's parser: raw values of every type to typed arrays, counted."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadBundle
from modelwright.runtime.parse import ColumnSpec, OperationSpec, Preprocess, apply_column, apply_counted
from modelwright.runtime.parse.column import OPERATIONS
from modelwright.runtime.signature import NULL_TIME


def spec(kind: Any, **operations: dict[str, Any]) -> ColumnSpec:
    return ColumnSpec("x", kind, "input", tuple(OperationSpec(name, o) for name, o in operations.items()))


def test_numbers() -> None:
    values = [
        " 1 ",
        "1,5",
        "2",
        3,
        4.5,
        True,
        None,
        float("nan"),
        float("inf"),
        "",
        "?",
        Decimal("2.5"),
        10**400,
    ]
    made, counts = apply_counted(spec("number", strip={}, missing={"markers": ["?"]}, number={}), values)
    assert made.dtype == np.float64
    np.testing.assert_array_equal(made, [1, np.nan, 2, 3, 4.5, 1] + [np.nan] * 5 + [2.5, np.nan])
    assert (counts.rows, counts.missing, counts.unread) == (13, 7, 2)


def test_a_marker_that_is_a_number_holds_for_numbers_too() -> None:
    column = spec("number", missing={"markers": ["-999"]}, number={})
    np.testing.assert_array_equal(
        apply_column(column, [-999, -999.0, "-999", 1]), [np.nan, np.nan, np.nan, 1]
    )
    np.testing.assert_array_equal(apply_column(column, np.array([-999.0, 1.0])), [np.nan, 1])


def test_a_decimal_comma_does_not_touch_numbers() -> None:
    column = spec("number", number={"decimal": ",", "thousands": "."})
    np.testing.assert_array_equal(apply_column(column, [1.234, "1.234", "1,5"]), [1.234, 1234.0, 1.5])


def test_categories_are_written_canonically() -> None:
    values = [
        3,
        3.0,
        2.5,
        True,
        "a",
        None,
        float("nan"),
        np.float64(7),
        np.str_("s"),
        date(2024, 5, 1),
        b"bytes",
    ]
    made = apply_column(spec("category"), values)
    assert made.dtype == object
    assert made.tolist() == ["3", "3", "2.5", "true", "a", None, None, "7", "s", "2024-05-01", "bytes"]


def test_booleans() -> None:
    column = spec("boolean", boolean={"true": ["yes"], "false": ["no"]})
    made, counts = apply_counted(column, ["Yes", "no", True, 0, 2, "perhaps", None])
    np.testing.assert_array_equal(made, [1, 0, 1, 0, np.nan, np.nan, np.nan])
    assert counts.unread == 2


def test_dates() -> None:
    column = spec("date", date={"formats": ["%Y-%m-%d"], "zone": 60})
    day = 86_400_000_000
    values = [
        "1970-01-02", date(1970, 1, 2), datetime(1970, 1, 2, tzinfo=UTC),
        datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        np.datetime64("1970-01-02T00:00:00.000000001"), np.datetime64("NaT"), "never", None,
    ]  # fmt: skip
    made, counts = apply_counted(column, values)
    hour = day // 24
    assert made.dtype == np.int64
    assert made.tolist() == [day - hour, day - hour, day, day - 2 * hour, day - hour] + [NULL_TIME] * 3
    assert (counts.missing, counts.unread) == (3, 1)
    epoch = spec("date", date={"epoch": "s"})
    assert apply_column(epoch, [60, 60.5, "60", 10**400, float("inf")]).tolist() == [
        60_000_000, 60_500_000, 60_000_000, NULL_TIME, NULL_TIME,
    ]  # fmt: skip
    nanoseconds = np.array(["1970-01-02", "NaT"], dtype="datetime64[ns]")
    assert apply_column(spec("date"), nanoseconds).tolist() == [day, NULL_TIME]


def test_pandas_values() -> None:
    pandas = pytest.importorskip("pandas")
    values = [pandas.NA, pandas.NaT, pandas.Timestamp("1970-01-02", tz="UTC")]
    assert apply_column(spec("date"), values).tolist() == [NULL_TIME, NULL_TIME, 86_400_000_000]
    assert apply_column(spec("category"), [pandas.NA, "a"]).tolist() == [None, "a"]


def test_json_both_ways() -> None:
    columns = (
        spec("number", strip={}, missing={"markers": ["?"]}, number={"units": {"cc": 1.0}}),
        ColumnSpec("y", "category", "key"),
    )
    preprocess = Preprocess(columns)
    again = Preprocess.from_json(json.loads(json.dumps(preprocess.to_json())))
    assert again == preprocess
    made, _ = again.apply("x", ["5 CC", "?"])
    np.testing.assert_array_equal(made, [5.0, np.nan])


def one_operation(name: str) -> dict[str, Any]:
    column = {"name": "x", "kind": "number", "operations": [{"name": name, "options": {}}]}
    return {"version": 1, "columns": [column]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"version": 99, "columns": []}, "bundle.version"),
        ({"version": 1}, "bundle.preprocess"),
        (one_operation("eval"), "bundle.operation"),
        (one_operation("missing"), "bundle.preprocess"),
    ],
)
def test_a_damaged_file_is_refused(data: dict[str, Any], code: str) -> None:
    with pytest.raises(BadBundle) as caught:
        Preprocess.from_json(data)
    assert caught.value.code == code


_ANY = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.datetimes(), st.dates(), st.binary()
)
_FULL: dict[str, dict[str, Any]] = {
    "number": {
        "strip": {},
        "missing": {"markers": ["?", "-9"]},
        "number": {"thousands": ",", "percent": True},
    },
    "boolean": {"strip": {}, "boolean": {"true": ["yes", "1"], "false": ["no", "0"]}},
    "category": {"strip": {}, "missing": {"markers": ["", "?"]}, "case": {"spellings": {"a": "A"}}},
    "text": {"missing": {"markers": [""]}, "text": {}},
    "date": {"strip": {}, "date": {"formats": ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"], "epoch": "s"}},
}


@given(st.lists(_ANY, max_size=20), st.sampled_from(sorted(_FULL)), st.randoms(use_true_random=False))
def test_cleaning_a_sample_is_sampling_the_cleaned(values: list[Any], kind: str, random: Any) -> None:
    """And no value whatever can make it fail."""
    column = spec(kind, **_FULL[kind])
    whole = apply_column(column, values)
    places = [k for k in range(len(values)) if random.random() < 0.5]
    part = apply_column(column, [values[k] for k in places])
    assert len(whole) == len(values)
    assert part.dtype == whole.dtype
    np.testing.assert_array_equal(part, whole[places])


def test_every_operation_can_be_built() -> None:
    assert set(OPERATIONS) >= {name for operations in _FULL.values() for name in operations}


def test_it_needs_numpy_alone() -> None:
    code = (
        "import sys; import modelwright.runtime.parse; "
        "print([m for m in ('polars', 'pandas', 'scipy', 'sklearn', 'onnx', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
