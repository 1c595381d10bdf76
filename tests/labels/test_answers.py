"""Answers: what is one, what is none, and when two are the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadInput
from modelwright.labels import answers
from modelwright.testing.labelled import classes

ONE = classes("a", "b")
MANY = replace(ONE, task="multiple")
RATE = replace(ONE, task="rating", low=1, high=5)
SPANS = replace(ONE, task="spans")
BOXES = replace(ONE, task="boxes", item="image")


def box(x: float, y: float, w: float, h: float, label: str = "a") -> dict[str, Any]:
    return {"x": x, "y": y, "width": w, "height": h, "label": label}


@pytest.mark.parametrize(
    ("project", "given", "kept"),
    [
        (ONE, "a", "a"),
        (MANY, ["b", "a", "b"], ["a", "b"]),
        (MANY, [], []),
        (RATE, "3", 3),
        (RATE, 5.0, 5),
        (SPANS, [{"start": 2, "end": 4, "label": "a"}, {"start": 0, "end": 1, "label": "b"}],
         [{"start": 0, "end": 1, "label": "b"}, {"start": 2, "end": 4, "label": "a"}]),
        (BOXES, [box(1, 2, 3.456, 4)], [box(1.0, 2.0, 3.46, 4.0)]),
    ],
)  # fmt: skip
def test_answers_have_one_form(project: Any, given: Any, kept: Any) -> None:
    assert answers.checked(project, given, length=10) == kept


@pytest.mark.parametrize(
    ("project", "given"),
    [
        (ONE, "c"), (ONE, None), (ONE, ["a"]), (MANY, "a"), (MANY, ["c"]), (RATE, 6), (RATE, True),
        (SPANS, [{"start": 3, "end": 3, "label": "a"}]), (SPANS, [{"start": 0, "end": 11, "label": "a"}]),
        (SPANS, [{"start": 0, "end": 1, "label": "c"}]), (SPANS, [{"start": 0, "end": 1}]), (SPANS, {}),
        (BOXES, [box(0, 0, 0, 1)]), (BOXES, [box(-1, 0, 1, 1)]), (BOXES, [box(float("nan"), 0, 1, 1)]),
        (BOXES, [box(0, 0, 1, 1)] * 401),
    ],
)  # fmt: skip
def test_what_is_no_answer(project: Any, given: Any) -> None:
    with pytest.raises(BadInput, match="no answer to the question"):
        answers.checked(project, given, length=10)


def test_boxes_are_the_same_where_they_cover_each_other_by_half() -> None:
    first = [box(0, 0, 10, 10), box(50, 50, 10, 10, "b")]
    assert answers.same(BOXES, first, [box(51, 51, 10, 10, "b"), box(1, 0, 10, 10)])
    assert not answers.same(BOXES, first, [box(56, 50, 10, 10, "b"), box(1, 0, 10, 10)])
    assert not answers.same(BOXES, first, [box(50, 50, 10, 10, "a"), box(1, 0, 10, 10)])
    assert not answers.same(BOXES, first, first[:1])
    assert answers.overlap(box(0, 0, 10, 10), box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert answers.overlap(box(0, 0, 1, 1), box(1, 0, 1, 1)) == 0.0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10), st.sampled_from("ab"))))
def test_the_form_does_not_depend_on_the_order(spans: list[tuple[int, int, str]]) -> None:
    good = [{"start": s, "end": e, "label": name} for s, e, name in spans if s < e]
    first = answers.written(answers.checked(SPANS, good, length=10))
    assert first == answers.written(answers.checked(SPANS, good[::-1], length=10))
    assert answers.written(answers.checked(SPANS, json.loads(first), length=10)) == first


def test_answers_in_words() -> None:
    assert answers.words(MANY, []) == "none of them"
    assert answers.words(MANY, ["a", "b"]) == "a, b"
    assert answers.words(SPANS, [{"start": 0, "end": 2, "label": "a"}], "Ada went") == "'Ad' a"
    assert answers.words(BOXES, [box(0, 0, 1, 1)] * 2) == "2 a"
    assert answers.words(ONE, None) == "skipped"
