"""What can be said of a finding without a run."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.core.records.evidence import Severity


@dataclass(frozen=True, slots=True)
class FindingCard:
    """A code of the catalogue."""

    code: str
    title: str
    severity: Severity
    """The usual one; a run may grade by degree."""
    meaning: str
    remedy: str
