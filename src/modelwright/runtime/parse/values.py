"""How a value that is not text is written where text is wanted, and when a value counts as absent."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

Raw = Any
"""What a source may give: text, number, bool, date, datetime, None, or a numpy scalar of these."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT_TYPES = frozenset({"NAType", "NaTType"})


def plain(value: Raw) -> str | float | int | bool | datetime | date | None:
    """The value as a Python object; NaN, NaT and their like are ``None``.

    Anything unknown is written with ``str``, so that no value of a source can break a prediction.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return None if value != value else float(value)
    if kind is int or kind is bool or value is None:
        return value  # type: ignore[no-any-return]
    if kind.__name__ in _ABSENT_TYPES:
        return None
    if isinstance(value, (datetime, date)):
        return value
    if kind.__name__ == "datetime64":
        # Finer than microseconds would come out as a bare integer, and NaT as None.
        made: Any = value.astype("datetime64[us]").item()
        return made if isinstance(made, (datetime, date)) else None
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return plain(value.item())
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", errors="replace")
    if isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else int(value)
    if hasattr(value, "__float__"):
        number = float(value)
        return None if number != number else number
    return str(value)


def render(value: str | float | int | bool | datetime | date) -> str:
    """The canonical text of a value: ``3`` for 3 and 3.0, ``true``, ``2024-05-01 10:00:00``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat()


def microseconds(value: datetime | date, zone: int = 0) -> int:
    """Microseconds since 1970 in UTC; a value without a zone is ``zone`` minutes east of Greenwich."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001  (the zone is taken off below)
    if value.tzinfo is None:
        gap = value.replace(tzinfo=UTC) - _EPOCH
        return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds - zone * 60_000_000
    gap = value - _EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
