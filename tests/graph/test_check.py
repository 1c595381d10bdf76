from __future__ import annotations

import numpy as np
import pytest

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.check import agree, compare, one_by_one


def doubler() -> bytes:
    graph = GraphBuilder()
    x = graph.input("numbers", "float64", 2)
    graph.output(graph.node("Add", [x, x]), "y", "float64", 2)
    return bytes(graph.build().SerializeToString())


def test_agreement_of_a_right_graph() -> None:
    x = np.array([[1.0, np.nan], [np.inf, -3.0]])
    assert agree(doubler(), {"numbers": x}, {"y": 2 * x})["y"].within(0.0)


def test_a_wrong_number_is_found_in_its_row() -> None:
    x = np.zeros((5, 2))
    expected = x.copy()
    expected[3, 1] = 0.5
    found = agree(doubler(), {"numbers": x}, {"y": expected})["y"]
    assert (found.largest, found.worst, found.unlike) == (0.5, 3, 0)
    assert not found.within(0.1)


def test_nan_against_a_number_is_never_within() -> None:
    found = compare("y", np.array([[1.0], [np.nan]]), np.array([[1.0], [2.0]]))
    assert (found.unlike, found.worst) == (1, 1)
    assert not found.within(1e9)


def test_whole_numbers_must_be_equal() -> None:
    found = compare("label", np.array([1, 2, 3]), np.array([1, 2, 4]))
    assert (found.unlike, found.worst) == (1, 2)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        compare("y", np.zeros((2, 1)), np.zeros((2, 2)))


def test_rows_alone() -> None:
    x = np.random.default_rng(0).normal(size=(6, 2))
    assert one_by_one(doubler(), {"numbers": x}, 4)["y"].within(0.0)
    # A graph that looks across rows does not hold to it.
    graph = GraphBuilder()
    t = graph.input("numbers", "float64", 2)
    graph.output(graph.node("Softmax", [t], axis=0), "y", "float64", 2)
    assert not one_by_one(graph.build().SerializeToString(), {"numbers": x}, 4)["y"].within(0.01)
