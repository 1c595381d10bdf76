"""When a boosted fit ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from modelwright.models.families import FAMILIES, boosting
from modelwright.models.families.boosting import MOST_ROUNDS, Progress, rounds_of
from modelwright.models.families.common import thinned
from modelwright.models.family import Deadline, OutOfTime, Rows, never_stop
from modelwright.testing.families import learnable, task_of


def follow(losses: list[float], *, most: int = 1000, exact: bool = False, rate: float = 0.1) -> Progress:
    progress = Progress(most, exact, Deadline(), never_stop, rate)
    for step, loss in enumerate(losses, 1):
        if progress.over(step, math.nan, loss):
            break
    return progress


def test_it_stops_when_the_loss_has_not_fallen_for_a_while() -> None:
    progress = follow([1.0, 0.5, *[0.6] * 100])
    assert progress.stopped == "early stopping"
    assert progress.best == 2
    assert len(progress.curve) == 2 + 21


def test_it_goes_on_while_the_loss_falls() -> None:
    progress = follow([1.0 / step for step in range(1, 500)])
    assert (progress.stopped, progress.best) == ("", 499)


def test_patience_grows_with_the_rounds_made_and_with_small_steps() -> None:
    falling = [1.0 / step for step in range(1, 301)]
    late = follow([*falling, *[1.0] * 200])
    assert len(late.curve) == 300 + 80
    slow = follow([0.5, *[1.0] * 300], rate=0.02)
    assert len(slow.curve) > len(follow([0.5, *[1.0] * 300], rate=0.2).curve)


def test_an_exact_number_knows_no_early_stopping() -> None:
    progress = follow([1.0, *[2.0] * 499], most=500, exact=True)
    assert (progress.stopped, progress.best) == ("", 500)


def test_the_deadline_ends_it_and_an_exact_refit_is_then_refused(ticks: Callable[..., Any]) -> None:
    clock = ticks(boosting)
    progress = Progress(100, True, Deadline.after(1.0), never_stop, 0.1)
    clock.now += 1.5
    assert progress.over(1, math.nan, 1.0)
    assert progress.stopped == "deadline"
    with pytest.raises(OutOfTime, match="1 of 100"):
        progress.demand()
    with pytest.raises(OutOfTime):
        Progress(100, False, Deadline.after(-1.0), never_stop, 0.1)


def test_how_many_rounds() -> None:
    assert rounds_of({"rounds": 17, "learning_rate": 0.1}, True) == (17, True)
    assert rounds_of({"learning_rate": 0.1}, True) == (MOST_ROUNDS, False)
    assert rounds_of({"learning_rate": 0.1}, False) == (100, False)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = [(step, 0.0, float(step)) for step in range(1, 1002)]
    kept = thinned(curve)
    assert len(kept) <= 201
    assert kept[0] == curve[0]
    assert kept[-1] == curve[-1]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_the_rounds_in_use_are_those_of_the_best_validation_loss(name: str) -> None:
    train, valid = learnable("binary", "trees", 400), learnable("binary", "trees", 300, seed=3)
    fitted = FAMILIES.get(name).fit(
        task_of("binary"), train, valid, {}, seed=0, threads=1, deadline=Deadline()
    )
    assert fitted.stopped == "early stopping"
    best = min(fitted.curve, key=lambda point: point[2])
    assert fitted.rounds == best[0]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_an_absolute_metric_is_served_by_an_absolute_loss(name: str) -> None:
    rng = np.random.default_rng(0)
    # Half of the rows at 0 and a few very large: the mean is far from the median.
    y = np.where(rng.random(500) < 0.2, 100.0, 0.0)
    rows = Rows(rng.normal(size=(500, 2)).astype(np.float32), y)
    family = FAMILIES.get(name)

    def middle(metric: str) -> float:
        task = task_of("regression")
        task = type(task)(task.problem, 0, metric)
        config = {"rounds": 30}
        fitted = family.fit(task, rows, None, config, seed=0, threads=1, deadline=Deadline())
        return float(np.median(fitted.predict(rows.x)))

    assert abs(middle("mae")) < abs(middle("rmse"))
