"""Records of what is wanted, and of what the runner lends to the stages that judge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defined:
    """The problem statement, as far as it can be settled without data."""

    name: str
    problem: str | None
    questions: tuple[tuple[str, str], ...]
    """The four questions every goal answers (what is to be solved, who will use it, which data exists, how
    accurate must it be), each with this goal's answer, or empty where the goal is silent."""
    criteria: tuple[str, ...]
    constraints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Openings:
    """How often the sealed rows have been opened, this time included.

    Scoring the very same graph on the same rows again tells nothing new and is not counted again.
    """

    count: int
    level: float
    """1 - 0.05 / count: the level of every interval that judges a criterion."""
    others: tuple[str, ...] = ()
    """Names of the other runs that opened rows of this test part."""


@dataclass(frozen=True, slots=True)
class Force:
    """Whether the user asked for a release whatever the verdict (``--force-release``)."""

    asked: bool = False
