"""What the log keeps: predictions, feedback and failures. One JSON line each in the journal, one row each in
the database; the same names in both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["champion", "canary", "shadow"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row that was answered (or, for a shadow, would have been)."""

    id: str
    """Given to the client, who returns it with the outcome. A shadow's is ``<id>.s``."""
    at: int
    """Microseconds since 1970, UTC, when the request came."""
    version: str
    """Such as "v2"."""
    role: Role
    inputs: dict[str, Any]
    """The values as the client sent them (JSON scalars), personal data treated as the settings say."""
    prediction: str | float
    """The class, or the value."""
    probabilities: tuple[float, ...] | None = None
    """In the order of the version's ``classes``."""
    low: float | None = None
    high: float | None = None
    abstained: bool = False
    warnings: tuple[str, ...] = ()
    """``<code>:<column>``, such as ``unknown-category:job``."""
    micros: int = 0
    """Microseconds from the arrival of the request to its answer."""
    key: str = ""
    """Id of the API key."""
    request: str = ""
    """Id of the request, shared by the rows that came together."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """The true outcome of a prediction. Several may come; the last one counts, and all are kept."""

    prediction: str
    """Id of the prediction."""
    at: int
    outcome: str | float
    key: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no prediction."""

    at: int
    status: int
    """HTTP status."""
    code: str
    """Such as ``invalid-input`` or ``overloaded``."""
    micros: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    """Counts by cause; never values that a client sent."""


Entry = Prediction | Feedback | Failure
