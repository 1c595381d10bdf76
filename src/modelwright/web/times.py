"""Moments and spans of time as people read them. Everything is UTC, and the pages say so."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def seconds(value: Any) -> float | None:
    """Seconds since 1970 of an ISO 8601 text, or of a number (seconds, or microseconds where so large)."""
    if isinstance(value, bool) or value is None or value == "":
        return None
    if isinstance(value, int | float):
        if not abs(value) < 1e18:  # no moment that anybody means; NaN too
            return None
        return float(value) / 1e6 if abs(value) > 1e11 else float(value)
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


def moment(value: Any) -> str:
    """``21 Nov 2026, 12:04`` (UTC), or the text as it is."""
    found = _utc(value)
    if found is None:
        return str(value or "")
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}, {found:%H:%M}"


def iso(value: Any) -> str:
    found = _utc(value)
    return "" if found is None else found.isoformat(timespec="seconds")


def ago(value: Any, now: float | None = None) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``; older than a month the day itself."""
    found = seconds(value)
    if found is None:
        return str(value or "")
    gone = (time.time() if now is None else now) - found
    if gone < -60:
        return moment(value)
    if gone < 10:
        return "just now"
    if gone < 60:
        return f"{int(gone)} s ago"
    if gone < 3600:
        return f"{int(gone // 60)} min ago"
    if gone < 86400:
        return f"{int(gone // 3600)} h ago"
    days = int(gone // 86400)
    return moment(value).partition(",")[0] if days > 30 else "yesterday" if days == 1 else f"{days} days ago"


def tick(at: float, span: float) -> str:
    """A place on a time axis of that span: an hour for a day or less, else a day."""
    found = dt.datetime.fromtimestamp(at, dt.UTC)
    if span <= 2 * 86400:
        return f"{found:%H:%M}"
    return f"{found.day} {MONTHS[found.month - 1]}"


def _utc(value: Any) -> dt.datetime | None:
    found = seconds(value)
    if found is None:
        return None
    try:
        return dt.datetime.fromtimestamp(found, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None
