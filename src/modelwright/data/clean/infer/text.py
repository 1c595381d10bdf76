"""Whether a column of words holds free text, and not names of categories."""

from __future__ import annotations

from modelwright.data.clean.infer.distinct import Distinct

_LEAST_DISTINCT = 50
_SHARE = 0.3
_WORDS = 3.0


def infer(distinct: Distinct) -> bool:
    """Many different texts (at least 50, and one for every three cells) of three words or more on average."""
    if distinct.size < _LEAST_DISTINCT or distinct.size < _SHARE * distinct.cells:
        return False
    words = int(distinct.words.str.count_matches(r"[^\s\x1c-\x1f]+").sum())
    numbers = distinct.size - len(distinct.words)
    return words + numbers >= _WORDS * distinct.size
