"""Dates in text, read all at once where that is sure to give what the runtime's parser gives.

Sure are dates of digits in fixed places (two for months, days, hours, minutes and seconds, four for years
from 1000 on) that exist. Everything else is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from modelwright.runtime.parse.date import pattern

_PARTS = {
    "Y": "[1-9][0-9]{3}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}


def read(texts: pl.Series, formats: Sequence[str], zone: int = 0) -> pl.Series:
    """Int64: microseconds since 1970 in UTC; null where the text is not read here.

    ``formats``: as of the operation ``date``, the first that fits wins. ``zone``: minutes east of Greenwich.
    """
    nothing = pl.repeat(None, len(texts), dtype=pl.Int64, eager=True).rename(texts.name)
    made = nothing
    for form in formats:
        sure = _strict(form)
        if sure is None:
            break  # what it would read is not known here, and it comes before those behind it
        fits = texts.str.contains(sure).fill_null(False) & made.is_null()
        if fits.any():
            shown = texts if fits.all() else texts.set(~fits, None)
            whole = form if "%H" in form else f"{form} %H"
            clock = shown if "%H" in form else shown + " 00"
            if "%M" not in form:
                whole, clock = f"{whole}:%M", clock + ":00"
            found = clock.str.to_datetime(whole, time_unit="us", strict=False).to_physical()
            made = made.zip_with(made.is_not_null(), found - zone * 60_000_000)
        if len(formats) > 1:
            loose = texts.str.contains(f"^(?:{pattern(form).pattern})$").fill_null(False)
            if (loose & made.is_null()).any():
                break  # read by this format, in a way that only the parser knows
    return made.rename(texts.name)


def _strict(form: str) -> str | None:
    """The pattern of sure dates of a format; None for a format with other parts, or without a whole date."""
    out = []
    place = 0
    named = re.findall("%(.)", form)
    if not {"Y", "m", "d"} <= set(named) or len(set(named)) != len(named):
        return None
    if ("M" in named) != ("H" in named) or ("S" in named and "M" not in named):
        return None
    while place < len(form):
        if form[place] == "%":
            part = _PARTS.get(form[place + 1])
            if part is None:
                return None
            out.append(part)
            place += 2
        else:
            out.append(re.escape(form[place]))
            place += 1
    return f"^{''.join(out)}$"
