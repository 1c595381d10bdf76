"""Spellings of one value that differ in case, inner white space or a closing full stop."""

from __future__ import annotations

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.case import fold


def infer(distinct: Distinct) -> dict[str, str]:
    """Folded form to the most frequent spelling, for values that have several; empty where none has.

    Columns of single letters are left alone: their case may carry meaning.
    """
    if all(len(text) < 2 for text in distinct.texts):
        return {}
    forms: dict[str, list[str]] = {}
    for text in distinct.texts:
        forms.setdefault(fold(text), []).append(text)
    return {form: texts[0] for form, texts in sorted(forms.items()) if len(texts) > 1 and len(form) > 1}
