"""Records of what was learned: relations, shortlist, fits, the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Development, Sealed


@dataclass(frozen=True, slots=True)
class Relation:
    """How strongly one column speaks of the target, on development rows."""

    column: str
    score: float
    """Out-of-fold score of the best model of this column alone, as a share of what can be explained
    (0: nothing, 1: everything): Gini for binary, normalised log loss for several classes, R2."""
    method: str


@dataclass(frozen=True, slots=True)
class Analysis:
    rows: int
    relations: tuple[Relation, ...]
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered family, taken or declined, and why."""

    family: str
    taken: bool
    why: str
    baseline: bool = False
    starts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Shortlist:
    candidates: tuple[Candidate, ...]
    metric: str
    """What the search optimises (name of the metric catalogue)."""
    framework: str
    why: str
    limits: tuple[tuple[str, str, float], ...] = ()
    """Criteria that what ships must be small or quick enough for: metric (``size``, ``latency_p50``,
    ``latency_p99``), as written, and threshold in bytes or seconds."""


@dataclass(frozen=True, slots=True)
class FitRow:
    """A line of the leaderboard: one configuration over all its folds, or a declined family."""

    name: str
    family: str
    taken: bool
    why: str
    config: dict[str, Any] = field(default_factory=dict)
    score: float = float("nan")
    """Validation (or out-of-fold) value of the search metric."""
    low: float = float("nan")
    high: float = float("nan")
    train_score: float = float("nan")
    fit_seconds: float = float("nan")
    predict_us: float = float("nan")
    """Microseconds a row, in the graph."""
    size: int = 0
    """Bytes of the graph."""
    diagnosis: str = ""
    """underfitting, overfitting, unstable, healthy; empty where it was not judged."""
    advice: str = ""
    baseline: bool = False
    weight: float = 0.0
    """In the released ensemble."""
    status: Literal["fitted", "stopped early", "pruned", "failed", "out of time", "declined"] = "fitted"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the ensemble: its graph from typed columns to scores, and its weight."""

    name: str
    family: str
    graph: Blob
    """bytes of the ONNX model: inputs as in ``graph/signature.py``, output ``scores`` float32
    [N, classes] (probabilities) or [N, 1] (values)."""
    weight: float
    config: dict[str, Any] = field(default_factory=dict)
    recipe: tuple[str, ...] = ()
    """The recipe in sentences."""
    how: str = ""
    """Which rows it was fitted on."""
    told: tuple[tuple[str, str, str, str], ...] = ()
    """What the recipe does to each column: its name, encoded as, scaled as, why."""


@dataclass(frozen=True, slots=True)
class TradePoint:
    """A model that could have been shipped: what held-out rows say of it, and what it costs."""

    name: str
    members: tuple[str, ...]
    loss: float
    """Mean log loss, root mean squared or mean absolute error of rows that neither the members nor their
    weights had seen."""
    low: float
    high: float
    size: int
    """Bytes, about: those of the folds' graphs, grown to all rows."""
    microseconds: float
    """A single row in process, about: counted from the graphs, not timed."""
    fits: bool
    """Whether it is within the limits on size and latency."""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    leaderboard: tuple[FitRow, ...]
    members: tuple[Member, ...]
    baseline: Member
    """The best baseline (fitted like the rest, exported like the rest)."""
    baselines: tuple[Member, ...]
    validation: Blob
    """arrays: ``row`` int64 [n] (ROW of development rows that were predicted by models that had not
    seen them), ``scores`` float64 [n, k] of the weighted ensemble."""
    metric: str
    score: float
    trials: int
    seconds: float = field(metadata={"key": False})
    """Wall clock of the stage, of a resumed one with the fits that it found; a fact of this execution, so no
    part of any key."""
    ended: Literal["trials", "time", "stopped", "exhausted"]
    single: str = ""
    """Name of the best single candidate, for comparison with the ensemble."""
    pool: Literal["mean", "log"] = "mean"
    """How the members' scores become one: their weighted mean, or probabilities from the weighted sum of
    their logarithms (then weights need not sum to one)."""
    tradeoff: tuple[TradePoint, ...] = ()
    """Single members and growing ensembles: what each would give and cost."""
    shrunk: tuple[Shrunk, ...] = field(default=(), metadata={"key": False})
    """The chosen models and the smaller one that learned from them, where the goal asks for one."""
    mended: Mended | None = None
    """What the best single candidate learns from the labels as they were before people mended some."""


@dataclass(frozen=True, slots=True)
class Mended:
    """Held-out predictions of one configuration fitted on labels as they are now and as they were before."""

    changed: int
    """Labels of development rows that people changed."""
    name: str
    predictions: Blob
    """arrays: ``at`` int64 [n] (positions of development rows), ``now`` and ``before`` float64 [n, k]."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A model as it was measured on held-out rows, beside smaller ones that were made of it."""

    name: str
    bytes: int
    right: float
    """Share of rows whose label is right; for numbers, the root of the mean squared error."""
    log_loss: float
    """For numbers NaN."""
    single_ms: float
    """Median time of a single row on one thread. A fact of this execution."""
    rows: int
    ships: bool


@dataclass(frozen=True, slots=True)
class GraphCheck:
    """Row-by-row agreement of the shipped graph with the models it was made from."""

    rows: int
    hard_rows: int
    largest_difference: float
    tolerance: float
    labels_differing: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Compressed:
    """The graph that ships, settled on validation rows."""

    graph: Blob
    calibration: str
    threshold: float | None
    """For binary: probability of the positive class from which it is predicted. ``None`` otherwise."""
    intervals: float | None
    """Coverage asked of intervals or sets; the graph then has the outputs ``low``, ``high`` or ``set``."""
    quantile: float | None
    """The conformal quantile that was settled."""
    check: GraphCheck
    members: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OuterFold:
    """One outer fold, carried through: its rows, what was learned on them, and its graph."""

    development: Development
    sealed: Sealed
    trained: Trained
    compressed: Compressed


@dataclass(frozen=True, slots=True)
class Outer:
    """The outer folds before the last one; empty where the split has one test part. The last fold is the
    one whose records the stages see, and whose graph ships."""

    folds: tuple[OuterFold, ...] = ()
