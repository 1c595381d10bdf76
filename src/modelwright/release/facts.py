"""Everything that a bundle is written from, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.core.records.data import Cleaned, Collected, Development, Labelled
from modelwright.core.records.goal import Defined, Openings
from modelwright.core.records.models import Compressed, Trained
from modelwright.core.records.verdict import Findings, Safeguarded, Tested
from modelwright.goal.sections import OutputSection, ProblemSection
from modelwright.release.decide import Decision


@dataclass(frozen=True, slots=True)
class Facts:
    problem: ProblemSection
    defined: Defined
    collected: Collected
    cleaned: Cleaned
    labelled: Labelled
    development: Development
    trained: Trained
    compressed: Compressed
    tested: Tested
    safeguarded: Safeguarded
    findings: Findings
    openings: Openings
    output: OutputSection
    decision: Decision
    personal: frozenset[str]
    """Columns with personal data: nothing but their share of missing values is told."""
    sensitive: frozenset[str]
    """Columns that say who a row is about: their values are listed only where the goal makes them inputs."""
    prepared: tuple[tuple[str, str, str], ...] = ()
    """The checklist of data preparation: step, status, what was done."""

    @property
    def private(self) -> frozenset[str]:
        return self.personal | self.sensitive
