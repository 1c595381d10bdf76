"""Columns with personal data, by pattern: e-mail addresses, phone numbers, payment card numbers."""

from __future__ import annotations

import polars as pl

from modelwright.runtime.parse.mask import PATTERNS, finds

_SHARE = 0.02
_LOOKED_AT = 5_000


def kinds(series: pl.Series) -> list[str]:
    """Which kinds of personal data at least one in fifty of the column's texts holds.

    Looks at the 5,000 first distinct texts in their order.
    """
    if series.dtype != pl.String:
        return []
    texts = series.drop_nulls().unique(maintain_order=True).head(_LOOKED_AT).to_list()
    texts = [text for text in texts if len(text) >= 6]
    found = []
    for kind in PATTERNS:
        count = sum(1 for text in texts if finds(kind, text))
        if count and count >= _SHARE * len(texts):
            found.append(kind)
    return found
