"""Whether a column holds dates, and in which formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from modelwright.data.clean import dates
from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.date import pattern, read_as

_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b, %Y", "%b %d, %Y",
    "%b %d %Y", "%b-%d-%Y", "%d/%b/%Y", "%d.%b.%Y", "%Y-%b-%d",
)  # fmt: skip
_EITHER = (("%m/%d/%Y", "%d/%m/%Y"), ("%m/%d/%y", "%d/%m/%y"), ("%d.%m.%Y", "%m.%d.%Y"),
           ("%d.%m.%y", "%m.%d.%y"), ("%d-%m-%Y", "%m-%d-%Y"), ("%d-%m-%y", "%m-%d-%y"),
           ("%d %m %Y", "%m %d %Y"))  # fmt: skip
"""Both orders of day and month; the first of each pair is the usual one."""
_MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%b-%Y", "%b-%y", "%b/%Y")
_HOURS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p", "%I:%M%p", "%H:%M:%S%z",
          "%H:%M:%S.%f%z", "%H:%M%z", "%H:%M:%S %z", "%H:%M:%S.%f %z")  # fmt: skip
_LOOKS = re.compile(r"\d.*[-/.:\s].*\d|[A-Za-z]{3,9}.*\d|\d.*[A-Za-z]{3,9}")
_NAMED = re.compile(
    r"date|day|time|stamp|epoch|created|updated|modified|_at$|_on$|_ts$|^ts$|^dt$", re.IGNORECASE
)
_MOST_FORMATS = 8
_EPOCHS = (("s", 3e8, 5e9), ("ms", 3e11, 5e12), ("us", 3e14, 5e15), ("ns", 3e17, 5e18))
"""Counts since 1970 that fall into 1979 to 2128, by unit; the ranges do not meet."""


@dataclass(frozen=True, slots=True)
class Dates:
    options: dict[str, Any]
    unread: list[str]
    ambiguous: str = ""
    """The format taken where the order of day and month could not be told from the values."""


def infer(distinct: Distinct, *, must: bool = False) -> Dates | None:
    """The formats that read the (stripped, present) texts; ``None`` if the column holds something else."""
    if distinct.empty:
        return Dates({"formats": ["%Y-%m-%d"]}, []) if must else None
    first = distinct.first(50)
    if not must and sum(1 for text in first if _LOOKS.search(text) and len(text) <= 40) < 0.8 * len(first):
        return None
    left = distinct
    chosen: list[str] = []
    ambiguous = ""
    while not left.empty and len(chosen) < _MOST_FORMATS:
        head = left.first(20)
        best = _format_for(head[0], distinct)
        if best is None:
            other = next(
                (found for text in head[1:] if (found := _format_for(text, distinct)) is not None), None
            )
            if other is None:
                break
            best = other
        form, unsure = best
        chosen.append(form)
        ambiguous = ambiguous or (form if unsure else "")
        left = left.unread_by(partial(dates.read, formats=[form]), _reader(form))
    if not chosen:
        return Dates({"formats": ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]}, distinct.texts) if must else None
    if not must and left.cells > 0.02 * distinct.cells:
        return None
    return Dates({"formats": chosen}, left.texts, ambiguous)


def from_numbers(
    name: str, low: float, high: float, whole: bool, *, must: bool = False
) -> dict[str, Any] | None:
    """Options for numbers that are dates: a name that says so (or the goal), and a range that fits."""
    if not whole or not (must or _NAMED.search(name)):
        return None
    for unit, least, most in _EPOCHS:
        if least <= low and high <= most:
            return {"epoch": unit}
    return None


def compact(distinct: Distinct, *, must: bool = False) -> dict[str, Any] | None:
    """Options for dates written as eight digits, where the column's name (or the goal) says that they are."""
    named = must or _NAMED.search(distinct.name)
    if not named or distinct.empty or not distinct.all_are(pl.col("text").str.contains("^[0-9]{8}$")):
        return None
    read = _reader("%Y%m%d")
    fits = all(read(text) and 1800 <= int(text[:4]) <= 2200 for text in distinct.texts)
    return {"formats": ["%Y%m%d"]} if fits else None


def _reader(form: str) -> Any:
    compiled = pattern(form)

    def read(text: str) -> bool:
        found = compiled.fullmatch(text)
        return found is not None and read_as(found, 0) is not None

    return read


def _format_for(text: str, distinct: Distinct) -> tuple[str, bool] | None:
    """The format of one text; and whether day and month could not be told apart by any of the texts."""
    for day in (*_DAYS, *_MONTHS):
        form = _with_hours(day, text)
        if form is not None:
            return form, False
    for usual, other in _EITHER:
        usual_form, other_form = _with_hours(usual, text), _with_hours(other, text)
        if usual_form is None and other_form is None:
            continue
        # The whole column decides: days beyond 12 show the order.
        sure = [(_count(day, distinct.texts), day) for day in (usual, other)]
        best = usual if sure[0][0] >= sure[1][0] else other
        form = _with_hours(best, text) or usual_form or other_form
        if form is not None:
            return form, sure[0][0] == sure[1][0]
    return None


def _count(day: str, texts: list[str]) -> int:
    """How many texts begin with such a date."""
    compiled = pattern(day)
    count = 0
    for text in texts:
        found = compiled.match(text)
        count += found is not None and read_as(found, 0) is not None
    return count


def _with_hours(day: str, text: str) -> str | None:
    if _reader(day)(text):
        return day
    if ":" not in text:
        return None
    for between in (" ", "T", ", "):
        for hours in _HOURS:
            if _reader(day + between + hours)(text):
                return day + between + hours
    return None
