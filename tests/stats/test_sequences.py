"""Confidence sequences and tests of a bound: what they promise at all times together."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from modelwright.stats.below import STAKES, BelowTest, inside_bound
from modelwright.stats.eprocess import FIRST, entered
from modelwright.stats.intervals import clopper_pearson
from modelwright.stats.sequences import MeanSequence, proportion


@given(st.integers(1, 5000), st.data())
@settings(deadline=None)
def test_ends_are_where_the_bettor_is_just_ruined(n: int, data: st.DataObject) -> None:
    s = data.draw(st.integers(0, n))
    low, high = proportion(s, n, 0.95)
    assert 0 <= low <= s / n <= high <= 1
    for p in (low, high):
        if 0 < p < 1:
            wealth = special.betaln(s + 1, n - s + 1) - special.xlogy(s, p) - special.xlog1py(n - s, -p)
            assert wealth == pytest.approx(math.log(20), abs=1e-4)
    fixed = clopper_pearson(s, n, 0.95)
    assert low <= fixed[0] + 1e-9
    assert fixed[1] <= high + 1e-9


def test_proportions_without_trials_and_at_the_ends() -> None:
    assert proportion(0, 0) == (0.0, 1.0)
    assert proportion(0, 10)[0] == 0.0
    assert proportion(10, 10)[1] == 1.0
    assert proportion(0, 10)[1] == pytest.approx(1 - proportion(10, 10)[0])
    assert proportion(10**6, 10**6)[0] > 0.99998
    with pytest.raises(ValueError, match="successes"):
        proportion(2, 1)


def test_proportions_hold_at_all_times_together() -> None:
    missed = 0
    for world in range(400):
        x = np.random.default_rng(world).random(400) < 0.9
        hits = np.cumsum(x)
        # Log wealth against 0.9 at every time: outside once it reaches log 20.
        n = np.arange(1, 401)
        wealth = (
            special.betaln(hits + 1, n - hits + 1)
            - special.xlogy(hits, 0.9)
            - special.xlog1py(n - hits, -0.9)
        )
        missed += bool(wealth.max() >= math.log(20))
    assert missed <= stats.binom.ppf(1 - 1e-4, 400, 0.05)


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(0, 5))
@settings(deadline=None)
def test_batches_make_no_difference_to_means(sizes: list[int], seed: int) -> None:
    x = np.random.default_rng(seed).beta(2, 5, sum(sizes)) * 10
    whole, parts = MeanSequence(high=10.0), MeanSequence(high=10.0)
    at = 0
    for size in sizes:
        parts.update(x[at : at + size])
        parts = MeanSequence.from_json(json.loads(json.dumps(parts.to_json())))
        at += size
    whole.update(x)
    assert whole.to_json() == parts.to_json()
    low, high = whole.interval
    assert 0 <= low <= high <= 10
    assert math.isnan(whole.mean) if not len(x) else whole.mean == pytest.approx(x.mean())


def test_means_hold_at_all_times_together_and_narrow() -> None:
    missed = 0
    for world in range(150):
        rng = np.random.default_rng(world)
        sequence, out = MeanSequence(0.9), False
        for _ in range(60):
            sequence.update(rng.beta(20, 60, 10))
            out |= not sequence.interval[0] <= 0.25 <= sequence.interval[1]
        missed += out
    assert missed <= stats.binom.ppf(1 - 1e-4, 150, 0.1)
    long = MeanSequence(0.95)
    long.update(np.random.default_rng(0).beta(20, 60, 20_000))
    low, high = long.interval
    # The variance is far below that of a coin, and the empirical Bernstein interval knows.
    coin = proportion(5000, 20_000)
    assert high - low < 0.4 * (coin[1] - coin[0])
    with pytest.raises(ValueError, match="values"):
        long.update([1.5])
    with pytest.raises(ValueError, match="values"):
        long.update([math.nan])


def test_below_is_the_sum_of_its_games() -> None:
    x = (np.random.default_rng(0).random(30) < 0.6).astype(float)
    test = BelowTest(0.8)
    told = test.update(x)
    starts = np.arange(31)
    weights = np.diff(entered(starts.astype(float)))
    weights[0] += FIRST
    won = 1 - float(entered(30.0))
    for stake in STAKES:
        for s in range(30):
            won += weights[s] / len(STAKES) * float(np.prod(1 + stake / 0.2 * (0.8 - x[s:])))
    assert told[-1] == pytest.approx(math.log(won))
    assert test.log_e == told[-1]


def test_below_holds_its_level_and_sees_falls() -> None:
    false = 0
    for world in range(400):
        test = BelowTest(0.9)
        test.update((np.random.default_rng(world).random(1500) < 0.9).astype(float))
        false += test.log_most >= math.log(20)
    assert false <= stats.binom.ppf(1 - 1e-4, 400, 0.05)
    rng = np.random.default_rng(1)
    test = BelowTest(0.9)
    test.update((rng.random(20_000) < 0.93).astype(float))
    assert test.log_most < math.log(20)
    test.update((rng.random(1500) < 0.8).astype(float))
    assert test.log_most > math.log(1000)


@given(st.lists(st.integers(0, 400), max_size=6))
@settings(deadline=None, max_examples=30)
def test_batches_make_no_difference_to_below(sizes: list[int]) -> None:
    x = np.random.default_rng(0).uniform(-1, 3, sum(sizes))
    whole, parts = BelowTest(1.2, low=-1, high=3), BelowTest(1.2, low=-1, high=3)
    at = 0
    for size in sizes:
        parts.update(x[at : at + size])
        parts = BelowTest.from_json(json.loads(json.dumps(parts.to_json())))
        at += size
    whole.update(x)
    assert json.dumps(whole.to_json()) == json.dumps(parts.to_json())
    assert whole.rows == len(x)


def test_below_refuses_what_it_cannot_take() -> None:
    with pytest.raises(ValueError, match="bound"):
        BelowTest(1.0)
    for bad in (1.1, math.nan):
        with pytest.raises(ValueError, match="values"):
            BelowTest(0.5).update([bad])


def test_usual_ranges_are_left_as_often_as_the_bound_says() -> None:
    # With a risk of 10%, in one of ten references the bound is above the share of new rows.
    rng = np.random.default_rng(0)
    above = 0
    for _ in range(2000):
        rows = np.sort(rng.random(300))
        low, high = rows[5], rows[-6]  # 10 rows outside
        above += inside_bound(300, 10, risk=0.1) > high - low
    assert above == pytest.approx(200, abs=60)
    assert inside_bound(5, 5) == 0.0
