"""What is old is deleted, as the settings say; what is logged of one person is deleted when asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.live import settings as live_settings
from modelwright.live.log import personal
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.release.lineage import BORN
from modelwright.store import atomic


def apply(
    settings: Settings, database: LogDatabase, *, now: int | None = None, seconds: float | None = 2.0
) -> int:
    """Delete what is older than the retention; how many entries went. ``now``: microseconds.

    SQLite overwrites what it deletes. PostgreSQL frees the space with its own (auto)vacuum, and keeps old
    rows in its write-ahead log and in backups as these are set up.
    """
    if settings.log.retention is None:
        return 0
    now = time.time_ns() // 1000 if now is None else now
    return database.delete_before(now - round(settings.log.retention * 1e6), seconds=seconds)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted of one person, and where copies are left."""

    predictions: int
    """Logged predictions that went, shadows' among them, each with its feedback."""
    runs: tuple[str, ...]
    """Runs that learned from one of them, or were tested on one, and still hold it. `modelwright runs` with
    ``--delete``, and then `modelwright gc`, remove those copies; what a version has learned stays in it."""
    decisions: tuple[str, ...]
    """Records of decisions that still hold the outcome of one of them, and both versions' answers."""
    ids: tuple[str, ...] = ()
    """Of the predictions that went, as they were given."""


def forget(
    place: Place, database: LogDatabase, column: str, value: str | float, *, runs: Path | None = None
) -> Forgotten:
    """Delete the logged predictions of whoever has this value in this column, with their feedback. Finds
    values that are kept and values that are kept as digests; masked and dropped ones are in no row. Call it
    for each column that names a person.

    Copies that retraining made are not deleted but named: only this call knows which rows they were of.
    ``runs``: the folder of runs (default: what the settings say). Segments that a worker is writing go within
    a minute of their last line: call it again afterwards where that matters.
    """
    while drain(place, database):
        pass
    gone = database.forget(column, personal.forms(place, value))
    ids = frozenset(gone)
    home = runs or Path(live_settings.read(place).runs or "runs")
    return Forgotten(
        len(gone),
        tuple(name for name, held in _learned(home) if not ids.isdisjoint(held)),
        tuple(name for name, held in _judged(place) if not ids.isdisjoint(held)),
        tuple(sorted(ids)),
    )


def _learned(runs: Path) -> Iterator[tuple[str, list[str]]]:
    """By run: the ids of the predictions whose rows it holds."""
    for path in sorted(runs.glob(f"*/{BORN}")):
        yield path.parent.name, _ids(path)


def _judged(place: Place) -> Iterator[tuple[str, list[str]]]:
    """By decision: the ids of the rows that it was judged on."""
    for path in sorted(place.decisions.glob("[0-9]*.json")):
        yield path.stem, _ids(path)


def _ids(path: Path) -> list[str]:
    try:
        found: Any = atomic.read_json(path).get("ids")
    except (OSError, ValueError, AttributeError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
