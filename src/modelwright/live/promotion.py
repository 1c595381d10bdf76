"""The rule of promotion: what has to hold before a challenger answers in the champion's place.

Argued in docs/decisions/0011-promotion.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modelwright.live.judge import Comparison


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule of promotion looks at."""

    comparison: Comparison
    champion_meets: bool
    """Whether the champion satisfies the goal on the judging rows, by the goal's policy."""
    challenger_meets: bool
    released: bool
    """Whether the challenger's own run allowed its release, without force."""
    blockers: tuple[str, ...] = ()
    """Findings that block the challenger's release, and a failed check of its graph."""
    lost: tuple[str, ...] = ()
    """Criteria that the champion does not fail and the challenger does."""
    unlike: float = 0.0
    """Share of the judging rows to which the version that answered them, asked again with what the log kept,
    answers another thing than it did."""


MOST_UNLIKE = 0.02


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and whether it speaks for the challenger."""

    name: str
    holds: bool
    what: str


@dataclass(frozen=True, slots=True)
class Ruling:
    action: Literal["promote", "keep"]
    because: str
    checks: tuple[Check, ...]


def rule(facts: Facts) -> Ruling:
    """Promote or keep, and why: every reason of docs/decisions/0011-promotion.md, in its order."""
    found, compared = facts.comparison.overall, facts.comparison
    said = _said(compared)
    harmed = compared.harmed
    guards = (
        Check("sound", not facts.blockers, _listed("nothing blocks the challenger", facts.blockers)),
        Check(
            "replay",
            facts.unlike <= MOST_UNLIKE,
            f"asked again with what the log kept, {facts.unlike:.1%} of the rows are answered in another way "
            "than they were",
        ),
        Check("slices", not harmed, _listed("no slice is proven worse", harmed, "proven worse: ")),
        Check("criteria", not facts.lost, _listed("no criterion is lost", facts.lost, "lost: ")),
    )
    better = compared.better
    own = Check(
        "own verdict",
        facts.released or (better and not facts.champion_meets),
        "the challenger's own run "
        + ("released it" if facts.released else "did not release it by the goal's policy"),
    )
    rescue = facts.challenger_meets and not facts.champion_meets and compared.no_worse and facts.released
    which = "meets" if facts.champion_meets else "does not meet"
    other = "meets" if facts.challenger_meets else "does not meet"
    goal = Check(
        "goal", rescue, f"on these rows the champion {which} the goal, and the challenger {other} it"
    )
    checks = (*guards, own, Check("better", better, said), goal)
    stopped = [check.what for check in guards if not check.holds]
    if stopped:
        return Ruling("keep", f"The champion stays: {'; '.join(stopped)}.", checks)
    if better and own.holds:
        return Ruling("promote", f"The challenger is proven better: {said}.", checks)
    if rescue:
        return Ruling(
            "promote",
            f"The champion no longer meets the goal, the challenger does, and it is no worse: {said}.",
            checks,
        )
    if better:
        return Ruling(
            "keep", f"The champion stays: it meets the goal, and {own.what}, although {said}.", checks
        )
    tail = "worse" if compared.worse else "not proven better"
    why = "" if math.isfinite(found.low) else f" ({found.method})"
    return Ruling("keep", f"The champion stays: the challenger is {tail}: {said}{why}.", checks)


def _said(compared: Comparison) -> str:
    found = compared.overall
    if not math.isfinite(found.low):
        return f"{compared.metric} {found.challenger:.4g} against {found.champion:.4g} on {found.n} rows"
    return (
        f"{compared.metric} {found.challenger:.4g} against {found.champion:.4g}, a difference of "
        f"{found.gap:+.4g} (between {found.low:+.4g} and {found.high:+.4g} at {found.level:.4g}; "
        f"p {found.p:.2g} of at most {compared.alpha:.2g}) on {found.n} rows"
    )


def _listed(nothing: str, names: Sequence[str], lead: str = "") -> str:
    if not names:
        return nothing
    shown = ", ".join(names[:5])
    return lead + shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
