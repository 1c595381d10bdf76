"""The digest of sealed rows: equal for equal rows, whatever their order or their place in the source."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from modelwright.data.fingerprint import fingerprints


def digest_of(frame: pl.DataFrame, columns: Sequence[str]) -> str:
    """sha256 over the sorted rows of ``columns``, each written as text (hexadecimal; of any frame)."""
    if not frame.height:
        return hashlib.sha256(b"no rows").hexdigest()
    names = sorted(columns)
    parts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in names]
    lines = (
        fingerprints(frame.select(names))
        .select(pl.concat_str(parts, separator="\x1f").alias("line"))["line"]
        .sort()
    )
    total = hashlib.sha256("\x1e".join(names).encode())
    for line in lines:
        total.update(line.encode())
        total.update(b"\x1e")
    return total.hexdigest()
