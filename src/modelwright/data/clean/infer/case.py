"""Spellings of one value that differ in case, inner white space or a closing full stop."""

from __future__ import annotations

import polars as pl

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.case import fold

_FOLDED = (
    pl.col("text")
    .str.replace_all(r"[\s\x1c-\x1f]+", " ")
    .str.strip_chars(" ")
    .str.to_lowercase()
    .str.strip_chars_end(".")
)
"""What ``fold`` makes of a text in ASCII; of a text of points alone nothing."""


def infer(distinct: Distinct) -> dict[str, str]:
    """Folded form to the most frequent spelling, for values that have several; empty where none has.

    Columns of single letters are left alone: their case may carry meaning.
    """
    if not distinct.has(pl.col("text").str.len_chars() > 1):
        return {}
    forms: dict[str, list[str]] = {}
    for text in distinct.sharing(_FOLDED, fold):
        forms.setdefault(fold(text), []).append(text)
    return {form: texts[0] for form, texts in sorted(forms.items()) if len(texts) > 1 and len(form) > 1}
