"""What the pages show, as frozen data: templates take these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["good", "warn", "bad", "none"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; None where it is not known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""

    @property
    def there(self) -> bool:
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the log holds of a span of time. Latencies in seconds."""

    requests: int
    rows: int
    failures: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    feedback: int | None = None
    last: float | None = None
    """Seconds since 1970 of the newest prediction."""

    @property
    def failed_share(self) -> float | None:
        return self.failures / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Traffic of one stretch of time."""

    start: float
    """Seconds since 1970, UTC."""
    requests: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None
    versions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How answers compared with the outcomes known of one stretch of time."""

    start: float
    n: int
    metric: str
    """``accuracy``, or ``mae`` for values."""
    value: float
    low: float | None
    high: float | None
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that the monitor found, open or cleared."""

    code: str
    column: str
    open: bool
    since: str
    what: str
    remedy: str
    cleared: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is tested for drift: a column, all of them jointly, or the predictions."""

    name: str
    drifted: bool | None
    """None: it is not tested, and ``why`` says so."""
    e_value: float | None = None
    effect: float | None = None
    """Change of the average answer: for classes of the probabilities (total variation), for values in the
    unit of the target."""
    error: float | None = None
    moves: bool = False
    """Whether the effect is more than chance and more than a trifle."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares of recent rows, and those at release, of what is wrong with a column."""

    name: str
    parts: tuple[tuple[str, float | None, float | None], ...]
    """What, now, at release."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A metric on rows whose outcome is known."""

    metric: str
    estimate: Estimate
    criterion: str = ""
    threshold: float | None = None
    direction: Literal["higher", "lower"] | None = None
    verdict: str = ""
    """``met``, ``not met``, ``unproven``; empty where no criterion names the metric."""
    fallen: bool = False
    """An alarm is open for it."""
    recent: Estimate | None = None
    """On the newest outcomes."""
    tested: Estimate | None = None
    """On the test rows."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate of a metric before outcomes are known."""

    metric: str
    estimate: Estimate
    trusted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What the monitor said last."""

    at: str
    version: str
    rows: int | None
    labelled: int | None
    columns: tuple[Drift, ...]
    """The largest effect on the prediction first."""
    whole: tuple[Drift, ...]
    """The predictions, and all columns jointly."""
    quality: tuple[Quality, ...]
    accuracy: tuple[Accuracy, ...]
    estimated: tuple[Estimated, ...]
    service: tuple[Accuracy, ...]
    """The goal's demands on latency."""
    conditions: tuple[Condition, ...]
    cleared: tuple[Condition, ...]
    retrain: bool
    retrain_why: str
    rate: float | None
    """The chance of any false alarm over ``horizon`` seconds, all ``tests`` together."""
    horizon: float | None
    tests: int | None

    @property
    def drifted(self) -> tuple[Drift, ...]:
        return tuple(d for d in (*self.whole, *self.columns) if d.drifted)

    @property
    def leading(self) -> Accuracy | None:
        """The metric that is shown where there is room for one: one that has fallen, else the first."""
        return next((a for a in self.known if a.fallen), self.known[0] if self.known else None)

    @property
    def known(self) -> tuple[Accuracy, ...]:
        """Metrics that outcomes say anything of."""
        return tuple(a for a in self.accuracy if a.estimate.there)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a live model, with where it comes from."""

    name: str
    state: str
    """``champion``, ``challenger (shadow)``, ``challenger (canary, 10%)``, ``before`` (a rollback goes there)
    or empty."""
    added: str
    verdict: str
    run: str
    run_known: bool
    """Whether the run lies in the folder of runs that is shown."""
    data: str
    goal: str
    code: str
    """Version of modelwright that made it."""
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of what answers."""

    serial: int
    at: str
    champion: str
    challenger: str
    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Champion against challenger: one record."""

    key: str
    """Its file's name, without the end."""
    number: int
    at: str
    kind: str
    """``retrain`` or ``decide``."""
    action: str
    because: str
    why: str
    """Why it was asked for."""
    done: str
    champion: str
    challenger: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """One live model as the list shows it."""

    name: str
    champion: str
    serial: int
    previous: tuple[str, ...]
    challenger: str
    mode: str
    share: float
    changed: str
    why: str
    workers: int
    behind: int
    """Workers that have not taken the newest change yet."""
    watched: Watched | None
    traffic: Traffic | None
    notes: tuple[str, ...] = ()
    """What could not be read, said plainly."""

    @property
    def open(self) -> tuple[Condition, ...]:
        return self.watched.conditions if self.watched else ()

    @property
    def tone(self) -> Tone:
        if not self.workers:
            return "none"
        return "warn" if self.open or self.behind else "good"


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as the list shows it."""

    name: str
    goal: str
    status: str
    verdict: str
    released: bool
    started: str
    seconds: float | None
    criteria: tuple[Accuracy, ...]
    report: bool
