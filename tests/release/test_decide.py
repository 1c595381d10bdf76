from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.records.evidence import Finding
from modelwright.core.records.models import GraphCheck
from modelwright.core.records.verdict import CriterionResult, Verdict
from modelwright.goal.sections import Criterion, SuccessSection
from modelwright.release.decide import decide, on_good_side, worst

GOOD = GraphCheck(100, 20, 1e-7, 1e-5, 0, True)
BAD = GraphCheck(100, 20, 0.2, 1e-5, 3, False)
LEAK = Finding("leak.golden-feature", "blocker", "grade gives the target away", "leave it out", "grade")
ASKED = (Criterion("accuracy >= 0.8", "accuracy", ">=", 0.8), Criterion("recall >= 0.5", "recall", ">=", 0.5))
PROVEN = SuccessSection(ASKED)
POINT = SuccessSection(ASKED, policy="point")


def result(
    verdict: Verdict, *, value: float = 0.85, criterion: str = "accuracy >= 0.8", point: bool | None = None
) -> CriterionResult:
    return CriterionResult(
        criterion, value, value - 0.1, value + 0.1, 200, verdict, "so it is", point_met=point
    )


def test_met_is_released() -> None:
    made = decide(PROVEN, (result("met"), result("met", criterion="recall >= 0.5")), (), GOOD)
    assert (made.verdict, made.released, made.forced) == ("met", True, False)
    assert made.reason.startswith(
        "Released. All 2 criteria are met: accuracy >= 0.8 at 0.85 (between 0.75 and 0.95);"
    )


@pytest.mark.parametrize("verdict", ["not met", "unproven"])
def test_anything_else_is_not(verdict: Verdict) -> None:
    made = decide(PROVEN, (result("met", criterion="recall >= 0.5"), result(verdict)), (), GOOD)
    assert (made.verdict, made.released) == (verdict, False)
    assert made.reason == f"Not released. 1 of 2 criteria is met. accuracy >= 0.8 is {verdict}: so it is."


def test_the_whole_is_the_worst_of_its_parts() -> None:
    assert worst((result("met"), result("unproven"), result("not met"))) == "not met"
    assert worst((result("unproven"), result("met"))) == "unproven"
    assert worst(()) == "unproven"


def test_how_many_more_rows_would_settle_it_is_said_once() -> None:
    more = replace(result("unproven"), more_rows=120)
    assert "about 120 more test rows would settle it" in decide(PROVEN, (more,), (), GOOD).reason
    said = replace(more, why="it straddles; about 120 more test rows would settle it, were the value to stay")
    assert decide(PROVEN, (said,), (), GOOD).reason.count("more test row") == 1


def test_times_and_sizes_have_their_units() -> None:
    fast = replace(result("met", criterion="latency_p99 <= 20ms"), value=0.00017, low=0.00014, high=0.0042)
    small = replace(result("met", criterion="size <= 50MB"), value=1.4e6, low=1.4e6, high=1.4e6)
    reason = decide(PROVEN, (fast, small), (), GOOD).reason
    assert "latency_p99 <= 20ms at 0.17 ms (between 0.14 ms and 4.2 ms); size <= 50MB at 1.4 MB." in reason


def test_nothing_measured_is_not_released() -> None:
    made = decide(SuccessSection(), (), (), GOOD)
    assert (made.verdict, made.released) == ("unproven", False)
    assert "nothing is proven" in made.reason


def test_a_blocker_blocks_a_model_that_meets_everything() -> None:
    made = decide(PROVEN, (result("met"),), (LEAK,), GOOD)
    assert (made.verdict, made.released) == ("met", False)
    assert made.reason == (
        "Not released. accuracy >= 0.8 is met: so it is. 1 finding blocks the release. "
        "leak.golden-feature (grade): grade gives the target away. To mend it: leave it out."
    )


def test_point_releases_what_is_unproven_on_the_good_side() -> None:
    made = decide(POINT, (result("unproven"),), (), GOOD)
    assert (made.verdict, made.released) == ("unproven", True)
    assert "success_policy: point" in made.reason
    below = decide(POINT, (result("unproven", value=0.79),), (), GOOD)
    assert (below.verdict, below.released) == ("unproven", False)
    assert "good side" in below.reason


def test_point_asks_every_slice() -> None:
    sliced = SuccessSection(
        (Criterion("recall >= 0.5 by sex", "recall", ">=", 0.5, by="sex"),), policy="point"
    )
    for judged, released in ((True, True), (False, False), (None, False)):
        part = result("unproven", value=0.6, criterion="recall >= 0.5 by sex", point=judged)
        assert decide(sliced, (part,), (), GOOD).released is released


def test_force_carries_the_verdict() -> None:
    made = decide(PROVEN, (result("not met"),), (LEAK,), GOOD, forced=True)
    assert (made.verdict, made.released, made.forced) == ("not met", True, True)
    assert made.reason.startswith("Forced:")
    assert "leak.golden-feature" in made.reason


def test_force_that_was_not_needed_is_none() -> None:
    assert decide(PROVEN, (result("met"),), (), GOOD, forced=True).forced is False


def test_a_graph_that_differs_is_never_released() -> None:
    for forced in (False, True):
        made = decide(PROVEN, (result("met"),), (), BAD, forced=forced)
        assert (made.verdict, made.released, made.forced) == ("met", False, False)
        assert "120 rows" in made.reason
        assert "3 labels differ" in made.reason


@given(
    st.sampled_from([">=", ">", "<=", "<"]),
    st.floats(-10, 10) | st.just(math.nan),
    st.sampled_from([-1.0, 0.0, 0.5]),
)
def test_the_good_side(op: str, value: float, threshold: float) -> None:
    asked = Criterion("x", "x", op, threshold)  # type: ignore[arg-type]
    found = on_good_side(result("unproven", value=value, criterion="x"), (asked,))
    strict = {
        ">=": value > threshold,
        ">": value > threshold,
        "<=": value < threshold,
        "<": value < threshold,
    }[op]
    assert found is (strict or (value == threshold and "=" in op))


@given(st.lists(st.sampled_from(["met", "not met", "unproven"]), max_size=4), st.booleans(), st.booleans())
def test_every_reason_is_whole_sentences(verdicts: list[Verdict], forced: bool, blocked: bool) -> None:
    made = decide(PROVEN, tuple(map(result, verdicts)), (LEAK,) if blocked else (), GOOD, forced=forced)
    assert made.reason[0].isupper()
    assert made.reason.endswith(".")
    assert ".." not in made.reason
    assert made.released is ((bool(verdicts) and set(verdicts) == {"met"} and not blocked) or forced)
