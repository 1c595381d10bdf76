"""Why a run was released or not, in plain whole sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelwright.core.records.evidence import Finding
from modelwright.core.records.models import GraphCheck
from modelwright.core.records.verdict import CriterionResult
from modelwright.goal.units import written


def count(n: int, one: str, many: str = "") -> str:
    """ "1 row", "2 rows"."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def figure(value: float) -> str:
    """A number as people read it; "no value" where there is none."""
    if math.isnan(value):
        return "no value"
    return f"{value:,.0f}" if abs(value) >= 100_000 and math.isfinite(value) else f"{value:.4g}"


def measured(result: CriterionResult) -> str:
    """The value with its interval and what it rests on."""
    if result.n == 0 or math.isnan(result.value):
        return "nothing was measured"
    plain = written(1.0, result.criterion) == "1"
    value, low, high = (
        figure(v) if plain else written(v, result.criterion) for v in (result.value, result.low, result.high)
    )
    known = not (math.isnan(result.low) or math.isnan(result.high)) and result.low < result.high
    return f"{value} (between {low} and {high})" if known else value


def of_criterion(result: CriterionResult) -> str:
    """One criterion and why it is met, not met or unproven."""
    why = result.why or measured(result)
    more = ""
    if result.verdict == "unproven" and result.more_rows is not None and "more test row" not in why:
        more = f"; about {count(result.more_rows, 'more test row')} would settle it"
    return f"{result.criterion} is {result.verdict}: {why.rstrip('.')}{more}."


def of_criteria(results: Sequence[CriterionResult]) -> str:
    """All criteria: the ones that are met in one breath, each other one with its reason."""
    if not results:
        return "No criterion could be measured, so nothing is proven."
    others = [r for r in results if r.verdict != "met"]
    if not others:
        if len(results) == 1:
            return of_criterion(results[0])
        each = "; ".join(f"{r.criterion} at {measured(r)}" for r in results)
        return f"All {len(results)} criteria are met: {each}."
    met = len(results) - len(others)
    head = (
        f"{met} of {count(len(results), 'criterion', 'criteria')} {'is' if met == 1 else 'are'} met. "
        if met
        else ""
    )
    order = sorted(others, key=lambda r: r.verdict != "not met")
    return head + " ".join(of_criterion(r) for r in order)


def of_blockers(findings: Sequence[Finding]) -> str:
    """What blocks the release, and what to do about each."""
    if not findings:
        return ""
    said = []
    for found in findings:
        where = f" ({found.column})" if found.column else ""
        said.append(
            f"{found.code}{where}: {found.message.rstrip('.')}. To mend it: {found.remedy.rstrip('.')}."
        )
    return f"{count(len(findings), 'finding blocks', 'findings block')} the release. " + " ".join(said)


def of_check(check: GraphCheck) -> str:
    """Why a graph that is not the model may not ship."""
    rows = check.rows + check.hard_rows
    return (
        f"The exported graph does not agree with the models that it was made from: on {count(rows, 'row')} "
        f"(of which {check.hard_rows} were made to be hard) the largest difference is "
        f"{check.largest_difference:.2g}, where {check.tolerance:.2g} is allowed, and "
        f"{count(check.labels_differing, 'label differs', 'labels differ')} outside that tolerance. "
        "Such a graph is never released, not even by force."
    )
