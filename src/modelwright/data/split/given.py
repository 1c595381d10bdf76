"""Parts that the user gives: a column that names them, or rows from a test file."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.errors import BadData
from modelwright.goal.nearest import did_you_mean

PARTS = {
    "train": "train", "training": "train", "learn": "train",
    "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "development": "validation",
    "test": "test", "testing": "test", "holdout": "test",
}  # fmt: skip


def by_column(frame: pl.DataFrame, column: str) -> npt.NDArray[np.object_]:
    """object [n]: "train", "validation" or "test" for each row, as the column says."""
    if column not in frame.columns:
        raise BadData(
            f"split.column names {column!r}, which does not exist",
            code="split.column-absent",
            hint=did_you_mean(column, frame.columns)
            or "name a column with the values train, validation, test",
        )
    values = frame[column]
    words = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    known = words.replace_strict(PARTS, default=None, return_dtype=pl.String)
    unknown = values.filter(known.is_null())
    if unknown.len():
        shown = ", ".join(
            "a missing value" if v is None else repr(v)
            for v in unknown.unique(maintain_order=True).head(4).to_list()
        )
        raise BadData(
            f"the split column {column!r} holds {shown} in {unknown.len()} rows, which names no part",
            code="split.column-values",
            hint="its values must be train, validation or test",
        )
    if not bool((known == "train").any()):
        raise BadData(
            f"the split column {column!r} gives no row to training",
            code="split.no-training",
            hint="mark the rows to learn from with 'train'",
        )
    return known.to_numpy()


def from_file(rows: int, test_rows: int) -> npt.NDArray[np.object_]:
    """object [rows]: the last ``test_rows`` rows are "test", the rest "train"."""
    if test_rows >= rows:
        raise BadData(
            "there are no rows to learn from: all of them come from data.test",
            code="split.no-training",
            hint="check data.source",
        )
    parts = np.full(rows, "train", dtype=object)
    parts[rows - test_rows :] = "test"
    return parts
