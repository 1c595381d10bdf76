"""One entry, one line, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.live.entries import Entry, Failure, Feedback, Prediction
from modelwright.live.log.lines import ID, decode_line, encode_line, inputs_text, parse
from modelwright.live.log.tables import prediction_of, row_of

# Every character there is, halves of surrogate pairs included; but a half before a half would be read as one
# character, in JSON as in UTF-16.
CHARACTERS = st.characters() | st.sampled_from('\x00\ud83d\u2028\u0085\n"\\')
TEXT = st.text(CHARACTERS, max_size=30)
IDS = st.text(CHARACTERS, min_size=1, max_size=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
SCALARS = st.none() | st.booleans() | st.integers() | FINITE | TEXT
ANSWERS = TEXT | FINITE

PREDICTIONS = st.builds(
    Prediction,
    id=IDS,
    at=WHOLE,
    version=IDS,
    role=st.sampled_from(["champion", "canary", "shadow"]),
    inputs=st.dictionaries(TEXT, SCALARS, max_size=6),
    prediction=ANSWERS,
    probabilities=st.none() | st.lists(FINITE, max_size=5).map(tuple),
    low=st.none() | FINITE,
    high=st.none() | FINITE,
    abstained=st.booleans(),
    warnings=st.lists(TEXT, max_size=3).map(tuple),
    micros=WHOLE,
    key=TEXT,
    request=TEXT,
)
FEEDBACK = st.builds(Feedback, prediction=IDS, at=WHOLE, outcome=ANSWERS, key=TEXT)
FAILURES = st.builds(
    Failure,
    at=WHOLE,
    status=st.integers(400, 599),
    code=IDS,
    micros=WHOLE,
    details=st.dictionaries(TEXT, WHOLE, max_size=3),
)


@given(PREDICTIONS | FEEDBACK | FAILURES)
def test_round_trip(entry: Entry) -> None:
    line = encode_line(entry)
    assert line.isascii()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_line(line) == entry


@given(PREDICTIONS)
def test_every_beginning_of_a_line_is_torn(entry: Prediction) -> None:
    line = encode_line(entry)
    for end in {0, 1, len(line) // 3, len(line) // 2, len(line) - 2}:
        with pytest.raises(ValueError, match=r"."):
            decode_line(line[:end])


@given(PREDICTIONS)
def test_inputs_are_cut_off_as_they_stand(entry: Prediction) -> None:
    line = encode_line(entry)
    assert json.loads(inputs_text(line, parse(line))) == json.loads(line)["inputs"]


@given(st.binary(max_size=200) | TEXT.map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_what_is_no_line_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_line(data)


@given(st.dictionaries(st.sampled_from(sorted(Prediction.__dataclass_fields__)), SCALARS | st.lists(SCALARS)))
def test_wrong_types_are_told(fields: dict[str, Any]) -> None:
    good = json.loads(encode_line(Prediction("i", 1, "v1", "champion", {}, "a")))
    line = json.dumps({**good, **fields}).encode()
    try:
        made = decode_line(line)
    except ValueError:
        return
    assert isinstance(made, Prediction)
    row = row_of(line, parse(line))
    assert isinstance(prediction_of((1, 1, *row)), Prediction)


def test_what_is_not_a_number_becomes_null(prediction: Callable[..., Prediction]) -> None:
    entry = prediction(
        inputs={"a": math.nan, "b": math.inf, "c": 1.5},
        prediction=math.nan,
        probabilities=(math.nan, 0.5),
        low=-math.inf,
        high=3.0,
    )
    line = encode_line(entry)
    assert b"NaN" not in line
    assert b"Inf" not in line
    made = decode_line(line)
    assert isinstance(made, Prediction)
    assert made.inputs == {"a": None, "b": None, "c": 1.5}
    assert isinstance(made.prediction, float)
    assert math.isnan(made.prediction)
    assert made.probabilities is not None
    assert math.isnan(made.probabilities[0])
    assert made.probabilities[1] == 0.5
    assert (made.low, made.high) == (None, 3.0)


def test_scalars_of_numpy_are_numbers(prediction: Callable[..., Prediction]) -> None:
    plain = prediction(prediction=2.5, probabilities=(0.5,), at=7, micros=3, inputs={"a": 1, "b": 0.5})
    odd = replace(
        plain,
        prediction=np.float32(2.5),  # type: ignore[arg-type]
        probabilities=(np.float32(0.5),),  # type: ignore[arg-type]
        at=np.int64(7),  # type: ignore[arg-type]
        micros=np.int64(3),  # type: ignore[arg-type]
        inputs={"a": np.int64(1), "b": np.float64(0.5)},
    )
    assert decode_line(encode_line(odd)) == plain
    assert decode_line(encode_line(replace(plain, probabilities=(np.float64(0.5),)))) == plain


def test_huge_values(prediction: Callable[..., Prediction]) -> None:
    entry = prediction(inputs={"text": "é" * 5_000_000, "number": 10**300})
    assert decode_line(encode_line(entry)) == entry
    # JSON can write it, and Python refuses to.
    assert decode_line(encode_line(prediction(inputs={"n": 10**5000}))) == prediction(inputs={"n": None})


def test_an_id_that_no_index_takes_is_no_entry(prediction: Callable[..., Prediction]) -> None:
    assert decode_line(encode_line(prediction("i" * ID, request="")))
    with pytest.raises(ValueError, match="id is no id"):
        decode_line(encode_line(prediction("i" * (ID + 1), request="")))
