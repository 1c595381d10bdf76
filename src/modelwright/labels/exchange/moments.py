"""Moments as exchange formats write them."""

from __future__ import annotations

import datetime as dt


def iso(at: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, to the microsecond: nothing is lost on the way back."""
    return dt.datetime.fromtimestamp(0, dt.UTC).__add__(dt.timedelta(microseconds=at)).isoformat()


def micros(text: object) -> int | None:
    """What :func:`iso` wrote, or another ISO 8601 text (without a zone: UTC); None where it is none."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return (found - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)
