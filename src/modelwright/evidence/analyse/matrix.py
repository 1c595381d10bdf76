"""Typed columns as numbers, for quick looks: nothing that ships is made from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column
from modelwright.data.fingerprint import is_media

LEVELS = 60
"""Categories that are told apart; rarer ones count as missing."""


def matrix(frame: pl.DataFrame, inputs: list[Column]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """float64 [n, inputs] with NaN for missing; categories as codes of their frequency rank, images, sounds
    and series as the mean of their absolute values."""
    columns, named = [], []
    for place, column in enumerate(inputs):
        values = frame[column.name]
        if column.kind in ("number", "boolean", "date"):
            columns.append(values.cast(pl.Float64).fill_null(float("nan")).to_numpy())
        elif is_media(values.dtype):  # brightness, loudness, level: a glance, and no more
            known = values.is_not_null().to_numpy()
            means = np.full(frame.height, np.nan)
            if known.any():
                cells = values.drop_nulls().explode().to_numpy().reshape(int(known.sum()), -1)
                means[known] = np.abs(cells.astype(np.float64)).mean(axis=1)
            columns.append(means)
        elif column.kind == "text":
            columns.append(values.str.count_matches(r"\S+").cast(pl.Float64).fill_null(0.0).to_numpy())
        else:
            counted = (
                values.drop_nulls().value_counts().sort(["count", column.name], descending=[True, False])
            )
            order = {v: float(i) for i, v in enumerate(counted[column.name].head(LEVELS).to_list())}
            columns.append(values.replace_strict(order, default=None, return_dtype=pl.Float64).to_numpy())
            named.append(place)
    return (np.column_stack(columns) if columns else np.zeros((frame.height, 1))), named
