from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.calibrate import Calibration
from modelwright.graph.finish import Finish, decide, released
from modelwright.graph.session import session

Outputs = dict[str, npt.NDArray[np.generic]]


def member(k: int, scale: float = 1.0) -> onnx.ModelProto:
    """Gives its k inputs, times ``scale``, as scores."""
    graph = GraphBuilder()
    x = graph.node("Cast", [graph.input("numbers", "float64", k)], to=1)
    graph.output(graph.node("Mul", [x, graph.constant(scale, "float32")]), "scores", "float32", k)
    return graph.build()


def run(finish: Finish, scores: npt.NDArray[np.float64]) -> Outputs:
    model = released([member(scores.shape[1])], [1.0], finish)
    ready = session(model.SerializeToString())
    names = [output.name for output in ready.get_outputs()]
    return dict(zip(names, ready.run(names, {"numbers": scores}), strict=True))


def probabilities(n: int, k: int) -> npt.NDArray[np.float64]:
    scores = np.random.default_rng(0).dirichlet(np.full(k, 0.4), n)
    scores[0], scores[1] = np.eye(k)[0], np.eye(k)[k - 1]
    return scores.astype(np.float32).astype(np.float64)


CALIBRATIONS = [
    (2, Calibration()),
    (2, Calibration("sigmoid", (1.7,), (-0.4,))),
    (2, Calibration("temperature", (0.6,))),
    (4, Calibration()),
    (4, Calibration("temperature", (2.5,))),
    (4, Calibration("vector", (1.0, 0.5, 2.0, 1.0), (0.0, 0.1, -0.3, 0.2))),
]


@pytest.mark.parametrize(("k", "calibration"), CALIBRATIONS)
def test_probabilities_are_those_of_the_calibration(k: int, calibration: Calibration) -> None:
    scores = probabilities(200, k)
    finish = Finish(k, calibration, threshold=0.3)
    got = run(finish, scores)
    assert set(got) == {"probabilities", "label"}
    expected = calibration.apply(scores)
    np.testing.assert_allclose(got["probabilities"], expected, atol=2e-7)
    np.testing.assert_allclose(got["probabilities"].astype(float).sum(axis=1), 1.0, atol=1e-6)
    assert got["label"].dtype == np.int64
    np.testing.assert_array_equal(got["label"], decide(got["probabilities"].astype(np.float32), finish))


def test_sigmoid_is_platt_on_the_log_odds() -> None:
    p = np.array([0.1, 0.5, 0.8])
    got = Calibration("sigmoid", (2.0,), (0.5,)).apply(np.column_stack([1 - p, p]))[:, 1]
    np.testing.assert_allclose(got, 1 / (1 + np.exp(-(2.0 * np.log(p / (1 - p)) + 0.5))), rtol=1e-12)


def test_a_probability_at_the_threshold_is_the_second_class() -> None:
    got = run(Finish(2, threshold=0.25), np.array([[0.75, 0.25], [0.7500001, 0.2499999]]))
    assert got["label"].tolist() == [1, 0]


def test_costs_choose_the_cheapest_label() -> None:
    # Predicting 0 where 2 is true costs 10, any other mistake 1.
    costs = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (10.0, 1.0, 0.0))
    got = run(Finish(3, costs=costs), np.array([[0.8, 0.05, 0.15], [0.97, 0.02, 0.01]]))
    assert got["label"].tolist() == [2, 0]


def test_sets_hold_what_is_likely_enough() -> None:
    got = run(Finish(3, radius=0.8), np.array([[0.7, 0.25, 0.05], [0.34, 0.33, 0.33]]))
    assert got["set"].tolist() == [[True, True, False], [True, True, True]]


def test_values_intervals_and_bounds() -> None:
    finish = Finish(0, Calibration("linear", (2.0,), (1.0,)), radius=3.0, floor=0.0, ceiling=10.0)
    got = run(finish, np.array([[1.0], [-5.0], [4.4]]))
    assert set(got) == {"value", "low", "high"}
    assert got["value"].shape == (3,)
    np.testing.assert_allclose(got["value"], [3.0, 0.0, 9.8], rtol=1e-6)
    np.testing.assert_allclose(got["low"], [0.0, 0.0, 6.8], rtol=1e-6)
    np.testing.assert_allclose(got["high"], [6.0, 0.0, 10.0], rtol=1e-6)


def test_members_are_weighted_and_those_of_weight_zero_left_out() -> None:
    members = [member(1, 1.0), member(1, 10.0), member(1, 100.0)]
    model = released(members, [3.0, 1.0, 0.0], Finish(0))
    got = session(model.SerializeToString()).run(["value"], {"numbers": np.array([[2.0], [0.0]])})[0]
    np.testing.assert_allclose(got, [2.0 * (0.75 + 2.5), 0.0], rtol=1e-6)
    assert len(model.graph.node) < len(released(members, [3.0, 1.0, 1.0], Finish(0)).graph.node)


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0], [1.0, 1.0]])
def test_weights_that_make_no_mean_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        released([member(1)], weights, Finish(0))


def test_finish_is_json_both_ways_and_the_graph_deterministic() -> None:
    finish = Finish(3, CALIBRATIONS[-1][1], 0.3, ((0.0, 1.0), (2.0, 0.0)), 0.9, 0.0, None)
    assert Finish.from_json(json.loads(json.dumps(finish.to_json()))) == finish
    plain = Finish(2, CALIBRATIONS[1][1])
    first, second = (released([member(2)], [1.0], plain).SerializeToString() for _ in range(2))
    assert first == second
