"""One column of typed rows, read or replaced, whichever of the graph's inputs it is in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME


def values_of(typed: Typed, name: str) -> npt.NDArray[Any]:
    """The column [n]: float64, object of str, or int64; [n, *shape] of a tensor."""
    s = typed.signature
    if name in s.numbers:
        return typed.numbers[:, s.numbers.index(name)]
    if name in s.strings:
        return typed.strings[:, s.strings.index(name)]
    if name in s.times:
        return typed.times[:, s.times.index(name)]
    return typed.tensors[_place(typed, name)]


def replaced(typed: Typed, name: str, values: Any) -> Typed:
    """The rows with another column of that name: values [n], or one value for all."""
    s = typed.signature
    if name in s.numbers:
        numbers = typed.numbers.copy()
        numbers[:, s.numbers.index(name)] = values
        return replace(typed, numbers=numbers)
    if name in s.strings:
        strings = typed.strings.copy()
        strings[:, s.strings.index(name)] = values
        return replace(typed, strings=strings)
    if name in s.times:
        times = typed.times.copy()
        times[:, s.times.index(name)] = values
        return replace(typed, times=times)
    place = _place(typed, name)
    whole = np.empty_like(typed.tensors[place])
    whole[:] = values
    return replace(typed, tensors=(*typed.tensors[:place], whole, *typed.tensors[place + 1 :]))


def null_of(typed: Typed, name: str) -> float | str | int:
    """What missing is in that column."""
    s = typed.signature
    if name in s.numbers:
        return float("nan")
    if name in s.strings:
        return NULL_TEXT
    return NULL_TIME if name in s.times else 0


def _place(typed: Typed, name: str) -> int:
    return [tensor.name for tensor in typed.signature.tensors].index(name)
