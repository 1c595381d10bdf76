"""The goal, parsed: frozen records, one per part of the lifecycle that reads it.

A stage names the section it needs in its signature and is run again only when that section changes, so
sections are cut along stages and not along the keys of the file. Nothing here is inferred: what the goal
leaves open is ``None``, and is resolved by the stage that has seen the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Problem = Literal["binary", "multiclass", "regression"]
ColumnKind = Literal["number", "category", "date", "text", "boolean", "image", "audio", "series", "ignore"]
Op = Literal[">=", ">", "<=", "<"]
Alike = Literal["together", "independent"]
Consensus = Literal["dawid-skene", "majority"]
Variants = Literal["sure", "all", "none"]
Winsorise = tuple[float, float] | Literal["robust", "none"]
"""Two quantiles, or the rule of median absolute deviations."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One measurable demand: ``metric[(average)] op number[unit] [for "class"] [by column]``."""

    text: str
    """As written, with white space settled; the name of the criterion everywhere."""
    metric: str
    op: Op
    threshold: float
    """In the base unit: seconds, bytes, or the metric's own."""
    average: str | None = None
    for_class: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnWish:
    """What the goal says of one column; ``None`` leaves it to the data."""

    kind: ColumnKind | None = None
    spellings: tuple[tuple[str, str], ...] = ()
    """Pairs (as found, as wanted)."""
    variants: Variants | None = None
    units: tuple[tuple[str, float], ...] = ()
    """Pairs (unit, how many of the column's unit one of it is)."""
    least: float | None = None
    most: float | None = None
    """Numbers beyond these are read as missing."""
    winsorise: Winsorise | None = None
    """How numbers far out are drawn in; None: as for all columns."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a labelling rule speaks: ``test`` is ``all``, ``any`` or ``not`` of its parts, or a test of a
    column (see ``goal/rules.py``)."""

    test: str
    column: str = ""
    values: tuple[str | float, ...] = ()
    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A labelling rule: rows that fulfil the condition are probably of that class."""

    name: str
    label: str
    when: Condition


@dataclass(frozen=True, slots=True)
class LabelSection:
    """How labels are made that are not in the data (label)."""

    rules: tuple[Rule, ...] = ()
    consensus: Consensus = "dawid-skene"
    """What settles the answers of several people."""


@dataclass(frozen=True, slots=True)
class ProblemSection:
    """What is asked (define, label, choose and everything that judges)."""

    name: str
    problem: Problem | None = None
    target: str | None = None
    positive: str | None = None
    description: str = ""
    users: str = ""


@dataclass(frozen=True, slots=True)
class ReadingSection:
    """How a source becomes rows, where the goal overrules what is found by looking at it (collect)."""

    records: str | None = None
    """What one row is: the name of an element, or the dotted path of a list of records."""
    nested: tuple[tuple[str, str], ...] = ()
    """Pairs (dotted path, what to do with what stands there)."""
    format: str | None = None
    """Of a log: the name of a format, or one spelt out."""
    window: float | None = None
    """Of a log: seconds of a window that is a row; None where a row is a line."""
    name: str | None = None
    """Of a folder of media: the pattern of the file names, whose parts in braces are columns."""
    wait: float | None = None
    """Of a database: seconds that an answer may take."""
    sheets: str | None = None
    """Of a workbook: ``all`` joins the sheets with the same columns, one under the other."""


@dataclass(frozen=True, slots=True)
class SourceSection:
    """Where the rows come from (collect)."""

    source: str
    """File, glob, folder, database URL; relative paths are already joined to the goal file's folder."""
    query: str | None = None
    test: str | None = None
    licence: str | None = None
    consent: str | None = None
    collected: str | None = None
    target: str | None = None
    corrections: str | None = None
    """A file of labels that a person has looked at (see ``data/corrections.py``)."""
    answers: str | None = None
    """A file of labels that several people gave (see ``data/answers.py``); ``keys`` may name its rows."""
    labelled_later: bool = False
    """Whether people's answers or rules make the labels, so that the target need not be a column."""
    keys: tuple[str, ...] = ()
    reading: ReadingSection = field(default_factory=ReadingSection)
    increment: bool | str = False
    """Whether only what is new is read: of files (true), or of a database by this column that grows."""


@dataclass(frozen=True, slots=True)
class PrivacySection:
    """What must hold of the rows before a model of them is released (a part of clean)."""

    quasi: tuple[str, ...] = ()
    """Columns that together may point at a person."""
    k: int | None = None
    diversity: int | None = None
    require: tuple[str, ...] = ()
    """``consent``, ``licence``: what the goal has to name."""
    secret: str | None = None
    """The environment's variable that holds the secret of digests."""


@dataclass(frozen=True, slots=True)
class CleanSection:
    """How text becomes types, and what is switched off (clean)."""

    columns: tuple[tuple[str, ColumnWish], ...] = ()
    duplicates: Literal["keep", "drop"] | None = None
    off: tuple[str, ...] = ()
    """Names of cleaning operations not to be used, such as ``units`` or ``missing:age``."""
    personal: Literal["drop", "mask", "hash", "generalise", "keep"] | None = None
    privacy: PrivacySection = field(default_factory=PrivacySection)
    variants: Variants = "sure"
    """Which spelling variants of categories are merged."""
    winsorise: Winsorise = "none"
    """Of every input of numbers that says nothing else."""


@dataclass(frozen=True, slots=True)
class RolesSection:
    """Columns that are not plain inputs (label, profile, split, analyse)."""

    weight: str | None = None
    keys: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    sensitive: tuple[str, ...] = ()
    use_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class SplitSection:
    """How rows are parted (split). Exactly one way is set; fractions sum to one."""

    train: float = 0.7
    validation: float = 0.15
    test: float = 0.15
    given: bool = False
    """Whether the goal asked for these fractions, or left them to what can be proven."""
    column: str | None = None
    """A column whose values name the part: train, validation, test."""
    outer_folds: int | None = None
    leave_out: str | None = None
    duplicates: Alike = "together"
    """Whether rows that are exactly alike are one thing on one side, or different things that may part."""


@dataclass(frozen=True, slots=True)
class SuccessSection:
    """How good it must be (define, test, release)."""

    criteria: tuple[Criterion, ...] = ()
    policy: Literal["proven", "point"] = "proven"
    costs: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    """Actual class, then (predicted class, cost) pairs; what is not named costs nothing."""
    accept: tuple[tuple[str, str], ...] = ()
    """Findings accepted: (code, reason)."""


@dataclass(frozen=True, slots=True)
class SearchSection:
    """What may be tried (choose, train)."""

    method: Literal["bayesian", "random", "grid"] = "bayesian"
    trials: int | None = None
    families: tuple[str, ...] | None = None
    interpretable: bool = False
    distil: bool = False
    """Whether a smaller network learns from the chosen ones, and ships in their place where it is as good."""
    pretrained: str = ""
    """A folder with a pretrained model, or ``hub:NAME``; empty for none."""


@dataclass(frozen=True, slots=True)
class BudgetSection:
    """Limits on this command: seconds of wall clock, bytes of memory, cores. ``None`` is not limited."""

    seconds: float | None = None
    memory: int | None = None
    cores: int | None = None


@dataclass(frozen=True, slots=True)
class OutputSection:
    """What the model must answer besides its prediction (compress)."""

    intervals: float | None = None
    abstain_below: float | None = None
    int8: bool = False
    """Whether networks ship in int8."""
    prune: bool = False
    """Whether convolutions ship with fewer channels."""


@dataclass(frozen=True, slots=True)
class ReleaseSection:
    targets: tuple[str, ...] = ()
    sign_with: str | None = None
    """Path of an ed25519 private key (PEM)."""


@dataclass(frozen=True, slots=True)
class MonitorSection:
    alarm_rate: float = 0.01
    alarm_horizon: float = 30 * 86400.0
    """Seconds."""
    retrain: str | None = None
    every: float = 60.0
    """Seconds between two looks."""
    retention: float = 90 * 86400.0
    """Seconds for which predictions and outcomes are kept."""


@dataclass(frozen=True, slots=True)
class Sections:
    """A whole goal. ``seed`` and ``engine`` stand beside the sections, since every stage sees them."""

    problem: ProblemSection
    source: SourceSection
    label: LabelSection = field(default_factory=LabelSection)
    clean: CleanSection = field(default_factory=CleanSection)
    roles: RolesSection = field(default_factory=RolesSection)
    split: SplitSection = field(default_factory=SplitSection)
    success: SuccessSection = field(default_factory=SuccessSection)
    search: SearchSection = field(default_factory=SearchSection)
    budget: BudgetSection = field(default_factory=BudgetSection)
    output: OutputSection = field(default_factory=OutputSection)
    release: ReleaseSection = field(default_factory=ReleaseSection)
    monitor: MonitorSection = field(default_factory=MonitorSection)
    seed: int = 0
    engine: str = "local"
    """``local``, ``ray``, ``ray://host:port`` or ``host:port``."""
