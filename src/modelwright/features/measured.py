"""Columns of media as a few columns of numbers beside them (``runtime/parse/measures.py``), for whatever
looks at single columns: slices, tables of rows, references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwright.features.typed import tensor_of
from modelwright.runtime.parse import measures
from modelwright.runtime.signature import Signature

if TYPE_CHECKING:
    import polars as pl


def measured(frame: pl.DataFrame, signature: Signature) -> pl.DataFrame:
    """Float64 columns "brightness of image", ... of every column of tensors; null where the cell is.

    A column of the frame that has such a name already is left as it is."""
    import polars as pl

    made = []
    for tensor in signature.tensors:
        cells = frame[tensor.name]
        values = measures.measure(tensor, tensor_of(cells, tensor), cells.is_null().to_numpy())
        made += [
            pl.Series(name, values[:, j], nan_to_null=True)
            for j, name in enumerate(measures.columns(tensor))
            if name not in frame.columns
        ]
    return pl.DataFrame(made)


def in_place(names: list[str], signature: Signature) -> list[str]:
    """The names, each column of media replaced by its measures."""
    told = {tensor.name: measures.columns(tensor) for tensor in signature.tensors}
    return [one for name in names for one in told.get(name, (name,))]
