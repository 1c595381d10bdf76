"""Estimates: the right method for form and rows, exact where exactness exists, a reason where none."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from modelwright.evidence.estimate import compare, estimate, estimate_calls, estimate_exact, level_for
from modelwright.goal.metrics import Scored, metric, metrics_for


def binary(n: int, seed: int = 0, apart: float = 2.0) -> Scored:
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(np.int64)
    p = 1 / (1 + np.exp(-(apart * truth - apart / 2 + rng.normal(size=n))))
    costs = np.array([[0.0, 1.0], [5.0, 0.0]])
    return Scored(truth, (p > 0.5).astype(np.int64), np.c_[1 - p, p], None, None, ("no", "yes"), 1, costs)


def numbers(n: int, seed: int = 0) -> Scored:
    rng = np.random.default_rng(seed)
    truth = 5 + rng.normal(size=n)
    return Scored(truth, values=truth + rng.normal(0, 0.5, n))


def test_accuracy_of_single_rows_is_the_exact_binomial_interval() -> None:
    s = binary(200)
    right = int(np.sum(s.truth == s.labels))
    expected = stats.binomtest(right, 200).proportion_ci(0.95, "exact")
    e = estimate(metric("accuracy"), s)
    assert (e.low, e.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert (e.method, e.n, e.value) == ("exact", 200, right / 200)


def test_recall_rests_on_the_rows_of_its_class() -> None:
    s = binary(200)
    assert estimate(metric("recall"), s).n == int(s.truth.sum())


def test_f1_is_exact_through_jaccards_index() -> None:
    s = binary(150)
    assert s.labels is not None
    hits, either = int(np.sum(s.truth & s.labels)), int(np.sum(s.truth | s.labels))
    j = stats.binomtest(hits, either).proportion_ci(0.95, "exact")
    e = estimate(metric("f1"), s)
    assert (e.low, e.high) == pytest.approx((2 * j.low / (1 + j.low), 2 * j.high / (1 + j.high)), abs=1e-9)


def test_auc_variance_is_delongs() -> None:
    s = binary(400, apart=1.0)
    assert s.probabilities is not None
    scores = s.probabilities[:, 1]
    pos, neg = scores[s.truth == 1], scores[s.truth == 0]
    wins = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    auc = roc_auc_score(s.truth, scores)
    v10, v01 = wins.mean(axis=1), wins.mean(axis=0)
    variance = np.mean((v10 - auc) ** 2) / len(pos) + np.mean((v01 - auc) ** 2) / len(neg)
    influence = metric("roc_auc").of(s).influence()
    assert float(np.sum(influence**2)) == pytest.approx(variance)
    e = estimate(metric("roc_auc"), s)
    assert e.method == "delong"
    assert e.low < auc < e.high


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("how", [{}, {"groups": np.arange(300) // 5}, {"time_order": True}])
def test_every_metric_has_an_interval_around_its_value(kind: str, how: dict[str, object]) -> None:
    s = binary(300) if kind == "binary" else numbers(300)
    for spec in metrics_for(kind):
        e = estimate(spec, s, **how)  # type: ignore[arg-type]
        assert e.low <= e.value <= e.high, spec.name
        assert e.high > e.low, spec.name
        wider = estimate(spec, s, level=0.99, **how)  # type: ignore[arg-type]
        assert wider.low <= e.low + 1e-3, spec.name
        assert wider.high >= e.high - 1e-3, spec.name
        assert estimate(spec, s, **how) == e, "the same seed gives the same interval"  # type: ignore[arg-type]


def test_rows_that_repeat_within_groups_prove_less() -> None:
    s = binary(60)
    many = s.take(np.repeat(np.arange(60), 10))
    for name in ("accuracy", "roc_auc", "brier", "mcc", "balanced_accuracy"):
        alone = estimate(metric(name), many)
        grouped = estimate(metric(name), many, groups=np.repeat(np.arange(60), 10))
        once = estimate(metric(name), s)
        assert grouped.high - grouped.low > 2 * (alone.high - alone.low), name
        assert grouped.high - grouped.low == pytest.approx(once.high - once.low, rel=0.5), name
        assert grouped.method.endswith("-group")


def test_groups_of_one_row_are_single_rows() -> None:
    s = binary(100)
    assert estimate(metric("accuracy"), s, groups=np.arange(100)) == estimate(metric("accuracy"), s)


def test_perfection_on_few_rows_is_not_certainty() -> None:
    truth = np.r_[np.zeros(20), np.ones(10)].astype(np.int64)
    p = np.where(truth == 1, 0.9, 0.1)
    s = Scored(truth, truth, np.c_[1 - p, p], classes=("no", "yes"), positive=1)
    for name in ("accuracy", "recall", "f1", "roc_auc", "pr_auc", "mcc", "balanced_accuracy"):
        e = estimate(metric(name), s)
        assert e.value == 1.0, name
        assert e.low < 0.9, name
        assert e.high == 1.0, name
    cost = Scored(truth, truth, classes=("no", "yes"), positive=1, costs=np.array([[0.0, 1.0], [5.0, 0.0]]))
    assert estimate(metric("cost"), cost).high > 0.1


def test_perfection_in_few_groups_is_less_certain_still() -> None:
    truth = np.tile([0, 1], 500).astype(np.int64)
    s = Scored(truth, truth, classes=("no", "yes"), positive=1)
    assert estimate(metric("accuracy"), s).low > 0.99
    assert estimate(metric("accuracy"), s, groups=np.repeat(np.arange(10), 100)).low < 0.8


def test_one_group_gives_no_interval_and_says_so() -> None:
    e = estimate(metric("roc_auc"), binary(100), groups=np.zeros(100))
    assert math.isnan(e.low)
    assert "too few independent groups (1)" in e.method


def test_one_class_gives_no_interval_and_says_so() -> None:
    s = binary(100)
    e = estimate(metric("roc_auc"), s.take(s.truth == 1))
    assert math.isnan(e.value)
    assert e.method == "the rows are of one class"


def test_no_rows_gives_no_interval() -> None:
    for name in ("accuracy", "f1", "roc_auc", "log_loss", "mcc", "ece"):
        e = estimate(metric(name), binary(10).take(np.zeros(10, dtype=bool)))
        assert math.isnan(e.low), name
        assert e.method, name


def test_a_single_row_gives_no_interval() -> None:
    assert math.isnan(estimate(metric("rmse"), numbers(1)).low)


def test_weights_lower_what_rows_are_worth() -> None:
    s = binary(400)
    w = np.random.default_rng(1).exponential(size=400) ** 2
    heavy = Scored(s.truth, s.labels, s.probabilities, None, w, s.classes, 1)
    even, uneven = estimate(metric("accuracy"), s), estimate(metric("accuracy"), heavy)
    assert uneven.high - uneven.low > even.high - even.low


# Sixty simulated tables, each with a bootstrap.
@pytest.mark.slow
def test_a_calibrated_model_is_seldom_proven_uncalibrated() -> None:
    proven, values = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        p = rng.random(200)
        truth = (rng.random(200) < p).astype(np.int64)
        s = Scored(truth, (p > 0.5).astype(np.int64), np.c_[1 - p, p], classes=("no", "yes"), positive=1)
        e = estimate(metric("ece"), s)
        values.append(e.value)
        proven += e.low > 0
    assert np.mean(values) > 0.05  # the plain statistic is far from the truth, which is 0
    assert proven <= 5


def test_compare_pairs_rows() -> None:
    s, worse = binary(300, apart=3.0), binary(300, apart=0.5)
    assert np.array_equal(s.truth, worse.truth)
    for name in ("roc_auc", "accuracy", "brier"):
        gap, p = compare(metric(name), s, worse)
        assert gap.value == pytest.approx(metric(name).compute(s) - metric(name).compute(worse))
        assert p < 0.01
        assert gap.low <= gap.value <= gap.high
        grouped, _ = compare(metric(name), s, worse, groups=np.arange(300) // 30)
        assert grouped.method == "paired-group" or name == "accuracy"
    nothing, p = compare(metric("roc_auc"), s, s)
    assert (nothing.value, nothing.low, nothing.high, p) == (0.0, 0.0, 0.0, 1.0)


def test_compare_refuses_other_rows() -> None:
    with pytest.raises(ValueError, match="same rows"):
        compare(metric("accuracy"), binary(100, seed=1), binary(100, seed=2))


def test_p99_of_few_calls_has_no_upper_end() -> None:
    calls = np.random.default_rng(0).exponential(0.001, 400)
    spec = metric("latency_p99")
    assert math.isinf(estimate_calls(spec, calls[:300]).high)
    e = estimate_calls(spec, calls)
    assert e.low < e.value < e.high == calls.max()
    assert math.isnan(estimate_calls(spec, []).value)


def test_counted_quantities_are_their_own_interval() -> None:
    e = estimate_exact(5e6)
    assert (e.low, e.value, e.high) == (5e6, 5e6, 5e6)


def test_level_follows_openings() -> None:
    assert [level_for(k) for k in (0, 1, 2, 5)] == pytest.approx([0.95, 0.95, 0.975, 0.99])


def test_too_few_groups_for_a_loss_gives_no_interval() -> None:
    e = estimate(metric("rmse"), numbers(100), groups=np.arange(100) % 5)
    assert math.isnan(e.low)
    assert e.method.startswith("5 groups are too few")


@pytest.mark.slow  # every metric three ways on 100,000 rows, to catch a method whose cost grows badly
def test_large_tables_stay_quick() -> None:
    s, v = binary(100_000), numbers(100_000)
    for kind, scored in (("binary", s), ("regression", v)):
        for spec in metrics_for(kind):
            for how in ({}, {"groups": np.arange(100_000) // 7}, {"time_order": True}):
                start = time.process_time()
                estimate(spec, scored, **how)  # type: ignore[arg-type]
                assert time.process_time() - start < 10.0, (spec.name, list(how))
