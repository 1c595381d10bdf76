from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.goal.goal import Goal
from modelwright.goal.sections import Criterion
from modelwright.graph.calibrate import Calibration
from modelwright.release.calibrate import SLICE, calibrate, fit, loss, radius, threshold

Scores = npt.NDArray[np.float64]
CLASSES = ("no", "yes")


def world(rows: int, sharp: float, seed: int, shift: float = 0.0) -> tuple[Scores, npt.NDArray[np.int64]]:
    """Labels drawn from true log-odds, and scores of ``sharp`` times those log-odds plus ``shift``."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 2, rows)
    y = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    p = 1 / (1 + np.exp(-(sharp * odds + shift)))
    return np.column_stack([1 - p, p]), y


def criteria(*texts: str) -> tuple[Criterion, ...]:
    return Goal(data={"source": "a.csv", "target": "y"}, success=list(texts)).sections.success.criteria


def settle(scores: Scores, y: Any, seed: int = 0) -> tuple[Calibration, float, float]:
    return calibrate(scores, y, np.ones(len(y)), np.arange(len(y)), seed)


@pytest.mark.parametrize(("sharp", "shift"), [(3.0, 0.0), (0.3, 0.0), (1.0, 1.5), (2.0, -1.0)])
def test_scores_that_are_off_are_mended_on_rows_not_seen(sharp: float, shift: float) -> None:
    scores, y = world(2000, sharp, 0, shift)
    found, before, after = settle(scores, y)
    assert found.kind != "none"
    assert after < before
    fresh, truth = world(20_000, sharp, 1, shift)
    ones = np.ones(len(truth))
    perfect, _ = world(20_000, 1.0, 1)
    assert loss(found.apply(fresh), truth, ones) < loss(fresh, truth, ones)
    assert loss(found.apply(fresh), truth, ones) < loss(perfect, truth, ones) + 0.01


def test_good_scores_are_left_alone_or_hardly_touched() -> None:
    scores, y = world(4000, 1.0, 2)
    found, before, after = settle(scores, y)
    assert after <= before
    assert np.abs(found.apply(scores) - scores).max() < 0.05


def test_luck_on_few_rows_is_no_reason() -> None:
    """Calibrated scores of 60 rows: what seems to mend them is luck, and is left alone nearly always."""
    touched = sum(settle(*world(60, 1.0, seed), seed)[0].kind != "none" for seed in range(40))
    assert touched <= 4


@given(st.integers(30, 200), st.floats(0.1, 4), st.integers(0, 5), st.integers(2, 4))
@settings(max_examples=8)
def test_calibration_improves_or_is_none(rows: int, sharp: float, seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    scores = rng.dirichlet(np.ones(classes), rows) ** sharp + 1e-9
    scores /= scores.sum(axis=1, keepdims=True)
    found, before, after = settle(scores, y, seed)
    assert after < before if found.kind != "none" else after == before
    made = found.apply(scores)
    assert made.shape == scores.shape
    assert np.isfinite(made).all()
    assert np.allclose(made.sum(axis=1), 1)
    assert settle(scores, y, seed)[0] == found


def test_rows_of_a_group_stay_together() -> None:
    """Every row stands there ten times: with rows as units the fit would see what it is judged on."""
    scores, y = world(30, 4.0, 3)
    units = np.repeat(np.arange(30), 10)
    many, truth = np.repeat(scores, 10, axis=0), np.repeat(y, 10)
    grouped = calibrate(many, truth, np.ones(300), units, 0)
    apart = calibrate(many, truth, np.ones(300), np.arange(300), 0)
    assert grouped[2] > apart[2]


def test_certain_scores_do_not_break_the_fit() -> None:
    y = np.array([0, 1] * 50)
    sure = np.eye(2)[y]
    sure[:4] = sure[:4][:, ::-1]
    for kind in ("sigmoid", "temperature"):
        made = fit(kind, sure, y, np.ones(100)).apply(sure)
        assert np.isfinite(made).all()
        assert ((made >= 0) & (made <= 1)).all()


def test_costs_settle_the_threshold_by_theory() -> None:
    """Missing a yes costs nine, a false alarm one: predict yes from one in ten (Elkan 2001)."""
    scores, y = world(500, 1.0, 4)
    costs = np.array([[0.0, 1.0], [9.0, 0.0]])
    at, why = threshold(scores, y, None, (), CLASSES, costs, {})
    assert at == pytest.approx(0.1)
    assert "cost" in why


def test_without_a_criterion_on_labels_it_is_one_half() -> None:
    scores, y = world(500, 1.0, 5)
    for asked in ((), criteria("roc_auc >= 0.8"), criteria("log_loss <= 0.5", "latency_p99 <= 20ms")):
        assert threshold(scores, y, None, asked, CLASSES, None, {})[0] == 0.5


def test_for_accuracy_it_is_one_half_unless_validation_rows_prove_another() -> None:
    settled = []
    for seed in range(40):
        scores, y = world(400, 1.0, seed)
        settled.append(threshold(scores, y, None, criteria("accuracy >= 0.9"), CLASSES, None, {})[0])
    assert settled.count(0.5) >= 34  # a test at 5%, of the best of a hundred thresholds
    # With room to spare it is used to tell the classes apart: a rare one is not given up for accuracy.
    rare, y = world(2000, 1.0, 3, shift=0.0)
    keep = (y == 0) | (np.arange(2000) % 10 == 0)
    rare, y = rare[keep], y[keep]
    rare[:, 1] *= 0.2
    rare[:, 0] = 1 - rare[:, 1]
    at, _ = threshold(rare, y, None, criteria("accuracy >= 0.5"), CLASSES, None, {})
    assert at < 0.25
    scores, y = world(400, 1.0, 39)
    # Far too low scores, as with classes that were weighed: another is better, and is taken.
    low = np.column_stack([1 - 0.5 * scores[:, 1], 0.5 * scores[:, 1]])
    at, _ = threshold(low, y, None, criteria("accuracy >= 0.9"), CLASSES, None, {})
    assert at < 0.4
    assert ((low[:, 1] >= at) == (y == 1)).mean() > ((low[:, 1] >= 0.5) == (y == 1)).mean()


def test_the_threshold_leaves_the_criterion_a_margin() -> None:
    scores, y = world(3000, 1.0, 6)
    y_hat = scores[:, 1] >= 0.5
    assert y_hat[y == 1].mean() < 0.9
    at, _ = threshold(scores, y, None, criteria("recall >= 0.9"), CLASSES, None, {})
    said = scores[:, 1] >= at
    assert at < 0.5
    assert said[y == 1].mean() > 0.92
    # and no more than it needs: precision is not thrown away for nothing
    assert said.mean() < 0.85


def test_two_criteria_that_pull_apart_are_both_kept_where_that_can_be() -> None:
    scores, y = world(3000, 1.0, 7)
    at, _ = threshold(scores, y, None, criteria("recall >= 0.78", "precision >= 0.72"), CLASSES, None, {})
    said = scores[:, 1] >= at
    assert said[y == 1].mean() >= 0.78
    assert y[said].mean() >= 0.72


def test_every_slice_that_is_large_enough_counts() -> None:
    """In one slice the scores are far lower: the threshold must serve it too."""
    scores, y = world(2000, 1.0, 8)
    group = np.zeros(2000, np.int64)
    group[:200] = 1
    low = scores.copy()
    low[:200, 1] *= 0.3
    low[:200, 0] = 1 - low[:200, 1]
    asked = criteria("recall >= 0.8 by place")
    with_slices, _ = threshold(low, y, None, asked, CLASSES, None, {"place": group})
    without, _ = threshold(low, y, None, asked, CLASSES, None, {})
    assert with_slices < without
    few = np.zeros(2000, np.int64)
    few[: SLICE - 1] = 1
    assert threshold(low, y, None, asked, CLASSES, None, {"place": few})[0] == without


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_intervals_cover_as_often_as_they_say(coverage: float) -> None:
    """Over many draws of validation rows, fresh rows lie inside at the guaranteed rate (Vovk et al. 2005)."""
    inside, guaranteed = [], 0.0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        truth, noise = rng.normal(size=240), rng.standard_t(4, size=240)
        answers = (truth + noise)[:, None]
        width, guaranteed = radius("regression", answers[:80], truth[:80], coverage)
        inside.append(np.abs(truth[80:] - answers[80:, 0]) <= width)
    share = float(np.mean(inside))
    error = 4 * float(np.std(np.mean(inside, axis=1))) / len(inside) ** 0.5
    assert guaranteed >= coverage
    assert share == pytest.approx(guaranteed, abs=error)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_sets_cover_as_often_as_they_say(coverage: float) -> None:
    inside = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        chances = rng.dirichlet([0.5, 0.5, 0.5], 300)
        y = np.array([rng.choice(3, p=p) for p in chances])
        width, guaranteed = radius("multiclass", chances[:100], y[:100], coverage)
        inside.append((1 - chances[100:][np.arange(200), y[100:]] <= width + 1e-12).mean())
        assert guaranteed >= coverage
    assert float(np.mean(inside)) >= coverage - 4 * float(np.std(inside)) / len(inside) ** 0.5


@given(st.integers(1, 40), st.floats(0.5, 0.99))
def test_too_few_rows_for_a_coverage_give_everything(rows: int, coverage: float) -> None:
    wrong = np.arange(rows, dtype=float)
    width, guaranteed = radius("regression", wrong[:, None], np.zeros(rows), coverage)
    if np.ceil((rows + 1) * coverage) > rows:
        assert (width, guaranteed) == (float("inf"), 1.0)
        assert radius("binary", np.full((rows, 2), 0.5), np.zeros(rows, int), coverage) == (1.0, 1.0)
    else:
        assert guaranteed >= coverage
        assert (wrong <= width).mean() >= coverage
