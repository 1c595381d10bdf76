"""The decision: the verdict as the worst of its parts, and whether that is enough to release."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.core.records.evidence import Finding
from modelwright.core.records.models import GraphCheck
from modelwright.core.records.verdict import CriterionResult, Verdict
from modelwright.goal.sections import Criterion, SuccessSection
from modelwright.release import words

_RANK: dict[Verdict, int] = {"met": 0, "unproven": 1, "not met": 2}
_GOOD = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    released: bool
    forced: bool
    reason: str


def worst(results: Sequence[CriterionResult]) -> Verdict:
    """The verdict on the whole; ``unproven`` where nothing was judged."""
    return max((r.verdict for r in results), key=_RANK.__getitem__, default="unproven")


def on_good_side(result: CriterionResult, criteria: Sequence[Criterion]) -> bool:
    """Whether the value alone satisfies its criterion; with ``by``, the value of every slice."""
    if result.verdict == "met":
        return True
    if result.point_met is not None:
        return result.point_met
    asked = next((c for c in criteria if c.text == result.criterion), None)
    # The value of a criterion with ``by`` is that of one slice, which does not speak for the others.
    if asked is None or asked.by is not None:
        return False
    return bool(_GOOD[asked.op](result.value, asked.threshold))


def decide(
    success: SuccessSection,
    results: Sequence[CriterionResult],
    blockers: Sequence[Finding],
    check: GraphCheck,
    *,
    forced: bool = False,
) -> Decision:
    """Released when the goal's policy is satisfied and nothing blocks, or by force; never with a graph that
    failed its check."""
    verdict = worst(results)
    told = words.of_criteria(results)
    if not check.passed:
        return Decision(verdict, False, False, f"Not released. {words.of_check(check)} {told}")
    point = success.policy == "point"
    good = bool(results) and (
        all(on_good_side(r, success.criteria) for r in results) if point else verdict == "met"
    )
    if good and not blockers:
        if verdict == "met":
            return Decision(verdict, True, False, f"Released. {told}")
        lead = "Released, as success_policy: point asks for no more than values on the good side."
        return Decision(verdict, True, False, f"{lead} {told}")
    said = " ".join(part for part in (told, words.of_blockers(blockers)) if part)
    if point and not good and verdict != "not met":
        said += " With success_policy: point every value must be on the good side of its threshold."
    if forced:
        return Decision(
            verdict, True, True, f"Forced: released on request, although the goal's policy says no. {said}"
        )
    return Decision(verdict, False, False, f"Not released. {said}")
