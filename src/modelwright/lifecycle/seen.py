"""What a run shows of a step: the answer, and the records that it is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from modelwright.core.records.models import FitRow, Trained

T = TypeVar("T")
Status = Literal["done", "not applicable", "not done"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a step. ``shown_by`` is a path in the run's folder; empty where nothing shows it."""

    status: Status
    why: str
    shown_by: str = ""


def done(why: str, shown_by: str) -> Answer:
    return Answer("done", why, shown_by)


def not_done(why: str, shown_by: str = "") -> Answer:
    return Answer("not done", why, shown_by)


def not_applicable(why: str, shown_by: str = "") -> Answer:
    return Answer("not applicable", why, shown_by)


class Seen:
    """The records of a run, and what they say of its fits."""

    def __init__(self, records: Mapping[type, Any]) -> None:
        self._records = records

    def get(self, kind: type[T]) -> T | None:
        found: T | None = self._records.get(kind)
        return found

    @property
    def fitted(self) -> tuple[FitRow, ...]:
        """Configurations that were fitted to the end or stopped on purpose, baselines left out."""
        trained = self.get(Trained)
        if trained is None:
            return ()
        kept = ("fitted", "stopped early", "pruned")
        return tuple(r for r in trained.leaderboard if r.taken and not r.baseline and r.status in kept)

    def families(self, tag: str, rows: tuple[FitRow, ...]) -> list[str]:
        """Names of the families among ``rows`` that carry a tag, sorted."""
        from modelwright.models.families import FAMILIES

        names = sorted({row.family for row in rows})
        return [name for name in names if name in FAMILIES and getattr(FAMILIES.get(name).tags, tag)]

    def candidates(self, tag: str) -> list[str]:
        """As :meth:`families`, of all that were taken, fitted or not."""
        trained = self.get(Trained)
        return self.families(tag, tuple(r for r in trained.leaderboard if r.taken) if trained else ())


def count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
