"""Dates, texts and categories read all at once, where the runtime's parser is sure to give the same."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from modelwright.data.clean import dates
from modelwright.runtime.parse import ColumnSpec

_NEITHER = frozenset(("strip", "missing"))
_INK = r"^[!-~](?s:.*[!-~])?$"
"""Texts that no white space surrounds, as everybody understands white space."""
_WORDS_AND_MARKS = r"\w+(?:'\w+)*|[^\w\x00-\x20\x7f]"
_WORDS = r"\w+(?:'\w+)*"
"""Those of runtime/parse/text.py, for texts in ASCII."""


def read(texts: pl.Series, spec: ColumnSpec) -> pl.Series | None:
    """Typed values of the texts, null where they are missing or not read here; None where none would be.

    Whoever calls has to look at every null of a text that is there.
    """
    if spec.kind not in ("date", "text", "category"):
        return None
    last = spec.operations[-1] if spec.operations and spec.kind != "category" else None
    before = spec.operations[:-1] if last is not None else spec.operations
    if any(op.name not in _NEITHER for op in before) or (last is not None and last.name != spec.kind):
        return None
    markers = [str(m) for op in before for m in op.options.get("markers", ())]
    if last is None:
        return _category(texts, markers)
    if spec.kind == "date":
        formats = [str(form) for form in last.options.get("formats", ())]
        zone = int(last.options.get("zone", 0))
        if "epoch" in last.options or not formats:
            return None
        found = dates.read(texts, formats, zone)
        stands = dates.read(pl.Series([m.strip() for m in markers], dtype=pl.String), formats, zone)
        return None if stands.is_not_null().any() else found
    return _text(texts, markers, marks=bool(last.options.get("marks")))


def _category(texts: pl.Series, markers: Sequence[str]) -> pl.Series:
    sure = pl.col("t").str.contains(_INK) & ~pl.col("t").is_in(list(markers))
    return _of(texts, pl.when(sure).then(pl.col("t")))


def _text(texts: pl.Series, markers: Sequence[str], *, marks: bool) -> pl.Series:
    ascii_ = pl.col("t").str.len_bytes() == pl.col("t").str.len_chars()
    sure = ascii_ & pl.col("t").str.contains(_INK) & ~pl.col("t").is_in(list(markers))
    lower = pl.col("t").str.to_lowercase()
    # Most texts are words with a blank between them already.
    plain = lower.str.contains(r"^[a-z0-9_]+(?: [a-z0-9_]+)*$")
    apart = pl.when(plain).then(None).otherwise(lower).str.extract_all(_WORDS_AND_MARKS if marks else _WORDS)
    joined = pl.when(plain).then(lower).otherwise(apart.list.join(" "))
    return _of(texts, pl.when(sure & (joined != "")).then(joined))


def _of(texts: pl.Series, made: pl.Expr) -> pl.Series:
    return texts.alias("t").to_frame().select(made.alias(texts.name)).to_series()
