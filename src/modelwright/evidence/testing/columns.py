"""One column of typed rows, read or replaced, whichever of the graph's inputs it is in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME


def values_of(typed: Typed, name: str) -> npt.NDArray[Any]:
    """The column [n]: float64, object of str, or int64."""
    s = typed.signature
    if name in s.numbers:
        return typed.numbers[:, s.numbers.index(name)]
    if name in s.strings:
        return typed.strings[:, s.strings.index(name)]
    return typed.times[:, s.times.index(name)]


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
    times = typed.times.copy()
    times[:, s.times.index(name)] = values
    return replace(typed, times=times)


def null_of(typed: Typed, name: str) -> float | str | int:
    """What missing is in that column."""
    s = typed.signature
    if name in s.numbers:
        return float("nan")
    return NULL_TEXT if name in s.strings else NULL_TIME
