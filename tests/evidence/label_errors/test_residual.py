"""Numbers far from what is usual where they are predicted."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.evidence.label_errors import residual


def test_errors_are_measured_by_those_of_rows_predicted_alike() -> None:
    """The spread grows with the prediction: 30 is much at the low end, nothing at the high end."""
    rng = np.random.default_rng(0)
    predicted = rng.uniform(10, 1000, 2000)
    actual = predicted + rng.normal(size=2000) * predicted / 50
    predicted[:2] = 20.0, 900.0
    actual[:2] = 50.0, 930.0
    far = residual.standardised(actual, predicted)
    assert far[0] > residual.FAR
    assert abs(far[1]) < 4
    assert np.std(far[2:]) == pytest.approx(1.0, abs=0.15)


def test_the_order_of_rows_means_nothing_and_exact_predictions_stand_out_for_nothing() -> None:
    rng = np.random.default_rng(1)
    predicted = np.arange(300.0)
    actual = predicted + np.where(predicted < 150, 0.0, rng.normal(size=300))
    actual[3] += 0.01
    far = residual.standardised(actual, predicted)
    order = rng.permutation(300)
    assert np.allclose(residual.standardised(actual[order], predicted[order]), far[order])
    assert abs(far[3]) < 1
    assert residual.standardised(predicted, predicted).tolist() == [0.0] * 300
    assert len(residual.standardised(np.empty(0), np.empty(0))) == 0
    assert residual.standardised(np.array([1.0, 2.0]), np.array([1.0, 5.0])).shape == (2,)


@pytest.mark.parametrize(
    ("actual", "predicted", "said"),
    [
        (2500.0, 251.0, "10 times too large"),
        (2.5, 251.0, "100 times too small"),
        (-251.0, 250.0, "wrong sign"),
        (700.0, 250.0, ""),
    ],
)
def test_a_slip_is_named(actual: float, predicted: float, said: str) -> None:
    found = residual.slipped(actual, predicted, 5.0)
    assert said in found
    assert bool(found) == bool(said)
