"""How the answer moves with one column: partial dependence (Friedman 2001) through the released graph."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.evidence.testing.columns import replaced, values_of
from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME
from modelwright.stats.intervals import t_mean

POINTS = 12
"""Quantiles of a number or date, or values of a category."""
CLASSES = 5


def grid(typed: Typed, name: str) -> npt.NDArray[np.generic]:
    """Values of the column to try: quantiles 2% to 98%, or the most frequent values (two rows or more)."""
    s, column = typed.signature, values_of(typed, name)
    if name in s.strings:
        values, counts = np.unique(column.astype(str), return_counts=True)
        keep = (counts > 1) & (values != NULL_TEXT)
        order = np.argsort(-counts[keep], kind="stable")[:POINTS]
        return np.asarray(values[keep][order])
    column = column[column != NULL_TIME] if name in s.times else column[np.isfinite(column)]
    if not len(column):
        return np.empty(0)
    found = np.unique(np.quantile(column, np.linspace(0.02, 0.98, POINTS), method="nearest"))
    if len(found) < POINTS // 2:
        # Most rows share few values: go by the values and not by the rows.
        every = np.unique(column)
        every = every[every <= np.quantile(column, 0.995)]
        found = every[np.unique(np.linspace(0, len(every) - 1, POINTS).astype(int))]
    return np.asarray(found)


def answers(oracle: Oracle, rows: Opened, typed: Typed) -> npt.NDArray[np.float64]:
    """[n, k]: the value, the probability of the positive class, or of each of the first few classes."""
    made = oracle.outputs_of(typed)
    if rows.problem == "regression":
        return made["value"].astype(np.float64).reshape(-1, 1)
    probabilities = made["probabilities"].astype(np.float64)
    return probabilities[:, 1:] if rows.problem == "binary" else probabilities[:, :CLASSES]


def draw(oracle: Oracle, rows: Opened, sample: Opened, name: str, level: float, book: Book) -> bool:
    """The figure ``dependence:<column>``; False where the column has fewer than two values to try.

    ``rows`` give the values to try, ``sample`` the rows whose mean answer is shown."""
    values = grid(rows.typed, name)
    if len(values) < 2:
        return False
    s = rows.typed.signature
    tried = [answers(oracle, sample, replaced(sample.typed, name, v)) for v in values]
    x: tuple[float | str, ...]
    if name in s.times:
        x = tuple(_day(int(v)) for v in values.astype(np.int64))
    elif name in s.strings:
        x = tuple(str(v) for v in values)
    else:
        x = tuple(float(v) for v in values.astype(np.float64))
    series = []
    for k in range(tried[0].shape[1]):
        bands = [t_mean(t[:, k], level) for t in tried]
        series.append(
            Series(
                _name_of(rows, k),
                x,
                tuple(float(t[:, k].mean()) for t in tried),
                tuple(b[0] for b in bands),
                tuple(b[1] for b in bands),
            )
        )
    label = "predicted value" if rows.problem == "regression" else "probability"
    book.figure(
        Figure(
            f"dependence:{name}",
            f"How the answer moves with {name}",
            "bar" if name in s.strings else "line",
            name,
            f"mean {label}",
            tuple(series),
            note=f"Partial dependence: the mean answer for {sample.rows} test rows were this column the same "
            f"in all of them; intervals of the mean at {level:.4g}. Where columns go together, it shows rows "
            "that do not occur.",
        )
    )
    return True


def _name_of(rows: Opened, k: int) -> str:
    if rows.problem == "regression":
        return "value"
    return rows.classes[1] if rows.problem == "binary" else rows.classes[k]


def _day(microseconds: int) -> str:
    return (
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)).date().isoformat()
    )
