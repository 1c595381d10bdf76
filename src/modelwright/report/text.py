"""The verdict on a terminal: plain text that needs no colour, no wider than 100 columns."""

from __future__ import annotations

import textwrap

from modelwright.report import numbers
from modelwright.report.advice import interval, members, still_needed
from modelwright.report.svg.marks import clean
from modelwright.report.views import CriterionView, RunView

WIDTH = 96
_WORD = {"met": "MET", "not met": "NOT MET", "unproven": "UNPROVEN", "unfinished": "UNFINISHED"}


def standing(released: bool, blockers: tuple[str, ...]) -> str:
    """What came of the verdict: a criterion may be met and the model still be blocked."""
    return "released" if released else "blocked" if blockers else "not released"


def render(view: RunView) -> str:
    """Verdict, criteria, why, what to do next, and where to look; ends with a line break."""
    verdict = view.verdict
    word = _WORD.get(verdict.verdict, verdict.verdict.upper())
    state = "" if view.state == "unfinished" else f", {standing(verdict.released, verdict.blockers)}"
    lines = [f"{view.name}: {word}{state}"]
    lines += _wrapped(verdict.reason, "  ")
    if verdict.criteria:
        lines += ["", *_criteria(verdict.criteria, verdict.reason)]
    if view.why:
        lines += ["", "why"]
        for sentence in view.why[:6]:
            lines += _wrapped(sentence, "  - ", "    ")
    if view.next:
        lines += ["", "next"]
        for i, piece in enumerate(view.next[:5], start=1):
            lines += _wrapped(piece.title, f"  {i}. ", "     ")
            lines += [f"     {piece.command}"] if piece.command else _wrapped(piece.detail, "     ")
    rows = members(view)
    facts = []
    if rows:
        named = ", ".join(r.name for r in rows[:3]) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
        facts.append(("model", named))
    if view.records.tested:
        facts.append(("tested on", numbers.count(view.records.tested.rows, "sealed row")))
    if view.total_seconds is not None:
        facts.append(("time", numbers.duration(view.total_seconds)))
    done = sum(1 for s in view.steps if s.status == "done")
    if view.steps:
        facts.append(("steps", f"{done} of {len(view.steps)} done"))
    facts.append(("run", view.run))
    lines += ["", *(f"{name:<10}{value}" for name, value in facts)]
    return clean("\n".join(line.rstrip() for line in lines)) + "\n"


def _criteria(criteria: tuple[CriterionView, ...], reason: str) -> list[str]:
    """One line each, columns aligned; below it why it is not met, unless the reason said so already."""
    texts = [" ".join(clean(c.text).split()) for c in criteria]
    wide = min(40, max(map(len, texts)))
    judged = max(len(c.verdict) for c in criteria)
    lines: list[str] = []
    for c, text in zip(criteria, texts, strict=True):
        n = f"n = {c.n:,}" if c.n is not None else ""
        shown = interval(c) if c.value is not None else ""
        lines.append(f"  {c.verdict:<{judged}}  {text:<{wide}}  {shown:<30}{n}")
        if c.verdict != "met" and not (c.why and c.why.rstrip(".") in reason):
            more = still_needed(c)
            lines += _wrapped(" ".join(part for part in (c.why, more) if part), " " * (judged + 4))
    return lines


def _wrapped(words: str, first: str, later: str = "") -> list[str]:
    if not words:
        return []
    return textwrap.wrap(
        clean(words), WIDTH, initial_indent=first, subsequent_indent=later or " " * len(first)
    )
