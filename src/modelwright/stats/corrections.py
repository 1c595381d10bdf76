"""Corrections for looking many times. Each takes p values [m] and gives them adjusted, in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def bonferroni(p: ArrayLike) -> Array:
    """Adjusted p values that bound the chance of any false rejection (Bonferroni)."""
    values = np.asarray(p, dtype=np.float64)
    return np.minimum(values * len(values), 1.0)


def holm(p: ArrayLike) -> Array:
    """The same bound by stepping down (Holm 1979): never weaker than Bonferroni, under any dependence."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Adjusted p values that bound the expected share of false rejections (Benjamini & Hochberg 1995)."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ratio = values[order] * len(values) / np.arange(1, len(values) + 1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    return adjusted
