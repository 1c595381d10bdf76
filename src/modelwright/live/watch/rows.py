"""Logged predictions as typed columns, read by the bundle's own parsers: watching sees what the model saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.live.entries import Prediction
from modelwright.runtime.model import Arrays, Model
from modelwright.runtime.parse import ColumnParser, measures
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, Tensor, tensor_input

_NUMBERS = frozenset({float, int, type(None)})


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One input column of a batch of n rows.

    ``values``: as in the graph's tensors (float64 with NaN; object with NULL_TEXT; int64 with NULL_TIME).
    ``missing``: bool [n], empty or unreadable. ``logged``: bool [n], whether the log holds the value at all.
    """

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]
    logged: npt.NDArray[np.bool_]
    unreadable: int = 0
    measured: bool = False
    """No column of the model: what was measured of a cell of media."""
    private: bool = False
    """``values`` then say no more than ``missing``."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """n logged rows, in the order in which the log holds them."""

    when: npt.NDArray[np.int64]
    """[n, 2]: each row's number in the log, and its time in microseconds since 1970, UTC."""
    columns: dict[str, Column]
    labels: npt.NDArray[np.int64]
    """Code of the predicted class, -1 where it is none of the model's; empty for regression."""
    probabilities: npt.NDArray[np.float64]
    """[n, classes]; no columns for regression."""
    values: npt.NDArray[np.float64]
    """Predicted numbers; empty for classification."""
    micros: npt.NDArray[np.int64]
    requests: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.when)

    def typed(self) -> dict[str, npt.NDArray[Any]]:
        """The values of the columns that every row's log holds as they were."""
        return {name: c.values for name, c in self.columns.items() if not c.private and bool(c.logged.all())}


def batch(model: Model, rows: Sequence[tuple[int, Prediction]], private: frozenset[str]) -> Batch:
    """Read logged rows. Of ``private`` columns only whether there was a value is read: the log may hold a
    mask in place of it."""
    places = {name: code for code, name in enumerate(model.classes)}
    n, k = len(rows), len(model.classes)
    inputs = [row.inputs for _, row in rows]
    media = {tensor.name for tensor in model.tensors.tensors}
    columns = {
        name: _column(model.parsers[name], name, inputs, name in private)
        for name in model.tensors.names
        if name not in media
    }
    for tensor in model.tensors.tensors:
        columns |= _measured(tensor, inputs, tensor.name in private)
    labels = np.empty(0, dtype=np.int64)
    values = np.empty(0)
    probabilities = np.zeros((n, k))
    if k:
        labels = np.fromiter((_code(places, p) for _, p in rows), dtype=np.int64, count=n)
        for i, (_, row) in enumerate(rows):
            if row.probabilities is not None and len(row.probabilities) == k:
                probabilities[i] = row.probabilities
    else:
        values = np.fromiter((_number(p.prediction) for _, p in rows), dtype=np.float64, count=n)
    return Batch(
        when=np.array([(number, row.at) for number, row in rows], dtype=np.int64).reshape(-1, 2),
        columns=columns,
        labels=labels,
        probabilities=probabilities,
        values=values,
        micros=np.fromiter((row.micros for _, row in rows), dtype=np.int64, count=n),
        requests=tuple(row.request for _, row in rows),
    )


def feeds(model: Model, columns: dict[str, npt.NDArray[Any]], n: int) -> Arrays:
    """The graph's tensors of n rows; a column that is not among ``columns`` is missing in every row, as media
    are: the log does not hold them."""
    tensors = model.tensors
    made: Arrays = {}
    if tensors.numbers:
        nothing: npt.NDArray[Any] = np.full(n, np.nan)
        made["numbers"] = np.stack([columns.get(name, nothing) for name in tensors.numbers], axis=1)
    if tensors.strings:
        strings = np.empty((n, len(tensors.strings)), dtype=object)
        for j, name in enumerate(tensors.strings):
            strings[:, j] = columns.get(name, NULL_TEXT)
        made["strings"] = strings
    if tensors.times:
        nothing = np.full(n, NULL_TIME, dtype=np.int64)
        made["times"] = np.stack([columns.get(name, nothing) for name in tensors.times], axis=1)
    for j, tensor in enumerate(tensors.tensors):
        made[tensor_input(j)] = np.zeros((n, *tensor.shape), dtype=tensor.dtype)
    return made


def _column(parser: ColumnParser, name: str, inputs: list[dict[str, Any]], private: bool) -> Column:
    raw = [row.get(name) for row in inputs]
    logged = np.fromiter((name in row for row in inputs), dtype=np.bool_, count=len(inputs))
    if private:
        absent = np.fromiter((value is None or value == "" for value in raw), dtype=np.bool_, count=len(raw))
        return Column(absent.astype(np.float64), absent, logged, private=True)
    if parser.kind == "number" and parser.numbers_pass and set(map(type, raw)) <= _NUMBERS:
        values: npt.NDArray[Any] = np.array(raw, dtype=np.float64)
        values[~np.isfinite(values)] = np.nan
        return Column(values, np.isnan(values), logged)
    values, counts = parser.column(raw)
    if parser.kind in ("number", "boolean"):
        return Column(values, np.isnan(values), logged, counts.unread)
    if parser.kind == "date":
        return Column(values, values == NULL_TIME, logged, counts.unread)
    missing = np.fromiter((value is None for value in values), dtype=np.bool_, count=len(values))
    values[missing] = NULL_TEXT
    return Column(values, missing, logged, counts.unread)


def _measured(tensor: Tensor, inputs: list[dict[str, Any]], private: bool) -> dict[str, Column]:
    """A column of media: whether there was a cell, and what was measured of it when it was answered. The log
    holds no cell."""
    name, n = tensor.name, len(inputs)
    logged = np.fromiter((name in row for row in inputs), dtype=np.bool_, count=n)
    absent = np.fromiter((row.get(name) in (None, "") for row in inputs), dtype=np.bool_, count=n)
    made = {name: Column(absent.astype(np.float64), absent, logged, private=True)}
    if private:
        return made
    for measure in measures.columns(tensor):
        values = np.array([_number(row.get(measure)) for row in inputs], dtype=np.float64)
        values[~np.isfinite(values)] = np.nan
        there = np.fromiter((measure in row for row in inputs), dtype=np.bool_, count=n)
        made[measure] = Column(values, np.isnan(values), there, measured=True)
    return made


def _code(places: dict[str, int], row: Prediction) -> int:
    """The predicted class; of an answer that was withheld, the most probable one."""
    code = places.get(str(row.prediction), -1)
    if code < 0 and row.probabilities:
        code = max(range(len(row.probabilities)), key=row.probabilities.__getitem__)
    return code


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
