"""Cells that are arrays or bytes by their digests, for equality, counting and writing as text."""

from __future__ import annotations

import hashlib

import polars as pl


def is_media(dtype: pl.DataType) -> bool:
    """Whether cells of this type are arrays or bytes."""
    return dtype == pl.Binary or isinstance(dtype, pl.Array)


def fingerprint(series: pl.Series) -> pl.Series:
    """String: 128 bits of BLAKE2b of each cell's bytes in hexadecimal; null stays null. Other columns than
    those of arrays or bytes come back as they are."""
    if not is_media(series.dtype):
        return series
    if series.dtype == pl.Binary:
        made = [None if cell is None else _digest(cell) for cell in series.to_list()]
        return pl.Series(series.name, made, dtype=pl.String)
    there = series.is_not_null().to_list()
    size = series.dtype.size  # type: ignore[attr-defined]
    known = series.drop_nulls()
    cells = iter(known.explode().to_numpy().reshape(len(known), size) if len(known) else ())
    return pl.Series(
        series.name, [_digest(next(cells).tobytes()) if t else None for t in there], dtype=pl.String
    )


def fingerprints(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every such column by its digests."""
    return frame.with_columns(fingerprint(s) for s in frame.get_columns() if is_media(s.dtype))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
