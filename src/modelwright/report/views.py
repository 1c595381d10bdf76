"""What a report shows, as frozen data: renderers take these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from modelwright.core.records.data import Cleaned, Collected, Labelled, Profile, Split
from modelwright.core.records.evidence import Figure, Finding, Metric, Table
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import Analysis, Compressed, FitRow, Shortlist, Trained
from modelwright.core.records.pictures import Gallery
from modelwright.core.records.verdict import Safeguarded, Tested

T = TypeVar("T")

State = Literal["finished", "unfinished"]


@dataclass(frozen=True, slots=True)
class Staged(Generic[T]):
    """A piece of evidence and the stage that found it."""

    stage: str
    item: T


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion as judged. Numbers are ``None`` where there is none; ``threshold`` and ``direction``
    are ``None`` where the text of the criterion is not in the grammar."""

    text: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    verdict: str
    """``met``, ``not met``, ``unproven``, or ``not judged`` in a run that has not come so far."""
    why: str
    more_rows: int | None
    threshold: float | None
    direction: Literal["higher", "lower"] | None
    unit: str
    """``fraction``, ``seconds``, ``bytes``, ``target`` or ``none``, as the metric catalogue says."""


@dataclass(frozen=True, slots=True)
class VerdictView:
    verdict: str
    """``met``, ``not met``, ``unproven``, or ``unfinished``."""
    released: bool
    reason: str
    openings: int | None
    level: float
    """Level of the intervals that judge: 0.95, or 1 - 0.05/openings."""
    criteria: tuple[CriterionView, ...]
    blockers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepView:
    step: int
    name: str
    stage: str
    status: str
    why: str
    shown_by: str


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do next, most useful first."""

    title: str
    detail: str = ""
    place: str = ""
    """The part of the report that shows the ground of it (an anchor), or empty."""
    command: str = ""


@dataclass(frozen=True, slots=True)
class StageTime:
    stage: str
    seconds: float
    peak_memory: int | None = None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of the stages; ``None`` for what has not been reached."""

    defined: Defined | None = None
    collected: Collected | None = None
    cleaned: Cleaned | None = None
    labelled: Labelled | None = None
    profile: Profile | None = None
    split: Split | None = None
    analysis: Analysis | None = None
    shortlist: Shortlist | None = None
    trained: Trained | None = None
    compressed: Compressed | None = None
    tested: Tested | None = None
    safeguarded: Safeguarded | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything that a report shows of one run."""

    name: str
    run: str
    """Name of the run's folder."""
    state: State
    reached: tuple[str, ...]
    """Stages that have finished, in the order of the plan."""
    verdict: VerdictView
    why: tuple[str, ...]
    next: tuple[Advice, ...]
    steps: tuple[StepView, ...]
    records: Records
    findings: tuple[Staged[Finding], ...]
    """Worst first; accepted ones last."""
    metrics: tuple[Staged[Metric], ...]
    figures: tuple[Staged[Figure], ...]
    tables: tuple[Staged[Table], ...]
    leaderboard: tuple[FitRow, ...]
    times: tuple[StageTime, ...]
    total_seconds: float | None
    budget: float | None
    versions: tuple[tuple[str, str], ...]
    seed: str
    goal_text: str
    resolved_text: str
    bundle: str | None
    """Folder of the bundle, relative to the run's folder."""
    notes: tuple[str, ...] = field(default=())
    """What could not be read, said plainly."""
    galleries: tuple[Staged[Gallery], ...] = ()
