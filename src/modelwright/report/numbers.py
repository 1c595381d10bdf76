"""Numbers as people read them: few digits, a unit, never a false precision; and sentences made of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

NONE = "–"

_BYTES = (("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1.0))
_SECONDS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
_MINUS = "−"


def plain(value: float | None, digits: int = 4) -> str:
    """A number in at most ``digits`` significant digits, thousands apart: 48842 is ``48,842``."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    if value == 0:
        return "0"
    size = abs(value)
    if float(value).is_integer() and size < 1e12:
        text = f"{int(size):,}"
    elif size >= 1e12 or size < 1e-5:
        text = f"{size:.{digits - 1}e}"
    elif size >= 10 ** (digits - 1):
        text = f"{size:,.0f}"
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{size:,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return (_MINUS if value < 0 else "") + text


def score(value: float | None) -> str:
    """A score in three decimals where it is of the size of one, else as :func:`plain`."""
    if value is None or math.isnan(value):
        return NONE
    if abs(value) < 0.001 and value != 0:
        return plain(value, 3)
    if abs(value) < 10 and not (float(value).is_integer() and value not in (0, 1)):
        return f"{value:.3f}".replace("-", _MINUS)
    return plain(value, 4)


def share(value: float | None) -> str:
    """A share as a percentage; what is above nothing never reads as 0%, what is below all never as 100%."""
    if value is None or math.isnan(value):
        return NONE
    if 0 < value < 0.001:
        return "< 0.1%"
    if 0.999 < value < 1:
        return "> 99.9%"
    return f"{value * 100:.1f}".rstrip("0").rstrip(".") + "%"


def size(value: float | None) -> str:
    """Bytes in decimal units: 1 MB is 10^6 bytes."""
    return _scaled(value, _BYTES)


def duration(value: float | None) -> str:
    """Seconds, from nanoseconds to hours."""
    if value is None or math.isnan(value):
        return NONE
    if value >= 3600:
        return f"{int(value // 3600)} h {int(value % 3600 // 60)} min"
    if value >= 120:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return _scaled(value, _SECONDS)


def _scaled(value: float | None, units: tuple[tuple[str, float], ...]) -> str:
    if value is None or math.isnan(value):
        return NONE
    for name, scale in units:
        if abs(value) >= scale:
            return f"{plain(value / scale, 3)} {name}"
    name, scale = units[-1]
    return f"{plain(value / scale, 3)} {name}"


def date(microseconds: float | None) -> str:
    """A day of microseconds since 1970 in UTC; with the time where it is not midnight."""
    if microseconds is None or math.isnan(microseconds):
        return NONE
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except (OverflowError, ValueError):
        return plain(microseconds)
    return moment.strftime("%Y-%m-%d" if moment.time() == moment.time().min else "%Y-%m-%d %H:%M")


def measure(value: float | None, unit: str) -> str:
    """A value in its unit: ``seconds``/``s`` and ``bytes``/``B`` scaled, others with the unit behind."""
    if unit in ("seconds", "s"):
        return duration(value)
    if unit in ("bytes", "B"):
        return size(value)
    text = score(value)
    if unit in ("", "fraction", "none", "target") or text == NONE:
        return text
    return f"{text}{'' if unit == '%' else ' '}{unit}"


def count(value: int, noun: str, nouns: str = "") -> str:
    """``1 row``, ``1,248 rows``."""
    return f"{value:,} {noun if value == 1 else nouns or noun + 's'}"


def sentence(words: str) -> str:
    """With a full stop, and a capital where the first word is a plain one (``roc_auc`` stays as it is)."""
    text = words.strip()
    if not text:
        return ""
    plain_word = text.split()[0].rstrip(",:;").isalpha()
    return (text[:1].upper() + text[1:] if plain_word else text) + (
        "" if text.endswith((".", "!", "?", ":")) else "."
    )
