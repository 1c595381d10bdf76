"""What can be proven before anything is computed agrees with what is proven once it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modelwright.evidence.estimate import estimate
from modelwright.evidence.judge import judge
from modelwright.evidence.provable import best_test_size, plausible, provable
from modelwright.goal.metrics import METRICS, Scored, metric


def test_planned_width_of_accuracy_is_the_one_that_comes() -> None:
    truth = np.zeros(400, dtype=np.int64)
    labels = np.r_[np.zeros(340), np.ones(60)].astype(np.int64)
    e = estimate(metric("accuracy"), Scored(truth, labels, classes=("a", "b")))
    plan = provable("accuracy >= 0.8", metric("accuracy"), ">=", 0.8, 400, assumed=0.85)
    assert plan.half_width == pytest.approx((e.high - e.low) / 2)
    assert plan.provable == (judge("accuracy >= 0.8", ">=", 0.8, e).verdict == "met")


def test_rows_needed_is_the_turning_point() -> None:
    plan = provable("accuracy >= 0.9", metric("accuracy"), ">=", 0.9, 100)
    assert not plan.provable
    assert plan.rows_needed is not None
    assert f"{plan.rows_needed} test rows would prove it" in plan.why
    assert provable("accuracy >= 0.9", metric("accuracy"), ">=", 0.9, round(plan.rows_needed * 1.05)).provable
    assert not provable(
        "accuracy >= 0.9", metric("accuracy"), ">=", 0.9, round(plan.rows_needed * 0.8)
    ).provable


def test_few_groups_prove_little_and_one_group_nothing() -> None:
    def half(groups: int) -> float:
        return provable("r2 >= 0.8", metric("r2"), ">=", 0.8, 430, groups=groups).half_width

    assert half(4) > 1.5 * half(40)
    assert half(1) == math.inf
    assert not provable("mae <= 4", metric("mae"), "<=", 4.0, 4000, slice_shares=(0.9, 0.0002)).provable


def test_rare_classes_small_slices_and_groups_need_more_rows() -> None:
    def needed(**more: object) -> int:
        plan = provable("recall >= 0.8", metric("recall"), ">=", 0.8, 100, positive=1, **more)  # type: ignore[arg-type]
        assert plan.rows_needed is not None
        return plan.rows_needed

    even = needed(shares=(0.5, 0.5))
    assert needed(shares=(0.95, 0.05)) > 8 * even
    assert needed(shares=(0.5, 0.5), slice_shares=(0.9, 0.1)) > 8 * even
    assert needed(shares=(0.5, 0.5), groups=5) > 2 * even


def test_a_truth_on_the_bad_side_is_never_provable() -> None:
    plan = provable("accuracy >= 0.9", metric("accuracy"), ">=", 0.9, 10_000, assumed=0.85)
    assert not plan.provable
    assert plan.rows_needed is None


def test_resources_do_not_rest_on_rows() -> None:
    assert provable("size <= 1MB", metric("size"), "<=", 1e6, 10).provable


def test_every_metric_can_be_planned() -> None:
    for spec in METRICS.values():
        op, threshold = (">=", 0.7) if spec.higher_is_better else ("<=", 0.3)
        small = provable(spec.name, spec, op, threshold, 20, shares=(0.6, 0.4), positive=1)  # type: ignore[arg-type]
        large = provable(spec.name, spec, op, threshold, 10**6, shares=(0.6, 0.4), positive=1)  # type: ignore[arg-type]
        assert large.provable, spec.name
        if spec.needs != "resource":
            better = plausible(spec, op, threshold)  # type: ignore[arg-type]
            assert (better > threshold) == spec.higher_is_better
            assert large.half_width < small.half_width or math.isinf(small.half_width), spec.name


def test_the_test_part_grows_where_that_proves_more() -> None:
    assert best_test_size(100_000, [("accuracy", ">=", 0.9)])[0] == 0.15
    size, why = best_test_size(2000, [("accuracy", ">=", 0.9)])
    assert 0.15 < size <= 0.4
    assert "all that is asked" in why
    size, why = best_test_size(50, [("accuracy", ">=", 0.99)])
    assert size == 0.15
    assert "0 of 1" in why
    assert best_test_size(500, [])[0] == 0.15
