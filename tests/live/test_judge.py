from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.goal.metrics import metric
from modelwright.goal.metrics.scored import Scored
from modelwright.live import judge
from modelwright.live.judge import Comparison, Difference, comparison, difference
from modelwright.live.promotion import Facts, rule


def answers(truth: np.ndarray, right: float, rng: np.random.Generator) -> Scored:
    """Labels that are right with this chance, row by row."""
    wrong = rng.random(len(truth)) >= right
    labels = np.where(wrong, 1 - truth, truth)
    shares = np.where(labels == 1, 0.8, 0.2)
    return Scored(
        truth=truth,
        labels=labels,
        probabilities=np.column_stack([1 - shares, shares]),
        classes=("no", "yes"),
        positive=1,
    )


def truth(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2, n)


def test_the_shares_of_alpha_never_sum_to_more_than_one_round_may_spend() -> None:
    spent = [judge.alpha_of(k) for k in range(1, 200)]
    assert spent == sorted(spent, reverse=True)
    assert 0.0495 < sum(spent) < judge.ALPHA


def test_a_better_challenger_is_proven_better_and_a_worse_one_worse() -> None:
    rng = np.random.default_rng(0)
    true = truth(400, rng)
    weak, strong = answers(true, 0.7, rng), answers(true, 0.9, rng)
    up = comparison(metric("accuracy"), weak, strong, alpha=0.025)
    down = comparison(metric("accuracy"), strong, weak, alpha=0.025)
    assert up.better
    assert not up.worse
    assert down.worse
    assert not down.better
    assert up.overall.gap == pytest.approx(-down.overall.gap)


def test_errors_are_better_when_lower() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(size=300)
    good = Scored(truth=true, values=true + 0.1 * rng.normal(size=300))
    bad = Scored(truth=true, values=true + rng.normal(size=300))
    assert comparison(metric("mae"), bad, good, alpha=0.025).better
    assert comparison(metric("mae"), good, bad, alpha=0.025).worse
    assert comparison(metric("mae"), bad, good, alpha=0.025).overall.gap < 0


def test_the_same_answers_are_no_difference_and_prove_little_on_few_rows() -> None:
    rng = np.random.default_rng(2)
    for n, proven in ((40, False), (400, True)):
        same = answers(truth(n, rng), 0.8, rng)
        found = comparison(metric("accuracy"), same, same, alpha=0.025)
        assert found.overall.gap == 0
        assert not found.better
        assert not found.worse
        assert found.no_worse is proven, n


def test_the_same_numbers_say_nothing_of_an_error_without_bounds() -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(size=100)
    same = Scored(truth=true, values=true + rng.normal(size=100))
    found = comparison(metric("mae"), same, same, alpha=0.025)
    assert np.isnan(found.overall.low)
    assert not found.no_worse


def test_a_few_lucky_rows_prove_nothing() -> None:
    """Five rows better and none worse: Student's t alone would call that proven."""
    true = np.ones(200, dtype=np.int64)
    old, new = true.copy(), true.copy()
    old[:5] = 0
    found = difference(
        metric("accuracy"),
        Scored(truth=true, labels=old, classes=("no", "yes"), positive=1),
        Scored(truth=true, labels=new, classes=("no", "yes"), positive=1),
        level=0.975,
    )
    assert found.p > 0.025
    assert found.low < 0


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "f1", "log_loss"])
def test_equal_challengers_are_called_better_as_rarely_as_was_said(name: str) -> None:
    rng = np.random.default_rng(4)
    called = 0
    for _ in range(100):
        true = truth(80, rng)
        found = comparison(
            metric(name), answers(true, 0.75, rng), answers(true, 0.75, rng), alpha=judge.alpha_of(1)
        )
        called += found.better
    # alpha is two-sided: one side has 1.25%; five in a hundred would be a chance of 0.1%.
    assert called <= 4


def test_rows_of_one_group_count_once() -> None:
    rng = np.random.default_rng(5)
    base = truth(30, rng)
    weak, strong = answers(base, 0.6, rng), answers(base, 0.85, rng)
    codes = np.repeat(np.arange(30), 20)
    many = [Scored(
        truth=np.repeat(s.truth, 20), labels=np.repeat(s.labels, 20),  # type: ignore[arg-type]
        probabilities=np.repeat(s.probabilities, 20, axis=0),  # type: ignore[arg-type]
        classes=s.classes, positive=1,
    ) for s in (weak, strong)]  # fmt: skip
    single = comparison(metric("accuracy"), *many, alpha=0.025)
    grouped = comparison(metric("accuracy"), *many, alpha=0.025, groups=codes)
    assert grouped.overall.high - grouped.overall.low > 2 * (single.overall.high - single.overall.low)
    assert grouped.overall.p > single.overall.p


def test_harm_of_one_slice_is_found_among_many() -> None:
    rng = np.random.default_rng(6)
    true = truth(1000, rng)
    old, new = answers(true, 0.7, rng), answers(true, 0.95, rng)
    hurt = np.arange(0, 100)
    new.labels[hurt] = np.where(rng.random(100) < 0.7, 1 - true[hurt], true[hurt])  # type: ignore[index]
    slices = [(f"site: {i}", np.arange(100 * i, 100 * (i + 1))) for i in range(10)]
    found = comparison(metric("accuracy"), old, new, alpha=0.025, slices=slices)
    assert found.better
    assert found.harmed == ("site: 0",)


def test_small_slices_are_counted_and_not_tested() -> None:
    rng = np.random.default_rng(7)
    true = truth(100, rng)
    found = comparison(
        metric("accuracy"),
        answers(true, 0.7, rng),
        answers(true, 0.9, rng),
        alpha=0.025,
        slices=[("a", np.arange(9)), ("b", np.arange(9, 100))],
    )
    assert found.too_small == 1
    assert [s.name for s in found.slices] == ["b"]


def test_rows_of_another_truth_are_refused() -> None:
    rng = np.random.default_rng(8)
    with pytest.raises(ValueError, match="same rows"):
        comparison(
            metric("accuracy"),
            answers(truth(50, rng), 0.7, rng),
            answers(truth(50, rng), 0.7, rng),
            alpha=0.025,
        )


# Sixty simulated comparisons, each with a bootstrap.
@pytest.mark.slow
def test_rows_needed_are_about_enough() -> None:
    """With that many rows, a challenger with half the errors is proven better about four times in five.

    It mends most of the champion's errors and makes some of its own, as models of one task do.
    """
    rng = np.random.default_rng(9)
    known = answers(truth(4000, rng), 0.8, rng)
    needed = judge.rows_needed(metric("accuracy"), known, 0.025)
    assert needed is not None
    proven = 0
    for _ in range(60):
        true = truth(needed, rng)
        old = answers(true, 0.8, rng)
        right = old.labels == true
        chance = np.where(right, 1 - 0.0375, 0.65)
        labels = np.where(rng.random(needed) < chance, true, 1 - true)
        new = Scored(truth=true, labels=labels, classes=("no", "yes"), positive=1)
        proven += comparison(metric("accuracy"), old, new, alpha=0.025).better
    assert 0.6 < proven / 60 < 0.95


def test_a_champion_without_errors_cannot_be_beaten() -> None:
    rng = np.random.default_rng(10)
    assert judge.rows_needed(metric("accuracy"), answers(truth(100, rng), 1.0, rng), 0.025) is None


def facts(**changes: Any) -> Facts:
    kept: dict[str, Any] = {
        "low": 0.01, "high": 0.09, "p": 0.001, "harm": (),
        "champion_meets": True, "challenger_meets": True, "released": True,
    } | changes  # fmt: skip
    overall = Difference("all rows", 500, 0.8, 0.85, 0.05, kept["low"], kept["high"], 0.975, kept["p"], "")
    hurt = (50, 0.9, 0.5, -0.4, -0.6, -0.2, 0.95, 1e-5, "", 1e-4)
    slices = tuple(Difference(name, *hurt) for name in kept["harm"])
    compared = Comparison("accuracy", True, None, None, 0.025, 0.02, overall, slices, 0)
    names = ("champion_meets", "challenger_meets", "released", "blockers", "lost", "unlike")
    return Facts(comparison=compared, **{k: kept[k] for k in names if k in kept})


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({}, "promote"),
        ({"released": False}, "keep"),  # better, but the champion meets the goal, and its own run said no
        ({"released": False, "champion_meets": False}, "promote"),
        ({"low": -0.01}, "keep"),
        ({"low": -0.01, "champion_meets": False}, "promote"),  # no worse, and it meets the goal
        ({"low": -0.03, "champion_meets": False}, "keep"),  # it may be worse than the margin allows
        ({"low": -0.01, "champion_meets": False, "challenger_meets": False}, "keep"),
        ({"low": -0.01, "champion_meets": False, "released": False}, "keep"),
        ({"p": 0.03}, "keep"),  # the interval alone is not enough
        ({"harm": ("site: a",)}, "keep"),
        ({"blockers": ("leak",)}, "keep"),
        ({"lost": ("latency_p99 <= 1ms",)}, "keep"),
        ({"unlike": 0.1}, "keep"),
        ({"low": float("nan"), "high": float("nan")}, "keep"),
    ],
)
def test_the_rule(changes: dict[str, Any], action: str) -> None:
    found = rule(facts(**changes))
    assert found.action == action, found.because
    assert found.because


@given(
    low=st.floats(-1, 1),
    width=st.floats(0, 1),
    p=st.floats(0, 1),
    meets=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    harm=st.booleans(),
)
def test_nothing_is_promoted_that_is_neither_better_nor_no_worse(
    low: float, width: float, p: float, meets: tuple[bool, bool, bool], harm: bool
) -> None:
    given_ = facts(
        low=low, high=low + width, p=p, harm=("a",) if harm else (),
        champion_meets=meets[0], challenger_meets=meets[1], released=meets[2],
    )  # fmt: skip
    if rule(given_).action == "promote":
        assert not harm
        assert given_.comparison.better or (given_.comparison.no_worse and not meets[0])
