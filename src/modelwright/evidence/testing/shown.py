"""Cells of rows as they are shown to people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from modelwright.evidence.testing.private import HIDDEN

LONGEST = 60
MEDIA_CELL = "(not text)"
"""In place of a picture, a sound or a series, which a table cannot show."""


def cell(frame: Any, position: int, column: str, private: frozenset[str]) -> str | float | None:
    """A value of a typed frame as it may be shown: private columns never, dates in ISO 8601, text cut."""
    if column in private:
        return HIDDEN
    value = frame[column][position]
    if value is None:
        return None
    if not isinstance(value, (str, int, float)):
        return MEDIA_CELL
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
    if isinstance(value, int):
        return _moment(value)
    return float(f"{value:.6g}")


def _moment(microseconds: int) -> str:
    try:
        when = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} microseconds since 1970"
    midnight = when.time() == dt.time()
    return when.date().isoformat() if midnight else when.strftime("%Y-%m-%d %H:%M:%S")
