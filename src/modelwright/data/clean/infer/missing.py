"""Which texts of a column say that there is no value."""

from __future__ import annotations

import re

import polars as pl

from modelwright.data.clean.infer.distinct import Distinct

CERTAIN = ("", "?", "na", "n/a", "#n/a", "#na", "nan", "<na>", "nat", "null", "(null)")
"""In any column, in any case."""
USUAL = (
    *CERTAIN,
    "n.a.",
    "-",
    "--",
    "---",
    ".",
    "..",
    "...",
    "unknown",
    "missing",
    "not available",
    "not known",
)
"""In any column but the target, where they may be answers."""
ONLY_AMONG_VALUES = (
    "none",
    "nil",
    "not applicable",
    "no data",
    "n/d",
    "nd",
    "tbd",
    "#value!",
    "#ref!",
    "#div/0!",
)
"""Among numbers, dates and booleans; among words "none" is a value more often than not."""
ALWAYS = (
    "",
    "?",
    "-",
    "NA",
    "N/A",
    "n/a",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "none",
    "unknown",
    "Unknown",
)
"""Markers that columns of numbers, dates and booleans know beyond those found."""


_NO_NUMBER = r"(?i)^(null|nan|na|n/a|n\.a\.|none|nil|unknown|missing|[?]|-{1,3})\s+\D+$"
_LEAST = 3
"""Numbers of a column that have a unit before "null" with that unit means missing."""
_MOST = 20


def _before_units(distinct: Distinct) -> list[str]:
    """ "null bhp" where there is "74 bhp": no number, with the unit of the column's numbers."""
    likely = distinct.hard_where(pl.col("text").str.contains(_NO_NUMBER))
    found = []
    for text in likely[:_MOST]:
        unit = text.partition(" ")[2].strip()
        numbers = rf"(?i)^[+-]?\d[\d.,]*\s*{re.escape(unit)}$"
        if unit and len(distinct.hard_where(pl.col("text").str.contains(numbers))) >= _LEAST:
            found.append(text)
    return found


def markers(distinct: Distinct, *, words: bool, target: bool) -> list[str]:
    """Those of the (stripped) texts that mean missing, in their order.

    ``words``: the column holds words, and not numbers, dates or booleans. "NA" among two-letter codes is
    Namibia (or North America), and stays.
    """
    known = set(CERTAIN if target else USUAL)
    if not words:
        known |= set(ONLY_AMONG_VALUES)
    lower = pl.col("text").str.to_lowercase()
    likely = lower.is_in(sorted(known)) | (pl.col("text").str.len_bytes() != pl.col("text").str.len_chars())
    found = [text for text in distinct.hard_where(likely) if text.casefold() in known]
    found += _before_units(distinct)
    if words and "NA" in found:
        others = distinct.without(set(found))
        if others.size >= 10 and others.all_are(pl.col("text").str.contains("^[A-Z]{2}$")):
            found.remove("NA")
    return found
