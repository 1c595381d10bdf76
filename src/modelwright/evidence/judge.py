"""From estimates to a verdict: met, not met or unproven, and what would settle it.

The judge knows numbers and thresholds alone: an operator, a threshold, and one estimate or one a slice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from modelwright.core.records.evidence import Estimate
from modelwright.goal.units import written
from modelwright.stats.intervals import normal_quantile

Verdict = Literal["met", "not met", "unproven"]
Op = Literal[">=", ">", "<=", "<"]
AtLevel = Callable[[str, float], Estimate]
"""From a slice's name and a level to its estimate at that level."""

_RANK: dict[Verdict, int] = {"met": 0, "unproven": 1, "not met": 2}


@dataclass(frozen=True, slots=True)
class SliceResult:
    """One slice of a criterion with ``by``."""

    name: str
    value: float
    low: float
    high: float
    n: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion, judged. For a criterion with ``by`` the numbers are those of the slice that decides."""

    criterion: str
    value: float
    low: float
    high: float
    n: int
    verdict: Verdict
    why: str
    more_rows: int | None = None
    """How many further test rows would settle it, were the value to stay; None where none or no number would.
    """
    point_met: bool = False
    """Whether the value itself (or that of every slice) is on the good side: what ``success_policy: point``
    asks."""
    slices: tuple[SliceResult, ...] = ()


def side(op: Op, threshold: float, estimate: Estimate) -> Verdict:
    """``met`` where the interval lies wholly on the good side of the threshold, ``not met`` wholly on the
    bad."""
    if math.isnan(estimate.low) or math.isnan(estimate.high) or math.isnan(estimate.value):
        return "unproven"
    if op == ">=":
        return "met" if estimate.low >= threshold else "not met" if estimate.high < threshold else "unproven"
    if op == ">":
        return "met" if estimate.low > threshold else "not met" if estimate.high <= threshold else "unproven"
    if op == "<=":
        return "met" if estimate.high <= threshold else "not met" if estimate.low > threshold else "unproven"
    return "met" if estimate.high < threshold else "not met" if estimate.low >= threshold else "unproven"


def point_met(op: Op, threshold: float, value: float) -> bool:
    """Whether the value alone satisfies the criterion; never for NaN."""
    return {
        ">=": value >= threshold,
        ">": value > threshold,
        "<=": value <= threshold,
        "<": value < threshold,
    }[op]


def judge(
    criterion: str,
    op: Op,
    threshold: float,
    estimate: Estimate,
    *,
    rows: int | None = None,
    by_rows: bool = True,
) -> CriterionResult:
    """The verdict on one estimate. ``rows`` is the number of test rows, of which ``estimate.n`` carry the
    metric. ``by_rows`` is false for what is not measured on test rows (latency, size): no row settles it."""
    verdict = side(op, threshold, estimate)
    more = _more_rows(threshold, estimate, rows) if by_rows and verdict == "unproven" else None
    why = _why(criterion, verdict, threshold, estimate, more)
    if verdict == "unproven" and not by_rows:
        why += "; measure it again while the machine does nothing else"
    return CriterionResult(
        criterion,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        verdict,
        why,
        more,
        point_met(op, threshold, estimate.value),
    )


def judge_slices(
    criterion: str,
    op: Op,
    threshold: float,
    slices: Sequence[tuple[str, Estimate]],
    *,
    rows: int | None = None,
    at_level: AtLevel | None = None,
) -> CriterionResult:
    """The verdict on a criterion ``by COLUMN``, from the estimate of every slice.

    Met if every slice is met: all must pass, so none needs a correction. Not met if any slice fails after
    Holm's correction (1979): the j-th of m failures counts at level 1 - (1 - level)/(m - j + 1). Otherwise
    unproven. ``at_level`` estimates a slice at another level; without it intervals are widened as normal ones
    would be.
    """
    if not slices:
        nothing = Estimate(math.nan, math.nan, math.nan, 0)
        return CriterionResult(
            criterion,
            math.nan,
            math.nan,
            math.nan,
            0,
            "unproven",
            _why(criterion, "unproven", threshold, nothing, None),
        )
    failed = _failures(op, threshold, slices, at_level)
    results = []
    for name, e in slices:
        verdict = side(op, threshold, e)
        verdict = "not met" if name in failed else "unproven" if verdict == "not met" else verdict
        results.append(SliceResult(name, e.value, e.low, e.high, e.n, verdict))
    whole: Verdict = max((r.verdict for r in results), key=_RANK.__getitem__)
    sign = -1.0 if op in (">=", ">") else 1.0

    def badness(place: int) -> tuple[int, float, int]:
        e = slices[place][1]
        # Among slices of the deciding verdict, the one with the worst end; one without interval first.
        end = e.low if sign < 0 else e.high
        return _RANK[results[place].verdict], math.inf if math.isnan(end) else sign * end, -place

    worst = max(range(len(slices)), key=badness)
    name, e = slices[worst]
    more = None
    if whole == "unproven":
        needs = [
            _more_rows(threshold, s, rows)
            for (_, s), r in zip(slices, results, strict=True)
            if r.verdict == "unproven"
        ]
        more = None if any(x is None for x in needs) else max(x for x in needs if x is not None)
    if whole == "met":
        why = f"every one of the {len(slices)} slices is met; the weakest is {name}: {_text(criterion, e)}"
    elif whole == "not met":
        why = f"{name} fails, also after Holm's correction for {len(slices)} slices: {_text(criterion, e)}"
    else:
        why = f"{name}: {_why(criterion, 'unproven', threshold, e, more)}"
    every = all(point_met(op, threshold, s.value) for _, s in slices)
    return CriterionResult(criterion, e.value, e.low, e.high, e.n, whole, why, more, every, tuple(results))


def judge_against_baseline(
    baseline: str, metric: str, higher_is_better: bool, difference: Estimate, *, rows: int | None = None
) -> CriterionResult:
    """The verdict where a goal has no criteria: beats the best baseline, by the paired difference of the
    metric."""
    op: Op = ">" if higher_is_better else "<"
    text = f"{metric} better than the baseline {baseline}"
    return judge(text, op, 0.0, difference, rows=rows)


def overall(results: Sequence[CriterionResult]) -> Verdict:
    """The worst of the parts; ``unproven`` where nothing was asked."""
    return max((r.verdict for r in results), key=_RANK.__getitem__, default="unproven")


def satisfied(results: Sequence[CriterionResult], policy: Literal["proven", "point"] = "proven") -> bool:
    """Whether the goal's policy lets the model be released, as far as criteria go (blockers are another
    matter)."""
    if policy == "point":
        return bool(results) and all(r.point_met for r in results)
    return overall(results) == "met"


def unproven(criterion: str, why: str) -> CriterionResult:
    """A criterion that nothing was measured for: ``split: {test: 0}``, say."""
    return CriterionResult(criterion, math.nan, math.nan, math.nan, 0, "unproven", why)


def _failures(
    op: Op, threshold: float, slices: Sequence[tuple[str, Estimate]], at_level: AtLevel | None
) -> set[str]:
    """Slices that fail after Holm. Rejecting one at its level frees a share of the error for the rest."""
    failed: set[str] = set()
    estimates = dict(slices)
    while len(failed) < len(slices):
        left = len(slices) - len(failed)
        new = set()
        for name, e in estimates.items():
            if name in failed or side(op, threshold, e) != "not met":
                continue
            level = 1.0 - (1.0 - e.level) / left
            wide = e if left == 1 else at_level(name, level) if at_level is not None else _widened(e, level)
            if side(op, threshold, wide) == "not met":
                new.add(name)
        if not new:
            break
        failed |= new
    return failed


def _widened(e: Estimate, level: float) -> Estimate:
    factor = normal_quantile(level) / normal_quantile(e.level)
    low, high = e.value - factor * (e.value - e.low), e.value + factor * (e.high - e.value)
    return Estimate(e.value, low, high, e.n, level, e.method)


def _more_rows(threshold: float, e: Estimate, rows: int | None) -> int | None:
    """Test rows to add, were the value and the shares to stay: widths shrink with the root of the rows."""
    reach = e.value - e.low if e.value > threshold else e.high - e.value
    gap = abs(e.value - threshold)
    if not math.isfinite(reach) or not math.isfinite(gap) or gap == 0 or e.n == 0:
        return None
    total = rows if rows is not None else e.n
    more = math.ceil(total * ((reach / gap) ** 2 - 1) - 1e-6)
    return max(more, 1) if more < 1_000_000_000 else None


def _text(criterion: str, e: Estimate) -> str:
    value, low, high = (written(v, criterion) for v in (e.value, e.low, e.high))
    if math.isnan(e.low):
        return f"{value}, without an interval ({e.method})"
    if e.low == e.high == e.value:
        return f"{value}, exactly"
    return f"{value}, between {low} and {high} at {e.level:.4g}, on {e.n} rows"


def _why(criterion: str, verdict: Verdict, threshold: float, e: Estimate, more: int | None) -> str:
    if e.n == 0:
        return f"nothing to measure it on{f' ({e.method})' if e.method else ''}"
    if math.isnan(e.low) or math.isnan(e.high):
        return f"no interval can be given: {e.method}"
    limit = f"{threshold:.6g}" if written(1.0, criterion) == "1" else written(threshold, criterion)
    if verdict == "met":
        return f"the whole interval is on the good side of {limit}: {_text(criterion, e)}"
    if verdict == "not met":
        return f"the whole interval is on the bad side of {limit}: {_text(criterion, e)}"
    tail = (
        f"; about {more} more test rows would settle it, were the value to stay" if more is not None else ""
    )
    if math.isinf(e.low) or math.isinf(e.high):
        tail = "; there are too few measurements to bound it"
    return f"the interval straddles {limit}: {_text(criterion, e)}{tail}"
