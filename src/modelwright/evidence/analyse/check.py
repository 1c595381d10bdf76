"""The plug-in kind "check": one look at the facts, found or not, or a reason why it does not apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from modelwright.core.records.evidence import Severity
from modelwright.core.registry import Registry
from modelwright.evidence.analyse.facts import Facts


@dataclass(frozen=True, slots=True)
class Found:
    """What a check saw; its code is the check's."""

    severity: Severity
    message: str
    remedy: str
    column: str | None = None
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DoesNotApply:
    """The check cannot say anything of these rows, and why."""

    why: str


class Check(Protocol):
    """A look at the facts. ``code`` is the stable code of what it finds."""

    code: str
    title: str

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply: ...


_HERE = "modelwright.evidence.analyse.checks"

CHECKS: Registry[Check] = Registry(
    "check",
    "modelwright.checks",
    {
        "leak.golden-feature": f"{_HERE}.golden_feature:CHECK",
        "leak.parts": f"{_HERE}.parts:CHECK",
        "leak.known-afterwards": f"{_HERE}.known_afterwards:CHECK",
        "leak.together": f"{_HERE}.together:CHECK",
        "leak.later-date": f"{_HERE}.later_date:CHECK",
        "leak.undeclared-group": f"{_HERE}.undeclared_group:CHECK",
        "analyse.identifier": f"{_HERE}.identifier:CHECK",
        "analyse.missingness": f"{_HERE}.missingness:CHECK",
        "analyse.missing": f"{_HERE}.missing:CHECK",
        "analyse.rare-categories": f"{_HERE}.rare_categories:CHECK",
        "analyse.high-cardinality": f"{_HERE}.high_cardinality:CHECK",
        "analyse.heavy-tails": f"{_HERE}.heavy_tails:CHECK",
        "analyse.outliers": f"{_HERE}.outliers:CHECK",
        "analyse.target-skew": f"{_HERE}.target_skew:CHECK",
        "analyse.too-few-rows": f"{_HERE}.too_few_rows:CHECK",
        "analyse.coverage": f"{_HERE}.coverage:CHECK",
        "analyse.duplicate-columns": f"{_HERE}.duplicate_columns:CHECK",
        "analyse.contradictions": f"{_HERE}.contradictions:CHECK",
        "analyse.drift": f"{_HERE}.drift:CHECK",
    },
)
