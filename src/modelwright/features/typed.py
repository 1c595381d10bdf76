"""Typed columns as the graph sees them: a matrix of numbers, one of strings, one of times; media as tensors.

The signature fixes which columns there are and in which order; training, the checks and the shipped graph
all pass through it, so there is one place where null becomes NaN, a sentinel, or the smallest int64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, Signature, Tensor, tensor_input

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Typed:
    """Rows in the form of the graph's inputs.

    ``numbers`` float64 [n, a] with NaN for missing (numbers and booleans); ``strings`` object [n, b] with
    NULL_TEXT for missing (categories and texts); ``times`` int64 [n, c], microseconds UTC, with NULL_TIME;
    ``tensors`` one array [n, *shape] for each of ``signature.tensors``, zeros for missing.
    """

    signature: Signature
    numbers: npt.NDArray[np.float64]
    strings: npt.NDArray[np.object_]
    times: npt.NDArray[np.int64]
    tensors: tuple[npt.NDArray[Any], ...] = ()

    @property
    def rows(self) -> int:
        return int(self.numbers.shape[0])

    def take(self, rows: npt.NDArray[np.int64] | slice) -> Typed:
        """The same columns for some rows."""
        tensors = tuple(tensor[rows] for tensor in self.tensors)
        return Typed(self.signature, self.numbers[rows], self.strings[rows], self.times[rows], tensors)

    def feeds(self) -> dict[str, npt.NDArray[np.generic]]:
        """What onnxruntime takes: only inputs that have columns."""
        every: dict[str, npt.NDArray[np.generic]] = {
            "numbers": self.numbers,
            "strings": self.strings,
            "times": self.times,
        }
        plain = {name: value for name, value in every.items() if value.shape[1]}
        return plain | {tensor_input(j): tensor for j, tensor in enumerate(self.tensors)}


def from_frame(frame: pl.DataFrame, signature: Signature) -> Typed:
    """Typed rows of a frame with the columns of the signature (as made by ``data.clean.apply``)."""
    n = frame.height
    numbers = np.empty((n, len(signature.numbers)), dtype=np.float64)
    for j, name in enumerate(signature.numbers):
        numbers[:, j] = frame[name].fill_null(float("nan")).to_numpy()
    strings = np.empty((n, len(signature.strings)), dtype=object)
    for j, name in enumerate(signature.strings):
        strings[:, j] = _objects(frame[name])
    times = np.empty((n, len(signature.times)), dtype=np.int64)
    for j, name in enumerate(signature.times):
        times[:, j] = frame[name].fill_null(NULL_TIME).to_numpy()
    tensors = tuple(tensor_of(frame[tensor.name], tensor) for tensor in signature.tensors)
    return Typed(signature, numbers, strings, times, tensors)


def tensor_of(series: pl.Series, tensor: Tensor) -> npt.NDArray[Any]:
    """[n, *shape] of a column of arrays, without a copy where no cell is missing."""
    import polars as pl

    n, size = len(series), tensor.size
    if series.null_count():
        there = series.is_not_null().to_numpy()
        made: npt.NDArray[Any] = np.zeros((n, size), dtype=tensor.dtype)
        if there.any():
            made[there] = series.drop_nulls().explode().to_numpy().reshape(-1, size)
    else:
        flat = series.explode() if n else pl.Series([], dtype=pl.Float32)
        made = flat.to_numpy().reshape(n, size)
    return np.asarray(made, dtype=tensor.dtype).reshape(n, *tensor.shape)


def _objects(series: pl.Series) -> npt.NDArray[np.object_]:
    """Texts as Python's, with NULL_TEXT for null; one object for each distinct text where they come again."""
    import polars as pl

    values = series.unique().drop_nulls()
    if 4 * len(values) > len(series):
        return np.asarray(series.fill_null(NULL_TEXT).to_numpy(), dtype=object)
    places = series.cast(pl.Enum(values)).to_physical().fill_null(len(values))
    texts: npt.NDArray[np.object_] = np.array([*values.to_list(), NULL_TEXT], dtype=object)
    found: npt.NDArray[np.object_] = texts[places.to_numpy()]
    return found
