"""The statistical methods against references: scipy, hand calculations, and laws that must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelwright.stats import (
    bootstrap,
    compare,
    corrections,
    intervals,
    jackknife,
    power,
    proportions,
    ranking,
    units,
)
from modelwright.stats.scales import SCALES


@given(st.integers(1, 300), st.data())
@settings(deadline=None, max_examples=50)
def test_proportion_intervals_agree_with_scipy(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    level = data.draw(st.sampled_from([0.9, 0.95, 0.99]))
    for ours, method in ((intervals.clopper_pearson, "exact"), (intervals.wilson, "wilson")):
        expected = stats.binomtest(x, n).proportion_ci(level, method)
        assert ours(x, n, level) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_no_trials_no_interval() -> None:
    assert all(math.isnan(v) for v in (*intervals.clopper_pearson(0, 0), *intervals.wilson(0, 0)))


def test_mean_interval_agrees_with_scipy() -> None:
    x = np.random.default_rng(0).normal(3, 1, 30)
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert intervals.t_mean(x) == pytest.approx((expected.low, expected.high))
    low, high = intervals.log_mean(x)
    assert 0 < low < x.mean() < high


@given(st.integers(5, 600), st.sampled_from([0.1, 0.5, 0.9, 0.99]), st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_quantile_interval_errs_at_most_as_promised(n: int, q: float, level: float) -> None:
    # With ranks as values the ends are ranks, whose error is binomial and known.
    low, high = intervals.quantile(np.arange(1.0, n + 1), q, level)
    tail = (1 - level) / 2
    if math.isfinite(low):
        assert stats.binom.cdf(low - 1, n, q) <= tail < stats.binom.cdf(low, n, q)
    if math.isfinite(high):
        assert stats.binom.sf(high - 1, n, q) <= tail + 1e-12
    assert math.isfinite(high) == (q**n <= tail + 1e-15)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrections_agree_with_their_definitions(p: list[float]) -> None:
    m = len(p)
    assert corrections.benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)
    assert corrections.bonferroni(p) == pytest.approx([min(1.0, v * m) for v in p])
    assert np.all(corrections.holm(p) <= corrections.bonferroni(p) + 1e-15)
    assert np.all(corrections.holm(p) >= np.asarray(p))


def test_holm_by_hand() -> None:
    assert corrections.holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.sampled_from(sorted(SCALES)), st.floats(0.01, 0.9))
def test_scales_go_there_and_back(name: str, x: float) -> None:
    scale = SCALES[name]  # type: ignore[index]
    at = np.array(x)
    assert float(scale.inverse(scale.forward(at))) == pytest.approx(x)
    step = 1e-6
    slope = float(scale.forward(at + step) - scale.forward(at - step)) / (2 * step)
    assert float(scale.slope(at)) == pytest.approx(slope, rel=1e-5)
    y = float(scale.forward(at))
    low, high = scale.back(y - 0.1, y + 0.1)
    assert low < x < high


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    a = np.r_[np.ones(30), np.zeros(10)].astype(bool)
    b = np.r_[np.ones(18), np.zeros(12), np.ones(3), np.zeros(7)].astype(bool)
    assert compare.mcnemar(a, b) == pytest.approx(stats.binomtest(12, 15).pvalue)
    assert compare.mcnemar(a, a) == 1.0


def test_nadeau_bengio_by_hand() -> None:
    d = [0.1, 0.2, 0.3]
    mean, (low, high), p = compare.nadeau_bengio(d, 80, 20)
    error = math.sqrt(0.01 * (1 / 3 + 0.25))
    assert mean == pytest.approx(0.2)
    assert high - low == pytest.approx(2 * stats.t.ppf(0.975, 2) * error)
    assert p == pytest.approx(2 * stats.t.sf(0.2 / error, 2))
    assert math.isnan(compare.nadeau_bengio([0.1], 80, 20)[2])


def test_paired_bootstrap_sees_a_difference_and_groups_blur_it() -> None:
    d = np.random.default_rng(0).normal(0.2, 1, 400)
    mean, (low, high), p = compare.paired_bootstrap(d)
    assert low < mean < high
    assert p < 0.01
    repeated = np.repeat(d[:40], 10)
    _, wide, _ = compare.paired_bootstrap(repeated, codes=np.repeat(np.arange(40), 10))
    _, narrow, _ = compare.paired_bootstrap(repeated)
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_paired_areas() -> None:
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.5
    good, poor = y * 2 + rng.normal(size=300), rng.normal(size=300)
    gap, (low, high), p = compare.delong(y, good, poor)
    assert 0 < low < gap < high
    assert p < 1e-6
    assert compare.delong(y, good, good) == (0.0, (0.0, 0.0), 1.0)
    assert math.isnan(compare.delong(np.ones(5, dtype=bool), np.arange(5.0), np.arange(5.0))[0])


def test_resampled_spread_is_the_standard_error() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    rows = np.stack([np.ones(500), x], axis=1)
    values = bootstrap.replicate_values(rows, lambda s: s[..., 1] / s[..., 0], 2000, rng)
    assert values.std() == pytest.approx(x.std() / math.sqrt(500), rel=0.1)
    low, high = bootstrap.percentile(values)
    assert (low, high) == pytest.approx(intervals.t_mean(x), abs=0.02)
    left_out = (x.sum() - x) / 499
    assert bootstrap.bca(values, float(x.mean()), left_out) == pytest.approx((low, high), abs=0.02)
    assert bootstrap.studentised(rows, lambda s: s[..., 1] / s[..., 0], 0.95, rng) == pytest.approx(
        (low, high), abs=0.02
    )
    assert jackknife.standard_error(left_out) == pytest.approx(x.std(ddof=1) / math.sqrt(500))
    assert jackknife.corrected(float(x.mean()), left_out) == pytest.approx(x.mean())


def test_bins_keep_totals_and_are_even() -> None:
    x = np.random.default_rng(0).normal(size=10_007)
    bins = units.random_bins(len(x), 1000, np.random.default_rng(1))
    assert bins.codes is not None
    assert bins.total(x).sum() == pytest.approx(x.sum())
    assert set(np.bincount(bins.codes).tolist()) == {10, 11}


def test_blocks_are_longer_where_neighbours_are_alike() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2000)
    smooth = np.convolve(rng.normal(size=2099), np.ones(100) / 10, "valid")
    assert units.block_length(noise) < 20 < units.block_length(smooth)
    assert units.blocks(2000, units.block_length(noise)).count == units.MOST_BLOCKS
    codes = units.blocks(100, 10.0).codes
    assert codes is not None
    assert np.all(np.diff(codes) >= 0)
    assert np.bincount(codes).tolist() == [10] * 10


def test_effective_count() -> None:
    assert units.effective_count(np.ones(12)) == pytest.approx(12)
    assert units.effective_count(np.r_[100.0, np.ones(50)]) < 1.1


def test_trials_within_alike_groups_are_worth_less() -> None:
    success = np.repeat(np.tile([1.0, 0.0, 1.0], 10), 20)
    groups = units.groups(np.repeat(np.arange(30), 20))
    worth = proportions.effective_trials(success, np.ones(600), groups, 0.95)
    assert 20 < worth <= 30
    alone = proportions.effective_trials(success, np.ones(600), units.single_rows(600), 0.95)
    assert alone == 600


def test_newcombe_stays_honest_at_one() -> None:
    low, high = ranking.newcombe_auc(1.0, 10, 50)
    assert low < 0.95
    assert high == 1.0
    assert ranking.newcombe_auc(0.8, 100, 100)[0] == pytest.approx(0.733, abs=0.01)


def test_planned_widths_are_what_samples_give() -> None:
    assert power.proportion_reach(0.8, 100) == pytest.approx((0.8 - 0.7082, 0.8733 - 0.8), abs=1e-3)
    down, up = power.auc_reach(0.9, 100, 100)
    assert 0.03 < up < down < 0.06
    assert power.least_rows(lambda n: n >= 777) == pytest.approx(777, abs=2)
    assert power.least_rows(lambda n: False) is None
    assert power.relative_reach(1.0, 1.0, 1) == (math.inf, math.inf)
