"""Bets are fair, and the mixture over start times is the sum that it stands for."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.stats import bets
from modelwright.stats.eprocess import FIRST, Mixture, block_size, block_starts, entered
from modelwright.stats.rising import Rising


def test_every_bet_is_fair_under_uniform_p_values() -> None:
    width = bets.widths()
    assert width.sum() == pytest.approx(1.0, abs=1e-15)
    assert np.exp(bets.log_densities()).T @ width == pytest.approx(np.ones(bets.FIXED), abs=1e-12)
    for bars, _ in bets.LEARNERS:
        counts = np.random.default_rng(0).integers(0, 99, bars).astype(float)
        assert np.exp(bets.learned(counts)).mean() == pytest.approx(1.0)
        assert len(bets.bar_of_cell(bars)) == len(width)
        assert np.bincount(bets.bar_of_cell(bars), weights=width) == pytest.approx(np.full(bars, 1 / bars))


def test_a_tolerance_makes_bets_unfavourable_up_to_it() -> None:
    width, tolerance = bets.widths(), 0.1

    def at_worst(paid: np.ndarray, wide: np.ndarray) -> float:
        """The most that a bet gains under any density within 1 -/+ tolerance: the half of the p-values which
        it pays most for comes more often by that, and the other half less often."""
        order = np.argsort(paid)
        upto = np.cumsum(wide[order])
        rare = np.clip(0.5 - (upto - wide[order]), 0, wide[order])
        mass = (1 - tolerance) * rare + (1 + tolerance) * (wide[order] - rare)
        assert mass.sum() == pytest.approx(1.0)
        return float(np.sum(paid[order] * mass))

    fair, careful = np.exp(bets.log_densities()), np.exp(bets.log_densities(tolerance))
    for j in range(bets.FIXED):
        assert at_worst(fair[:, j], width) > 1
        assert at_worst(careful[:, j], width) <= 1 + 1e-12
    counts = np.arange(8.0)
    eighths = np.full(8, 1 / 8)
    assert at_worst(np.exp(bets.learned(counts)), eighths) > 1
    assert at_worst(np.exp(bets.learned(counts, tolerance)), eighths) <= 1 + 1e-12


def test_the_bets_on_what_is_new_are_fair_whatever_came_before() -> None:
    width = bets.widths()
    rng = np.random.default_rng(0)
    for row, hits in ((0, (0, 0)), (3, (3, 0)), (50, (1, 9)), (400, (20, 0)), (20_000, (2, 5))):
        one = np.array([row, row + 1])
        gains = np.stack(
            [Rising(100, hits).gains(np.array([code]), one, 0.0)[0] for code in range(len(width))]
        )
        assert np.exp(gains).T @ width == pytest.approx(np.ones(2 * len(bets.RISING)), abs=1e-9)
        tolerant = Rising(100, hits).gains(rng.integers(0, len(width), 1), one, 0.1)
        assert tolerant.shape == (1, 2 * len(bets.RISING))
    test = Rising(1000)
    test.gains(np.array([0, 500, len(width) - 1, 1]), np.array([0, 1, 2, 3, 4]), 0.0)
    assert test.hits == (2, 1)


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_grid_cells(p: float) -> None:
    edges = np.concatenate(([0.0], np.cumsum(bets.widths())))
    low, high = np.array([p]), np.array([1 - p])
    (code,) = bets.grid_codes(low, high)
    assert edges[code] <= p * (1 + 1e-9) + 1e-15
    assert p <= edges[code + 1] * (1 + 1e-9) + 1e-15


@given(st.integers(0, 60_000), st.integers(0, 40_000))
@settings(deadline=None)
def test_blocks_depend_on_the_row_alone(first: int, more: int) -> None:
    starts = block_starts(0, first)
    at = int(starts[-1])
    rest = block_starts(at, first + more)
    assert np.array_equal(np.concatenate((starts[:-1], rest)), block_starts(0, first + more))
    assert at <= first < at + block_size(at)
    assert all(b - a == block_size(a) for a, b in zip(starts.tolist(), starts[1:].tolist(), strict=False))


def test_no_more_is_entered_than_there_is() -> None:
    assert entered(0.0) == FIRST
    assert entered(np.array([1e9, 1e10, 1e12]))[-1] == 1.0


def test_the_mixture_is_the_sum_over_start_times() -> None:
    rng = np.random.default_rng(0)
    gains = rng.normal(-0.1, 0.5, (70, 3))
    starts = np.arange(71)
    mixture = Mixture(np.array([2.0, 1.0, 1.0]))
    told = np.concatenate(
        [mixture.advance(gains[a:b], starts[a : b + 1]) for a, b in ((0, 1), (1, 40), (40, 70))]
    )
    weights = np.diff(entered(starts.astype(float)))
    weights[0] += FIRST
    for t in (1, 2, 41, 70):
        won = sum(
            share * weights[s] * math.exp(gains[s:t, bet].sum())
            for bet, share in enumerate((0.5, 0.25, 0.25))
            for s in range(t)
        )
        assert told[t - 1] == pytest.approx(math.log(won + 1 - float(entered(float(t)))))
    assert mixture.log_most == max(0.0, told.max())
    again = Mixture(np.array([2.0, 1.0, 1.0]))
    again.restore(json.loads(json.dumps(mixture.to_json())))
    more = rng.normal(size=(5, 3))
    assert np.array_equal(again.advance(more, np.arange(70, 76)), mixture.advance(more, np.arange(70, 76)))
    with pytest.raises(ValueError, match="other bets"):
        Mixture(np.ones(2)).restore(mixture.to_json())
