"""Why the verdict is what it is, and what would help most: sentences made from the records alone."""

from __future__ import annotations

import math
from dataclasses import replace

from modelwright.core.records.models import FitRow
from modelwright.report import numbers
from modelwright.report.views import Advice, CriterionView, RunView

MOST = 7
"""Pieces of advice at most: a list that is too long is not followed."""


_HELPS = {
    "train.more-rows-would-help": "Collect more rows of the same kind",
    "train.from-scratch": "Begin from pretrained weights",
}
"""Notes of training that say what would help, where a criterion is not met."""


def added(view: RunView) -> RunView:
    """The view with its reasons and its advice."""
    return replace(view, why=_why(view), next=_next(view))


def interval(c: CriterionView) -> str:
    """``0.971 (0.917 to 0.990)``, or the value alone where it has no interval."""
    value = numbers.measure(c.value, c.unit)
    if c.low is None or c.high is None:
        return value
    return f"{value} ({numbers.measure(c.low, c.unit)} to {numbers.measure(c.high, c.unit)})"


def still_needed(c: CriterionView) -> str:
    """How many more test rows would settle it, in a sentence; empty where its reason says so already."""
    if not c.more_rows or "more test row" in c.why:
        return ""
    return f"About {numbers.count(c.more_rows, 'more test row')} would settle it."


def members(view: RunView) -> tuple[FitRow, ...]:
    """The leaderboard's rows that are in the model, heaviest first."""
    return tuple(sorted((r for r in view.leaderboard if r.weight > 0), key=lambda r: -r.weight))


def _why(view: RunView) -> tuple[str, ...]:
    said: list[str] = []
    for finding in (s.item for s in view.findings):
        if finding.blocks:
            said.append(f"Blocked by {finding.code}: {finding.message}")
    said += [f"{c.text}: {c.why}" for c in view.verdict.criteria if _untold(c, view.verdict.reason)]
    said += _against_baseline(view)
    said += _rests_on(view)
    diagnosed = [r for r in members(view) if r.diagnosis]
    if diagnosed:
        first = diagnosed[0]
        said.append(f"The heaviest member of the model, {first.name}, is diagnosed as {first.diagnosis}.")
    if view.verdict.openings and view.verdict.openings > 1:
        said.append(
            f"The test rows have now been opened {view.verdict.openings} times, so intervals are drawn at "
            f"{numbers.share(view.verdict.level)} to keep the proof honest."
        )
    accepted = sum(1 for s in view.findings if s.item.accepted is not None)
    if accepted:
        said.append(
            f"The goal accepts {numbers.count(accepted, 'finding')}, with its reasons (see Findings)."
        )
    return tuple(dict.fromkeys(said))


def _untold(c: CriterionView, reason: str) -> bool:
    """Whether there is something to say that the verdict's own reason does not say."""
    return bool(c.why) and c.verdict != "met" and c.why.rstrip(".") not in reason


def _against_baseline(view: RunView) -> list[str]:
    """One sentence: the first metric of the goal (or of the search) that was also measured on baselines."""
    test = [s.item for s in view.metrics if s.stage == "test" and s.item.part == "test"]
    wanted = [c.text for c in view.verdict.criteria]
    wanted += [view.records.shortlist.metric] if view.records.shortlist else []
    for name in dict.fromkeys(m.name for m in test):
        if not any(text.startswith(name) for text in wanted):
            continue
        ours = [m for m in test if m.name == name and m.about == "model"]
        theirs = [m for m in test if m.name == name and m.about.startswith("baseline:")]
        theirs = [m for m in theirs if not math.isnan(m.estimate.value)]
        if ours and theirs:
            lower = any(c.text.startswith(name) and c.direction == "lower" for c in view.verdict.criteria)
            best = (min if lower else max)(theirs, key=lambda m: m.estimate.value)
            value = numbers.measure(ours[0].estimate.value, ours[0].unit)
            baseline = numbers.measure(best.estimate.value, best.unit)
            said = f"{name} on the test rows is {value}; the best baseline"
            return [f"{said} ({best.about.partition(':')[2]}) has {baseline}."]
    return []


def _rests_on(view: RunView) -> list[str]:
    for staged in view.figures:
        figure = staged.item
        if figure.code == "importance" and figure.series:
            line = figure.series[0]
            pairs = [(x, y) for x, y in zip(line.x, line.y, strict=False) if not math.isnan(y) and y > 0]
            top = [str(x) for x, _ in sorted(pairs, key=lambda p: -p[1])[:3]]
            if top:
                named = top[0] if len(top) == 1 else f"{', '.join(top[:-1])} and {top[-1]}"
                return [f"The predictions rest most on {named}."]
    return []


def _next(view: RunView) -> tuple[Advice, ...]:
    said: list[Advice] = []
    if view.state == "unfinished":
        said.append(
            Advice("Finish this run", "What is done is kept.", "steps", f"modelwright resume {view.run}")
        )
    if view.verdict.released and view.bundle:
        said.append(
            Advice(
                "Use the model",
                "The bundle predicts anywhere, from the raw columns.",
                "release",
                f"modelwright predict {view.name} new-rows.csv -o predictions.csv",
            )
        )
    for finding in (s.item for s in view.findings):
        if finding.blocks:
            about = f" ({finding.column})" if finding.column else ""
            said.append(Advice(f"Resolve the blocker {finding.code}{about}", finding.remedy, "findings"))
    said += _for_criteria(view)
    if any(c.verdict == "not met" for c in view.verdict.criteria):
        said += [
            Advice(title, numbers.sentence(finding.message), "models")
            for finding in (s.item for s in view.findings)
            if (title := _HELPS.get(finding.code)) is not None
        ]
    for finding in (s.item for s in view.findings):
        if finding.severity == "warning" and finding.accepted is None and finding.remedy:
            said.append(
                Advice(numbers.sentence(finding.message), numbers.sentence(finding.remedy), "findings")
            )
    for row in members(view)[:1]:
        if row.advice and row.diagnosis not in ("", "healthy"):
            said.append(
                Advice(numbers.sentence(row.advice), f"{row.name} is diagnosed as {row.diagnosis}.", "models")
            )
    first: dict[str, Advice] = {}
    for piece in said:
        first.setdefault(piece.title, piece)
    return tuple(first.values())[:MOST]


def _for_criteria(view: RunView) -> list[Advice]:
    said: list[Advice] = []
    unproven = [c for c in view.verdict.criteria if c.verdict == "unproven"]
    countable = [c for c in unproven if c.more_rows]
    if countable:
        most = max(countable, key=lambda c: c.more_rows or 0)
        rows = numbers.count(most.more_rows or 0, "more test row")
        rest = f" ({len(countable)} criteria wait for rows; this one for most)" if len(countable) > 1 else ""
        said.append(Advice(f"Collect about {rows}", f"They would settle {most.text}{rest}.", "verdict"))
    for c in unproven:
        if not c.more_rows:
            said.append(
                Advice(
                    f"Find a way to prove {c.text}", c.why or "Its interval holds the threshold.", "verdict"
                )
            )
    for c in view.verdict.criteria:
        if c.verdict == "not met":
            advice = next((r.advice for r in members(view) if r.advice), "")
            detail = f"It is {interval(c)}. {advice}".strip()
            said.append(Advice(f"Improve {c.text}, or ask for less", detail, "models"))
    return said
