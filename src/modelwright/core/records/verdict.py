"""Records of how good it is and what ships."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from modelwright.core.records.evidence import Finding, Metric

Verdict = Literal["met", "not met", "unproven"]


@dataclass(frozen=True, slots=True)
class CriterionResult:
    criterion: str
    value: float
    low: float
    high: float
    n: int
    verdict: Verdict
    why: str = ""
    more_rows: int | None = None
    """How many more test rows would settle it, where it is unproven and can be said."""
    point_met: bool | None = None
    """Whether the value itself (with ``by``: that of every slice) is on the good side, which is what
    ``success_policy: point`` asks; None where it was not judged."""


@dataclass(frozen=True, slots=True)
class Tested:
    """The sealed rows, opened once, scored through the graph that ships."""

    criteria: tuple[CriterionResult, ...]
    metrics: tuple[Metric, ...]
    openings: int
    level: float
    rows: int
    opened_at: str = ""
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Safeguarded:
    sensitive: tuple[str, ...]
    gaps: dict[str, float] = field(default_factory=dict)
    not_done: tuple[str, ...] = ()
    """Checks that this version does not make, by name."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of the run so far, gathered by the runner for the stages that judge."""

    all: tuple[Finding, ...]

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.all if f.blocks)


@dataclass(frozen=True, slots=True)
class Released:
    verdict: Verdict
    released: bool
    reason: str
    test_openings: int
    criteria: tuple[CriterionResult, ...]
    blockers: tuple[str, ...]
    bundle: str | None = None
    """Folder of the bundle, relative to the run's folder."""
    forced: bool = False
    """Released on request although the goal's policy says no."""
