"""``number``: text becomes a double, through separators, currencies, percents, units and accounting signs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

# ASCII digits only: \d would take digits of other scripts, and Python's float also underscores.
PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
CURRENCIES = ("$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₴", "฿", "R$", "US$", "USD", "EUR", "GBP",
              "JPY", "CHF", "CNY", "INR", "ZAR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN",
              "BRL", "MXN")  # fmt: skip
RANGE = re.compile(r"(.*?[0-9][^\-–—]*?)\s*(?:-|–|—|\bto\b|\.\.+)\s*([^\s\-–—].*)", re.DOTALL)
UNIT_BEHIND = re.compile(r".*?[0-9]\s*([^\d\s.,()\-+][^\d()]*[23]?)", re.DOTALL)
PART = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*[^\d\s.,()+\-]+\.?")
COMPOUND = re.compile(rf"(?:{PART.pattern})(?:[\s,]*(?:and\s+)?(?:{PART.pattern}))+")
LONGEST = 500
"""Characters beyond which a text is no range and no sum: looking for one in a page takes minutes."""
SPACES = (" ", "\u00a0", "\u202f", "\u2009")


def plain_number(text: str) -> float | None:
    """A number written plainly ("-1.5e3"), or ``None``; what overflows is ``None`` too."""
    if PLAIN.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def build(options: dict[str, Any]) -> Callable[[str], float | None]:
    """Options, all of them off when left out:

    ``decimal`` ("." or ","), ``thousands`` (a separator, or null), ``currency`` (symbols and codes to take
    off), ``percent`` (a % sign is taken off, the value stays in percent), ``units`` (name of a unit behind
    the number to the factor by which it is multiplied, or to [factor, what is added]; names in lower case),
    ``compound`` ("5 ft 11 in" is the sum of its parts), ``ranges`` ("1133 - 1384" is its middle),
    ``negatives`` (accounting: "(5)" and "5-" are -5), ``least`` and ``most`` (what lies beyond is not read).
    """
    one = _one(options)
    least, most = options.get("least"), options.get("most")
    if bool(options.get("ranges", False)):
        one = _with_ranges(one)
    if bool(options.get("compound", False)):
        one = _with_compound(one)
    if least is None and most is None:
        return one
    inside = within(options)

    def read(text: str) -> float | None:
        value = one(text)
        return value if value is not None and inside(value) else None

    return read


def within(options: dict[str, Any]) -> Callable[[float], bool]:
    """Whether a number lies between ``least`` and ``most``, the ends among them."""
    least = options.get("least")
    most = options.get("most")
    low = -math.inf if least is None else float(least)
    high = math.inf if most is None else float(most)
    return lambda value: low <= value <= high


def _with_ranges(one: Callable[[str], float | None]) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        value = one(text)
        if value is not None or len(text) > LONGEST:
            return value
        parts = RANGE.fullmatch(text.strip())
        if parts is None:
            return None
        tail = UNIT_BEHIND.fullmatch(parts.group(2))
        high = one(parts.group(2))
        # "10 - 12 kg" is ten kilograms, too.
        low = one(f"{parts.group(1)} {tail.group(1)}") if tail is not None else None
        low = one(parts.group(1)) if low is None else low
        if low is None or high is None or low > high:
            return None
        return (low + high) / 2

    return read


def _with_compound(one: Callable[[str], float | None]) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        value = one(text)
        if value is not None or len(text) > LONGEST:
            return value
        if COMPOUND.fullmatch(text.strip()) is None:
            return None
        total = 0.0
        for part in PART.finditer(text):
            value = one(part.group())
            if value is None:
                return None
            total += value
        return total

    return read


def _one(options: dict[str, Any]) -> Callable[[str], float | None]:
    """Reads one number, with all that may stand around it."""
    decimal = str(options.get("decimal", "."))
    thousands = options.get("thousands")
    currency = sorted((str(c) for c in options.get("currency", ())), key=len, reverse=True)
    percent = bool(options.get("percent", False))
    units = {str(k).casefold(): _turn(v) for k, v in dict(options.get("units", {})).items()}
    negatives = bool(options.get("negatives", False))
    grouped: re.Pattern[str] | None = None
    separators: tuple[str, ...] = ()
    if thousands:
        separators = SPACES if thousands == " " else (str(thousands),)
        mark = "[" + "".join(re.escape(s) for s in separators) + "]"
        # The last group has three digits; earlier ones two or three, for Indian grouping. A leading zero
        # cannot begin a grouped number: "0,500" is a decimal comma.
        grouped = re.compile(
            rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}(?:{re.escape(decimal)}[0-9]*)?"
        )
    with_unit = re.compile(r"(.*?[0-9.])\s*([^\d\s.,()\-+][^\d()]*[23]?)", re.DOTALL) if units else None

    def digits(text: str) -> float | None:
        sign = 1.0
        if text[:1] in ("+", "-", "−"):
            sign = 1.0 if text[0] == "+" else -1.0
            text = text[1:].lstrip()
        if grouped is not None and grouped.fullmatch(text):
            for separator in separators:
                text = text.replace(separator, "")
        if decimal != ".":
            if "." in text:
                return None
            text = text.replace(decimal, ".")
        if text[:1] in ("+", "-"):
            return None
        value = plain_number(text)
        return None if value is None else sign * value

    def read(text: str) -> float | None:
        if decimal == ".":
            value = plain_number(text)
            if value is not None:
                return value
        text = text.strip()
        sign, factor, offset = 1.0, 1.0, 0.0
        if negatives:
            if text.startswith("(") and text.endswith(")"):
                sign, text = -1.0, text[1:-1].strip()
            elif text.endswith("-"):
                sign, text = -1.0, text[:-1].rstrip()
        if percent and text.endswith("%"):
            text = text[:-1].rstrip()
        for symbol in currency:
            bare, minus = (text[1:].lstrip(), text[0]) if text[:1] in ("-", "+") else (text, "")
            if bare.startswith(symbol):
                text = minus + bare[len(symbol) :].lstrip()
                break
            if text.endswith(symbol):
                text = text[: -len(symbol)].rstrip()
                break
        if with_unit is not None:
            found = with_unit.fullmatch(text)
            if found is not None and found.group(2).strip().casefold() in units:
                factor, offset = units[found.group(2).strip().casefold()]
                text = found.group(1)
        if negatives and sign > 0 and text.startswith("(") and text.endswith(")"):
            sign, text = -1.0, text[1:-1].strip()
        value = digits(text)
        return None if value is None else sign * factor * value + offset

    return read


def _turn(said: float | list[float]) -> tuple[float, float]:
    if isinstance(said, list):
        factor, offset = said
        return float(factor), float(offset)
    return float(said), 0.0
