"""Which texts of a column say that there is no value."""

from __future__ import annotations

import re
from collections.abc import Iterable

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

_TWO_LETTERS = re.compile("[A-Z]{2}")


def markers(texts: Iterable[str], *, words: bool, target: bool) -> list[str]:
    """Those of the (stripped) texts that mean missing, in their order.

    ``words``: the column holds words, and not numbers, dates or booleans. "NA" among two-letter codes is
    Namibia (or North America), and stays.
    """
    every = list(texts)
    known = set(CERTAIN if target else USUAL)
    if not words:
        known |= set(ONLY_AMONG_VALUES)
    found = [text for text in every if text.casefold() in known]
    if words and "NA" in found:
        others = [text for text in every if text not in found]
        if len(others) >= 10 and all(_TWO_LETTERS.fullmatch(text) for text in others):
            found.remove("NA")
    return found
