"""``date``: text in explicit formats, or a count since 1970, becomes microseconds since 1970 in UTC.

The formats are C's (``%d.%m.%Y %H:%M``), a subset of them, read by patterns of our own: the standard
library's ``strptime`` knows the locale and is slow, and the same text must be the same date everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from modelwright.runtime.parse.number import plain_number
from modelwright.runtime.parse.values import microseconds

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
_MONTH = {name: k for k, full in enumerate(MONTHS, 1) for name in (full, full[:3])} | {"sept": 9}
_PARTS = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<I>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})",
    "f": r"(?P<f>[0-9]{1,9})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "b": r"(?P<b>[A-Za-z]{3,9})\.?",
    "z": r"(?P<z>[Zz]|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})",
    "%": "%",
}
SCALES = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}


def pattern(form: str) -> re.Pattern[str]:
    """The pattern of one format; compact ones (no separator) take two digits for months and days."""
    compact = "%Y%m" in form or "%m%d" in form
    out = []
    k = 0
    while k < len(form):
        if form[k] == "%":
            part = _PARTS[form[k + 1]]
            out.append(part.replace("{1,2}", "{2}") if compact else part)
            k += 2
        else:
            out.append(r"\s+" if form[k] == " " else re.escape(form[k]))
            k += 1
    return re.compile("".join(out))


def read_as(found: re.Match[str], zone: int) -> int | None:
    """Microseconds of what a format's pattern found; ``None`` if there is no such date (31 February)."""
    part = found.groupdict()
    if part.get("b") is not None:
        month = _MONTH.get(part["b"].lower(), 0)
    else:
        month = int(part.get("m") or 1)
    if part.get("Y") is not None:
        year = int(part["Y"])
    else:
        # POSIX: 69 to 99 are of the twentieth century.
        year = int(part["y"])
        year += 1900 if year >= 69 else 2000
    hour = int(part.get("H") or part.get("I") or 0)
    if part.get("p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["p"][0] in "Pp" else 0)
    fraction = int((part.get("f") or "0")[:6].ljust(6, "0"))
    if part.get("z"):
        text = part["z"]
        zone = 0
        if text not in ("Z", "z"):
            digits = text[1:].replace(":", "").ljust(4, "0")
            zone = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if text[0] == "-" else 1)
    next_day = hour == 24 and not int(part.get("M") or 0) and not int(part.get("S") or 0)
    try:
        made = datetime(
            year, month, int(part.get("d") or 1), 0 if next_day else hour, int(part.get("M") or 0),
            int(part.get("S") or 0), fraction, tzinfo=UTC,
        )  # fmt: skip
        if next_day:
            made += timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return microseconds(made) - zone * 60_000_000


def from_epoch(value: float, scale: str) -> int | None:
    """Microseconds of a count of seconds, milli-, micro- or nanoseconds; ``None`` beyond what dates hold."""
    made = value * SCALES[scale]
    return round(made) if abs(made) < 2.0**62 else None


def build(options: dict[str, Any]) -> Callable[[str], int | None]:
    """``formats``: tried in this order; ``zone``: minutes east of Greenwich where the text names none;

    ``epoch``: the unit (s, ms, us, ns) of numbers counted since 1970, where they are dates.
    """
    forms = [pattern(str(form)) for form in options.get("formats", ())]
    zone = int(options.get("zone", 0))
    epoch = options.get("epoch")

    def read(text: str) -> int | None:
        text = text.strip()
        for form in forms:
            found = form.fullmatch(text)
            if found is not None:
                made = read_as(found, zone)
                if made is not None:
                    return made
        if epoch is not None:
            number = plain_number(text)
            if number is not None:
                return from_epoch(number, str(epoch))
        return None

    return read
