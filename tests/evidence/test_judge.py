"""Verdicts: which side of the threshold the interval is on, slices with Holm, and what would settle it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.records.evidence import Estimate
from modelwright.evidence.judge import (
    judge,
    judge_against_baseline,
    judge_slices,
    overall,
    satisfied,
    unproven,
)


def of(value: float, half: float, n: int = 100, level: float = 0.95) -> Estimate:
    return Estimate(value, value - half, value + half, n, level)


@pytest.mark.parametrize(
    ("op", "threshold", "verdict"),
    [
        (">=", 0.7, "met"), (">=", 0.75, "met"), (">", 0.75, "unproven"), (">=", 0.8, "unproven"),
        (">=", 0.85, "unproven"), (">", 0.85, "not met"), (">=", 0.9, "not met"),
        ("<=", 0.9, "met"), ("<=", 0.85, "met"), ("<", 0.85, "unproven"), ("<=", 0.8, "unproven"),
        ("<=", 0.75, "unproven"), ("<", 0.75, "not met"), ("<=", 0.7, "not met"),
    ],
)  # fmt: skip
def test_verdict_is_the_side_of_the_threshold(op: str, threshold: float, verdict: str) -> None:
    e = Estimate(0.8, 0.75, 0.85, 100)
    assert judge("m", op, threshold, e).verdict == verdict  # type: ignore[arg-type]


def test_no_interval_is_unproven_and_says_why() -> None:
    result = judge(
        "roc_auc >= 0.9", ">=", 0.9, Estimate(0.95, math.nan, math.nan, 10, 0.95, "too few groups (1)")
    )
    assert result.verdict == "unproven"
    assert "too few groups (1)" in result.why
    assert result.more_rows is None
    assert result.point_met


def test_more_rows_follow_the_square_of_the_distance() -> None:
    # Half of the interval is twice the distance to the threshold: four times the rows.
    result = judge("accuracy >= 0.8", ">=", 0.8, of(0.85, 0.1), rows=400)
    assert result.more_rows == pytest.approx(1200, abs=1)
    assert f"{result.more_rows} more test rows" in result.why
    assert judge("m", ">=", 0.8, of(0.8, 0.1)).more_rows is None


def test_an_open_end_is_unproven_on_that_side_only() -> None:
    e = Estimate(0.010, 0.008, math.inf, 300)
    assert judge("latency_p99 <= 20ms", "<=", 0.020, e).verdict == "unproven"
    assert judge("latency_p99 <= 5ms", "<=", 0.005, e).verdict == "not met"


def test_times_and_sizes_are_said_in_their_units() -> None:
    said = judge("latency_p99 <= 20ms", "<=", 0.020, Estimate(0.00017, 0.00014, 0.0042, 600)).why
    limit, found = said.split(": ")
    assert limit == "the whole interval is on the good side of 20 ms"
    assert found == "0.17 ms, between 0.14 ms and 4.2 ms at 0.95, on 600 rows"
    size = judge("size <= 50MB", "<=", 5e7, Estimate(1_396_493.0, 1_396_493.0, 1_396_493.0, 1))
    assert size.why == "the whole interval is on the good side of 50 MB: 1.4 MB, exactly"


def test_slices_are_met_only_together() -> None:
    good = [("a", of(0.9, 0.05)), ("b", of(0.88, 0.05))]
    assert judge_slices("recall >= 0.8 by sex", ">=", 0.8, good).verdict == "met"
    result = judge_slices("recall >= 0.8 by sex", ">=", 0.8, [*good, ("c", of(0.85, 0.2, n=9))], rows=100)
    assert result.verdict == "unproven"
    assert (result.value, result.n) == (0.85, 9)
    assert result.more_rows == 100 * 16 - 100
    assert "c: " in result.why


def test_a_small_slice_without_interval_is_unproven() -> None:
    slices = [("a", of(0.9, 0.05)), ("b", Estimate(math.nan, math.nan, math.nan, 0, 0.95, "no rows"))]
    result = judge_slices("m", ">=", 0.8, slices)
    assert result.verdict == "unproven"
    assert not result.point_met


def test_a_slice_fails_only_after_holm() -> None:
    # Just beyond 0.8 at 95%, but not at the level that eight looks ask for.
    barely = ("bad", of(0.7, 0.095))
    fine = [(f"s{i}", of(0.9, 0.02)) for i in range(7)]
    assert judge_slices("m", ">=", 0.8, [barely]).verdict == "not met"
    result = judge_slices("m", ">=", 0.8, [barely, *fine])
    assert result.verdict == "unproven"
    clear = judge_slices("m", ">=", 0.8, [("bad", of(0.7, 0.05)), *fine])
    assert clear.verdict == "not met"
    assert clear.why.startswith("bad fails")


def test_holm_steps_down_with_levels_asked_of_the_estimator() -> None:
    asked: list[tuple[str, float]] = []

    def at_level(name: str, level: float) -> Estimate:
        asked.append((name, level))
        return of(0.5, 0.1, level=level)

    slices = [("a", of(0.5, 0.1)), ("b", of(0.5, 0.1)), ("c", of(0.9, 0.05))]
    result = judge_slices("m", ">=", 0.8, slices, at_level=at_level)
    assert [s.verdict for s in result.slices] == ["not met", "not met", "met"]
    assert [(n, round(1 - v, 6)) for n, v in asked] == [("a", round(0.05 / 3, 6)), ("b", round(0.05 / 3, 6))]


def test_no_slice_is_unproven() -> None:
    assert judge_slices("m by x", ">=", 0.8, []).verdict == "unproven"


def test_beating_a_baseline() -> None:
    assert judge_against_baseline("majority", "roc_auc", True, of(0.1, 0.05)).verdict == "met"
    assert judge_against_baseline("mean", "rmse", False, of(0.1, 0.05)).verdict == "not met"
    assert judge_against_baseline("mean", "rmse", False, of(0.0, 0.05)).verdict == "unproven"


def test_the_whole_is_the_worst_of_its_parts() -> None:
    met, bad = judge("a", ">=", 0.5, of(0.9, 0.1)), judge("b", ">=", 0.95, of(0.5, 0.1))
    open_ = unproven("c", "no test rows")
    assert overall([met]) == "met"
    assert overall([met, open_]) == "unproven"
    assert overall([met, open_, bad]) == "not met"
    assert overall([]) == "unproven"


def test_the_point_policy_asks_for_values_alone() -> None:
    wide = judge("a", ">=", 0.8, of(0.85, 0.1))
    assert not satisfied([wide])
    assert satisfied([wide], "point")
    assert not satisfied([wide, unproven("c", "no test rows")], "point")
    assert not satisfied([], "point")


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 5), st.floats(-10, 10))
def test_opposite_demands_are_never_both_met(value: float, down: float, up: float, threshold: float) -> None:
    e = Estimate(value, value - down, value + up, 50)
    above, below = judge("m", ">=", threshold, e).verdict, judge("m", "<", threshold, e).verdict
    assert {above, below} in ({"met", "not met"}, {"unproven"})
