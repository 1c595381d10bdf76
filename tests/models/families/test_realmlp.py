"""The strong net: its gradients, what it takes for a number, its schedule, and what it can draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from modelwright.models.families import realmlp
from modelwright.models.families.common import Scale
from modelwright.models.families.nets import Adam, Targets, masks_of
from modelwright.models.families.realmlp import FAMILY, coslog, late_of, nearest_low
from modelwright.models.families.realnet import Activation, Inputs, Net
from modelwright.models.family import Deadline, OutOfTime, ProblemKind, Rows
from modelwright.testing.families import graph_bytes, graph_predict, learnable, task_of


@pytest.mark.parametrize("activation", ["selu", "silu"])
@pytest.mark.parametrize("frequencies", [0, 4])
@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_backward_is_the_gradient(problem: ProblemKind, frequencies: int, activation: Activation) -> None:
    rows = learnable(problem, "dense", 12)
    rows = Rows(rows.x, rows.y, np.linspace(0.5, 1.5, 12))
    task = task_of(problem)
    scale = Scale.of(rows.y, np.ones(12)) if problem == "regression" else Scale(0.0, 1.0)
    inputs = Inputs.of(rows.x)
    assert inputs.numbers.tolist() == [0, 1, 2]
    numbers, others = inputs.parts(rows.x)
    rng = np.random.default_rng(0)
    outputs = task.classes if problem == "multiclass" else 1
    net = Net(3, 5, outputs, 6, 2, frequencies, 3)
    net.initialise(rng, np.zeros(outputs), 0.2)
    net.part["w2_"][...] = rng.normal(size=(6, outputs))
    slope_of = Targets(task, rows, scale).slope_of(np.arange(12))
    mask = masks_of(rng, 72, 0.25).reshape(12, 6)

    def loss() -> float:
        return net.backward(numbers, others, activation, slope_of, iter([mask, mask]))

    loss()
    slope = net.slope.astype(np.float64)
    assert (slope != 0.0).mean() > 0.9
    for place in np.random.default_rng(1).choice(len(net.flat), 60, replace=False):
        kept, step = net.flat[place], np.float32(2e-3)
        net.flat[place] = kept + step
        above = loss()
        net.flat[place] = kept - step
        below = loss()
        net.flat[place] = kept
        assert (above - below) / (2 * step) == pytest.approx(slope[place], abs=5e-3, rel=2e-2)


def test_numbers_are_columns_with_several_values() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 5)).astype(np.float32)
    x[:, 1] = x[:, 1] > 0  # a mark
    x[:, 2] = np.where(rng.random(500) < 0.98, 0.0, x[:, 2])  # a word that is rare
    x[:, 3] = rng.integers(0, 9, 500)  # a grade
    inputs = Inputs.of(x)
    assert inputs.numbers.tolist() == [0, 3, 4]
    assert inputs.others.tolist() == [1, 2]
    bent, rest = inputs.parts(np.full((1, 5), np.inf, np.float32))
    assert np.isfinite(rest).all()
    # However far out, within three interquartile ranges.
    assert np.abs(bent).max() <= 3.0


def test_a_number_of_which_half_is_one_value_is_scaled_by_its_range() -> None:
    x = np.concatenate([np.zeros(80), np.linspace(1, 40, 20)]).astype(np.float32)[:, None]
    bent, _ = Inputs.of(x).parts(x)
    assert np.abs(bent).max() < 2.0
    assert bent.std() > 0.1


def test_the_rate_comes_down_four_times_and_dropout_ends() -> None:
    lows = [(2.0**k - 1.0) / 15.0 for k in range(5)]
    assert [coslog(low) for low in lows] == pytest.approx([0.0] * 5, abs=1e-9)
    assert max(coslog(t) for t in np.linspace(0, 1, 1000)) == pytest.approx(1.0, abs=1e-3)
    assert [nearest_low(t) for t in (0.01, 0.2, 0.3, 0.5, 0.9, 7.0)] == [lows[k] for k in (1, 2, 2, 3, 4, 4)]
    assert late_of(0.3) == 1.0
    assert late_of(1.0) == pytest.approx(0.0)


def test_adam_knows_rates_and_decays() -> None:
    flat = np.ones(3, np.float32)
    adam = Adam(flat, np.zeros(3, np.float32), np.float32([1, 0, 1]), np.float32([1, 1, 0]), 0.5, 0.95)
    for _ in range(8):
        adam.slope[:] = [0.0, 1.0, 1.0]
        adam.step(0.1)
    # Decay alone, once for eight steps; decay and steps of rate zero; steps alone.
    np.testing.assert_allclose(flat, [0.6, 0.6, 0.2], rtol=1e-4)


def test_masks_keep_the_mean() -> None:
    masks = masks_of(np.random.default_rng(0), 100_000, 0.3)
    assert masks.dtype == np.float32
    assert masks.mean() == pytest.approx(1.0, abs=0.01)
    assert (masks == 0.0).mean() == pytest.approx(0.3, abs=0.01)


def waves(n: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (n, 2)).astype(np.float32)
    return Rows(x, np.sin(7.0 * x[:, 0].astype(np.float64)) + 0.5 * x[:, 1])


def error(fitted: Any, rows: Rows) -> float:
    return float(np.mean((fitted.predict(rows.x)[:, 0] - rows.y) ** 2) / rows.y.var())


def test_periodic_features_draw_waves() -> None:
    train, valid, new = waves(600, 0), waves(200, 1), waves(500, 2)
    task = task_of("regression")
    config = {"width": 32, "layers": 2, "epochs": 30, "dropout": 0.0, "spread": 1.0}
    arguments: dict[str, Any] = {"seed": 0, "threads": 1, "deadline": Deadline()}
    with_waves = FAMILY.fit(task, train, valid, config, **arguments)
    without = FAMILY.fit(task, train, valid, {**config, "frequencies": 0}, **arguments)
    assert error(with_waves, new) < 0.1
    assert error(with_waves, new) < 0.5 * error(without, new)


def test_the_best_epoch_is_kept_and_values_stay_in_the_range() -> None:
    train, valid = waves(300, 0), waves(200, 1)
    config = {"width": 32, "layers": 2, "epochs": 12, "spread": 1.0}
    fitted: Any = FAMILY.fit(
        task_of("regression"), train, valid, config, seed=0, threads=1, deadline=Deadline()
    )
    best = min(fitted.curve, key=lambda point: point[2])
    assert fitted.rounds == best[0]
    assert error(fitted, valid) * valid.y.var() / train.y.var() == pytest.approx(best[2], rel=1e-3)
    far = fitted.predict(np.full((1, 2), 1e30, np.float32))
    assert train.y.min() <= far[0, 0] <= train.y.max()


def test_a_short_deadline_runs_through_the_schedule(
    ticks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks(realmlp)
    rates: list[float] = []
    step = Adam.step

    def noted(self: Adam, rate: float) -> None:
        rates.append(rate)
        step(self, rate)

    monkeypatch.setattr(Adam, "step", noted)
    config = {"width": 32, "layers": 1, "epochs": 1_000_000, "spread": 1.0, "learning_rate": 0.1}
    train, valid = waves(400, 0), waves(200, 1)
    fitted = FAMILY.fit(
        task_of("regression"), train, valid, config, seed=0, threads=1, deadline=Deadline.after(0.6)
    )
    assert fitted.stopped == "deadline"
    assert len(rates) > 100
    # Up and down four times within the time there was, each time slower; the last steps are small.
    highs = [k for k in range(1, len(rates) - 1) if rates[k - 1] < rates[k] >= rates[k + 1]]
    assert len(highs) == 4
    assert all(0.09 < rates[k] <= 0.1 for k in highs)
    assert max(rates[-3:]) < 0.01
    assert error(fitted, valid) < 0.5


def test_an_exact_number_of_epochs_is_all_or_nothing(ticks: Callable[..., Any]) -> None:
    ticks(realmlp)
    config = {"rounds": 1_000_000, "width": 8}
    arguments: dict[str, Any] = {"seed": 0, "threads": 1, "deadline": Deadline.after(0.05)}
    with pytest.raises(OutOfTime, match="epochs were made"):
        FAMILY.fit(task_of("regression"), waves(400, 0), None, config, **arguments)


@pytest.mark.parametrize("columns", [[0, 1, 2], [3, 4, 5, 6, 7]])
def test_numbers_alone_and_marks_alone(columns: list[int]) -> None:
    rows = learnable("binary", "dense", 300)
    rows = Rows(np.ascontiguousarray(rows.x[:, columns]), rows.y)
    config = {"width": 16, "layers": 1, "epochs": 5}
    fitted = FAMILY.fit(task_of("binary"), rows, None, config, seed=0, threads=1, deadline=Deadline())
    shown = graph_predict(graph_bytes(fitted, len(columns)), rows.x)
    np.testing.assert_allclose(shown, fitted.predict(rows.x), atol=1e-5)
    assert math.isclose(float(shown.sum()), 300.0, rel_tol=1e-5)
