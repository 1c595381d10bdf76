"""Evidence as data: estimates, findings and figures. Drawing them is the report's job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from modelwright.core.records.pictures import Gallery

Severity = Literal["note", "warning", "blocker"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number measured on a sample, with the interval that says how far to trust it.

    ``low`` and ``high`` bound the true value at ``level`` (0.95 means 95%) by ``method`` (such as
    ``wilson``, ``delong``, ``bootstrap-group``). They are NaN where no interval can be given, and then
    ``method`` says why. ``n`` counts the rows (or calls) that the estimate rests on.
    """

    value: float
    low: float
    high: float
    n: int
    level: float = 0.95
    method: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know: a stable code, how bad, why, and what to do about it."""

    code: str
    severity: Severity
    message: str
    remedy: str
    column: str | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    accepted: str | None = None
    """The reason the goal gives for accepting this finding; an accepted blocker no longer blocks."""

    @property
    def blocks(self) -> bool:
        return self.severity == "blocker" and self.accepted is None


@dataclass(frozen=True, slots=True)
class Metric:
    """A named estimate: of the model, a baseline, a slice, a candidate, a resource."""

    name: str
    estimate: Estimate
    about: str = "model"
    """What was measured: ``model``, ``baseline:majority``, ``slice:sex=Female``, ``noise:0.1``, ..."""
    part: str = "test"
    """On which rows: ``test``, ``validation``, ``train``, ``out-of-fold``."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, set of bars or cloud of a figure. ``x`` holds numbers or labels, ``low``/``high`` a band."""

    name: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """The data of one figure; every figure can so give its table."""

    code: str
    """Stable name, such as ``roc``, ``reliability``, ``confusion``, ``importance``."""
    title: str
    kind: Literal["line", "bar", "scatter", "matrix", "step"]
    x_label: str
    y_label: str
    series: tuple[Series, ...] = ()
    matrix: tuple[tuple[float, ...], ...] = ()
    """For ``matrix``: rows by columns, with ``rows`` and ``columns`` as their labels."""
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of facts to show as it stands (hard rows, before and after, checklist)."""

    code: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]
    note: str = ""


Evidence = Finding | Metric | Figure | Table | Gallery
