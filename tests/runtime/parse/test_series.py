"""Sequences of numbers, in all the ways in which they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.runtime.parse import series

nan = float("nan")


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("1 2 3", [[1, 2, 3]]),
        ("1;2;3", [[1, 2, 3]]),
        ("1, 2, 3", [[1, 2, 3]]),
        ("1\t2\n3", [[1, 2, 3]]),
        ("[1, 2, 3]", [[1, 2, 3]]),
        ("(1, 2)", [[1, 2]]),
        ("[1. 2. 3.]", [[1, 2, 3]]),
        ("[[1 2]\n [3 4]]", [[1, 2], [3, 4]]),
        ("[-1.5e3 2 NaN]", [[-1500, 2, nan]]),
        ("1,5;2,5", [[1.5, 2.5]]),
        ("1;;3", [[1, nan, 3]]),
        ("5", [[5]]),
        (b"1 2", [[1, 2]]),
        ([1, None, "3"], [[1, nan, 3]]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (np.arange(3), [[0, 1, 2]]),
        ([1.0, float("inf")], [[1, nan]]),
    ],
)
def test_ways_of_writing(cell: Any, values: list[list[float]]) -> None:
    made = series.matrix(cell)
    assert not isinstance(made, str), made
    np.testing.assert_array_equal(made, np.array(values, dtype=float))


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "the text is empty"),
        ("[]", "the sequence is empty"),
        ([], "the sequence is empty"),
        ([[], []], "the sequence is empty"),
        ("1 x 3", "some of the values are no numbers"),
        ("1_000 2", "some of the values are no numbers"),
        ([1, {}], "some of the values are no numbers"),
        ([[1], [2, 3]], "the inner lists differ in length"),
        ([1, [2]], "some of the outer list are lists and some are numbers"),
        ("[1, 2", "some of the values are no numbers"),
        ('["a"]', "some of the values are no numbers"),
        ("[" * 5000 + "]" * 5000, "the text is not a list of numbers"),
        ("[null]", "none of the values is there"),
        (5, "this is not a sequence of numbers"),
        (None, "there is no sequence"),
    ],
)
def test_what_is_no_sequence(cell: Any, why: str) -> None:
    assert series.look(cell).problem == why
    assert series.build({"channels": 1, "steps": 2})(cell) is None


def test_the_newest_steps_are_kept_and_the_old_ones_not_there() -> None:
    read = series.build({"channels": 1, "steps": 3})
    made = read("1 2 3 4")
    assert made is not None
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, [[2, 3, 4]])
    np.testing.assert_array_equal(read([1]), [[nan, nan, 1]])
    assert read([[1, 2], [3, 4]]) is None  # two channels where one was learned


def test_steps_first() -> None:
    read = series.build({"channels": 2, "steps": 3, "axis": "steps"})
    np.testing.assert_array_equal(read([[1, 2], [3, 4]]), [[nan, 1, 3], [nan, 2, 4]])


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        ([[1, 2, 3], [1, 2]], {"channels": 1, "steps": 3, "axis": "channels"}),
        ([[[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4]]], {"channels": 2, "steps": 3, "axis": "steps"}),
        ([[[1, 2, 3], [3, 4, 5]], [[1, 2], [3, 4]]], {"channels": 2, "steps": 3, "axis": "channels"}),
        ([[[1, 2]] * 30] * 4, {"channels": 2, "steps": 30, "axis": "steps"}),
        ([list(range(9000))], {"channels": 1, "steps": series.LONGEST, "axis": "channels"}),
        (["no"], {"channels": 1, "steps": 1, "axis": "channels"}),
    ],
)
def test_the_form_of_a_column(cells: list[Any], options: dict[str, Any]) -> None:
    assert series.plan(cells) == options
    assert series.form(options) == ((options["channels"], options["steps"]), "float32")


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_text_and_list_are_the_same(values: list[float]) -> None:
    read = series.build({"channels": 1, "steps": 8})
    wanted = read(values)
    for mark in (" ", ";", ", "):
        np.testing.assert_array_equal(read(mark.join(map(repr, values))), wanted)
    np.testing.assert_array_equal(read(str(values)), wanted)


@given(st.one_of(st.text(), st.binary(), st.lists(st.one_of(st.text(), st.floats(), st.none()))))
def test_nothing_breaks_it(cell: Any) -> None:
    series.look(cell)
    series.build({"channels": 1, "steps": 2})(cell)
