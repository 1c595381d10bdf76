"""Times and sizes as people write them: ``60s``, ``20ms``, ``30d``, ``50MB``.

Multiples are decimal (SI): 1 MB is 10^6 bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from modelwright.goal.nearest import nearest

SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
BYTES = {
    "B": Decimal(1),
    "KB": Decimal(10**3),
    "MB": Decimal(10**6),
    "GB": Decimal(10**9),
    "TB": Decimal(10**12),
}
FRACTION = {"%": Decimal("0.01")}

QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-z%]*)", re.ASCII)
"""A number, then its unit. Multiplied as decimals, so that 99.9% is exactly the float 0.999."""
_ASKED = re.compile(r"[<>]=?\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?\s*([A-Za-z%]+)", re.ASCII)


def seconds(text: str) -> float:
    """Seconds in ``text``; ``ValueError`` with the remedy when it is not a time above zero with a unit."""
    return _quantity(text, SECONDS, "60s")


def size(text: str) -> int:
    """Bytes in ``text``; ``ValueError`` with the remedy when it is not a size above zero with a unit."""
    return round(_quantity(text, BYTES, "8GB"))


def written(value: float, criterion: str) -> str:
    """A value of the criterion as people write it: "20 ms", "1.4 MB", and plain where it has no unit.

    >>> written(0.00017, "latency_p99 <= 20ms")
    '0.17 ms'
    """
    asked = _ASKED.search(criterion)
    for scale in (SECONDS, BYTES):
        if asked is None or asked[1] not in scale or not math.isfinite(value):
            continue
        names = ("s", "ms") if scale is SECONDS else ("GB", "MB", "KB", "B")
        name = next((n for n in names if abs(value) >= scale[n]), names[-1])
        return f"{value / float(scale[name]):.3g} {name}"
    return f"{value:.4g}"


def _quantity(text: str, units: Mapping[str, Decimal], example: str) -> float:
    match = QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"write a number and a unit, such as {example}")
    number, unit = Decimal(match[1]), match[2]
    if not unit:
        raise ValueError(f"the unit is missing: write it as in {example}")
    if unit not in units:
        near = near_unit(unit, tuple(units))
        raise ValueError(f"did you mean {match[1]}{near}?" if near else f"the units are {', '.join(units)}")
    value = float(number * units[unit])
    if not 0 < value < float("inf"):
        raise ValueError("it must be above zero, and finite")
    return value


_SPOKEN = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "milliseconds": "ms",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "k": "KB", "kib": "KB", "mib": "MB", "meg": "MB", "g": "GB", "gib": "GB",
    "gigs": "GB", "megs": "MB",
    "t": "TB", "tib": "TB", "byte": "B", "bytes": "B", "percent": "%",
}  # fmt: skip


def near_unit(unit: str, known: tuple[str, ...]) -> str | None:
    """The unit most likely meant by ``unit``, if one of ``known`` is."""
    if unit in (*SECONDS, *BYTES, *FRACTION):
        return unit if unit in known else None
    folded = {name.lower(): name for name in known}
    if unit.lower() in folded:
        return folded[unit.lower()]
    spoken = _SPOKEN.get(unit.lower()) or (nearest(unit, known) if len(unit) > 1 else None)
    return spoken if spoken in known else None


def in_words(value: float, units: Mapping[str, Decimal]) -> str:
    """``value`` in the largest unit that leaves a number of at least one: 90.0 seconds is ``1.5m``."""
    name, factor = next((unit, float(scale)) for unit, scale in units.items())
    for candidate, scale in units.items():
        if value >= scale:
            name, factor = candidate, float(scale)
    return f"{value / factor:.6g}{name}"
