"""Rows that are exactly equal to an earlier one, and which of them are one record entered twice."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from modelwright.data.fingerprint import fingerprints


def repeated(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Boolean [rows]: whether a row equals an earlier one over these columns (missing equals missing)."""
    if not columns or not frame.height:
        return pl.repeat(False, frame.height, eager=True)
    return ~fingerprints(frame.select(columns)).select(
        pl.struct(pl.all()).is_first_distinct().alias("first")
    )["first"]
