"""The net's gradients, and how its training goes."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.models.families.common import Scale
from modelwright.models.families.mlp import FAMILY, AdamW, Net, _Batches
from modelwright.models.family import Deadline, ProblemKind, Rows
from modelwright.testing.families import learnable, task_of


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_backward_is_the_gradient(problem: ProblemKind) -> None:
    rows = learnable(problem, "dense", 12)
    rows = Rows(rows.x, rows.y, np.linspace(0.5, 1.5, 12))
    task = task_of(problem)
    scale = Scale.of(rows.y, np.ones(12)) if problem == "regression" else Scale(0.0, 1.0)
    rng = np.random.default_rng(0)
    net = Net((rows.x.shape[1], 6, 5, max(1, task.classes if task.classes > 2 else 1)))
    net.initialise(rng, np.zeros(net.sizes[-1]))
    slope_of = _Batches(task, rows, scale, 12).slope_of(np.arange(12))
    net.backward(rows.x, slope_of, 0.0, rng)
    slope = net.slope.astype(np.float64)
    for place in np.random.default_rng(1).choice(len(net.flat), 40, replace=False):
        kept, step = net.flat[place], np.float32(1e-2)
        net.flat[place] = kept + step
        above = net.backward(rows.x, slope_of, 0.0, rng)
        net.flat[place] = kept - step
        below = net.backward(rows.x, slope_of, 0.0, rng)
        net.flat[place] = kept
        assert (above - below) / (2 * step) == pytest.approx(slope[place], abs=2e-3)


def test_adamw_finds_the_bottom_of_a_bowl() -> None:
    net = Net((2, 1))
    net.flat[:] = [3.0, -2.0, 1.0]
    optimiser = AdamW(net, 0.0)
    for _ in range(3000):
        net.slope[:] = net.flat - np.float32([1.0, 2.0, 3.0])
        optimiser.step(0.01)
    np.testing.assert_allclose(net.flat, [1.0, 2.0, 3.0], atol=1e-2)


def test_decay_shrinks_weights_and_not_biases() -> None:
    net = Net((2, 1))
    net.flat[:] = 1.0
    optimiser = AdamW(net, 0.5)
    for _ in range(10):
        net.slope[:] = 0.0
        optimiser.step(0.1)
    np.testing.assert_allclose(net.flat, [0.95**10, 0.95**10, 1.0], rtol=1e-5)


def test_the_best_weights_are_kept() -> None:
    train, valid = learnable("binary", "dense", 300), learnable("binary", "dense", 300, seed=4)
    fitted = FAMILY.fit(
        task_of("binary"),
        train,
        valid,
        {"learning_rate": 1e-2, "decay": 0.0, "dropout": 0.0},
        seed=0,
        threads=1,
        deadline=Deadline(),
    )
    assert fitted.stopped == "early stopping"
    best = min(fitted.curve, key=lambda point: point[2])
    assert fitted.rounds == best[0]
    predicted = fitted.predict(valid.x)
    loss = -np.log(predicted[np.arange(len(valid.y)), valid.y]).mean()
    assert loss == pytest.approx(best[2], rel=1e-4)


def test_a_net_draws_what_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1200, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    fitted = FAMILY.fit(
        task_of("binary"),
        Rows(x[:800], y[:800]),
        Rows(x[800:], y[800:]),
        {},
        seed=0,
        threads=1,
        deadline=Deadline(),
    )
    assert (fitted.predict(x[800:]).argmax(axis=1) == y[800:]).mean() > 0.93
