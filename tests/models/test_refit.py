"""What ships was fitted on all rows; without time for that, what the held-out score was measured on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modelwright.core.stage import Work
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts
from modelwright.models.fit import run_graph
from modelwright.models.inline import InlinePool
from modelwright.models.journal import Journal
from modelwright.models.propose import Proposer, Runner
from modelwright.models.race import Race, Trial
from modelwright.models.refit import refit
from modelwright.models.rows import Learning, Place
from modelwright.models.tradeoff import TOGETHER, Limits

Places = Callable[..., Place]


def raced(place: Place, folder: Path, family: str = "logistic") -> tuple[list[Trial], InlinePool, Journal]:
    """Two trials over all folds."""
    pool, journal = InlinePool(folder), Journal(folder)
    space = FAMILIES.get(family).space(place.task, DataFacts(200, 2, 0, 0, 0, 0.0))
    race = Race(
        place, tuple(range(place.folds)), Proposer([Runner(family, space, 0.01)], "random", 0), (),
        {family: 0.01}, journal, pool, Work(folder), trials=2, ends_at=None, seed=0, threads=1,
    )  # fmt: skip
    race.run()
    return [t for t in race.trials if t.complete], pool, journal


def test_with_time_all_rows_are_learnt_from(places: Places, tmp_path: Path) -> None:
    place = places(200, 3)
    trials, pool, journal = raced(place, tmp_path)
    graphs = refit(trials, 200, place, journal, pool, 0, None)
    assert set(graphs) == {t.name for t in trials}
    folds = {entry.graph for t in trials for entry in t.entries.values()}
    assert not folds & {made.graph for made in graphs.values()}
    assert {made.how for made in graphs.values()} == {"fitted on all 200 rows"}
    assert graphs == refit(trials, 200, place, journal, pool, 0, None)


def test_without_time_it_is_the_mean_of_the_folds(places: Places, tmp_path: Path) -> None:
    place = places(200, 3)
    trials, pool, journal = raced(place, tmp_path)
    graphs = refit(trials[:1], 200, place, journal, pool, 0, time.monotonic() - 1.0)
    typed = Learning.read(place).typed
    mean = np.mean([run_graph(e.graph, typed) for e in trials[0].entries.values()], axis=0)
    np.testing.assert_allclose(run_graph(graphs[trials[0].name].graph, typed), mean, atol=1e-6)


@pytest.mark.parametrize(("size", "microseconds"), [(10.0, 1e9), (1e9, 10.0)])
def test_without_room_for_all_folds_it_is_the_first(
    places: Places, tmp_path: Path, size: float, microseconds: float
) -> None:
    place = places(200, 3)
    trials, pool, journal = raced(place, tmp_path)
    limits = Limits(size, microseconds, "size <= x", "latency_p50 <= y")
    graphs = refit(trials[:1], 200, place, journal, pool, 0, time.monotonic() - 1.0, limits)
    assert graphs[trials[0].name].graph == trials[0].entries[0].graph


def test_five_folds_of_classes_ship_together_while_there_is_room(places: Places, tmp_path: Path) -> None:
    """The one that weighs most comes first; the other is fitted on all rows where room ends."""
    place = places(200, 5)
    trials, pool, journal = raced(place, tmp_path)
    wide = Limits(1e9, 1e9, "size <= x", "latency_p50 <= y")
    graphs = refit(trials, 200, place, journal, pool, 0, None, wide)
    assert {made.how.split(",")[0] for made in graphs.values()} == {"the mean of 5 fits"}
    one = trials[0].results[0].single_us
    narrow = Limits(1e9, TOGETHER * (12.0 + 7 * one) / 0.8, "size <= x", "latency_p50 <= y")
    first, second = refit(trials, 200, place, journal, pool, 0, None, narrow).values()
    assert "the mean of 5 fits" in first.how or "the mean of 5 fits" in second.how
    assert "fitted on all 200 rows" in (first.how, second.how)
    none = refit(trials, 200, place, journal, pool, 0, None)
    assert {made.how for made in none.values()} == {"fitted on all 200 rows"}


def test_three_folds_ship_together_of_networks_alone(places: Places, tmp_path: Path) -> None:
    place = places(120, 3)
    wide = Limits(1e9, 1e9, "size <= x", "latency_p50 <= y")
    for family, how in (("logistic", "fitted on all 120 rows"), ("mlp", "the mean of 3 fits")):
        trials, pool, journal = raced(place, tmp_path / family, family)
        made = refit(trials[:1], 120, place, journal, pool, 0, None, wide)
        assert [m.how.split(",")[0] for m in made.values()] == [how]
