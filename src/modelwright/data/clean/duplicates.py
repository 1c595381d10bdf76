"""Rows that are exactly equal to an earlier one, and which of them are one record entered twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from modelwright.data.fingerprint import fingerprints

_MANY = 10_000
"""Rows from which they are compared by their hashes first."""


def repeated(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Boolean [rows]: whether a row equals an earlier one over these columns (missing equals missing)."""
    if not columns or not frame.height:
        return pl.repeat(False, frame.height, eager=True)
    plain = fingerprints(frame.select(columns))
    if plain.height < _MANY:
        return _again(plain)
    # Equal rows have equal hashes; what shares its hash with another row is looked at as it is.
    hashes = np.zeros(plain.height, dtype=np.uint64)
    for k, name in enumerate(columns):
        hashes += plain[name].hash(k).to_numpy()
    suspects = pl.Series(hashes).is_duplicated()
    if not suspects.any():
        return pl.repeat(False, frame.height, eager=True)
    found = _again(plain.filter(suspects))
    return pl.repeat(False, frame.height, eager=True).scatter(suspects.arg_true().filter(found), True)


def _again(frame: pl.DataFrame) -> pl.Series:
    return ~frame.select(pl.struct(pl.all()).is_first_distinct().alias("first"))["first"]
