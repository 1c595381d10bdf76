"""What is old is deleted, as the settings say; what is logged of one person is deleted when asked."""

from __future__ import annotations

import time

from modelwright.live.log import personal
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.place import Place
from modelwright.live.settings import Settings


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


def forget(place: Place, database: LogDatabase, column: str, value: str | float) -> int:
    """Delete the logged predictions of whoever has this value in this column, with their feedback; how many
    predictions went. Finds values that are kept and values that are kept as digests; masked and dropped ones
    are in no row. Call it for each column that names a person.

    Segments that a worker is writing go within a minute of their last line: call it again afterwards where
    that matters.
    """
    while drain(place, database):
        pass
    return database.forget(column, personal.forms(place, value))
