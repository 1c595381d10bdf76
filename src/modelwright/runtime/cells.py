"""Cells of media as people give them in Python: what is one cell, and what is a column of them.

An image is bytes, base64 text, a Pillow image, or an array [height, width] or [height, width, channels]; a
sound is bytes, base64 text, samples [n], or (samples, rate); a series is numbers [steps] or
[channels, steps], as lists, an array or text.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.runtime.signature import Tensor

_COLOURS = (1, 3, 4)


def is_cell(tensor: Tensor, value: Any) -> bool:
    """Whether this is one cell of the column, and not a column of cells."""
    if value is None or isinstance(value, (str, bytes, bytearray, memoryview)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind != "O" and _depth(tensor, value.shape)
    if tensor.kind == "audio":
        if isinstance(value, tuple) and len(value) == 2:
            return np.ndim(value[1]) == 0 and np.ndim(value[0]) in (1, 2)
        return _numbers(value, 1)
    if tensor.kind == "series":
        return _numbers(value, 1) or (tensor.shape[0] > 1 and _numbers(value, 2))
    if isinstance(value, (list, tuple)):
        return _numbers(value, 2) or (_numbers(value, 3) and len(_innermost(value)) in _COLOURS)
    return not hasattr(value, "__len__") and not hasattr(value, "__iter__")


def cells_of(column: Any) -> list[Any]:
    """A column of cells, in any form, as a list."""
    if isinstance(column, (list, tuple)):
        return list(column)
    if isinstance(column, np.ndarray) or not hasattr(column, "to_list"):
        return list(column)
    made: list[Any] = column.to_list()
    return made


def _depth(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    if tensor.kind == "image":
        return len(shape) == 2 or (len(shape) == 3 and (shape[2] in _COLOURS or shape[0] in _COLOURS))
    return len(shape) == 1 or (len(shape) == 2 and tensor.kind == "series" and tensor.shape[0] > 1)


def _numbers(value: Any, depth: int) -> bool:
    """Whether lists of so many levels hold numbers, by the first of each."""
    for _ in range(depth):
        if not isinstance(value, (list, tuple)) or not len(value):
            return False
        value = next((one for one in value if one is not None), 0.0)
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _innermost(value: Any) -> Any:
    while isinstance(value[0], (list, tuple)):
        value = value[0]
    return value
