"""Records of labels that are in doubt."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.core.records.blob import Blob


@dataclass(frozen=True, slots=True)
class Doubted:
    """Labels that are probably wrong, most suspicious first."""

    rows: int
    """Development rows that models predicted which had not seen them: only these were looked at."""
    development: int
    suspects: Blob
    """table: ``row`` Int64 (ROW), ``given`` and ``instead`` String (as the data spells them),
    ``suspicion`` Float64 in [0, 1] (an order, not a probability), ``reason`` String."""
    count: int
    """All of them; ``suspects`` lists the first ten thousand."""
    low: int
    """Confident contradictions beyond those that run the other way, and all of them. Where the inputs decide
    the class, between these lies how many labels are wrong; where chance has a part, they say nothing of it.
    For numbers 0 and ``count``."""
    high: int
    checked: int = 0
    """Suspicious labels that are not listed because a person has confirmed them."""
    why_not: str = ""
    """Why nothing was looked at; empty where it was."""
