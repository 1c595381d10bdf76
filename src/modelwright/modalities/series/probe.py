"""How series go wrong where a model is used: noisy sensors, gaps, another moment, another scale.

Every function takes float32 [n, channels, steps] and a strength, and gives the same shape and dtype. NaN is a
step that is not there, and stays so.
"""

from __future__ import annotations

import numpy as np

from modelwright.evidence.testing.probe import Cells, Probe


def noise(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Gaussian noise of ``strength`` standard deviations of each channel of the row."""
    there = np.isfinite(cells)
    count = np.maximum(there.sum(axis=2, keepdims=True), 1)
    values = np.where(there, cells, 0).astype(np.float64)
    mean = values.sum(axis=2, keepdims=True) / count
    spread = np.sqrt((np.where(there, values - mean, 0) ** 2).sum(axis=2, keepdims=True) / count)
    return _numbers(cells + rng.standard_normal(cells.shape) * (strength * spread))


def gaps(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """A share ``strength`` of the steps is not there, in all channels at once, one stretch in each row."""
    n, _, steps = cells.shape
    length = round(strength * steps)
    starts = rng.integers(0, steps - length + 1, n)
    place = np.arange(steps)[None, :]
    gone = (place >= starts[:, None]) & (place < starts[:, None] + length)
    return _numbers(np.where(gone[:, None, :], np.nan, cells))


def shift(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Earlier or later by ``strength`` of the steps; what comes in is not there."""
    n, _, steps = cells.shape
    by = round(strength * steps)
    if not by:
        return cells.copy()
    made = np.full_like(cells, np.nan)
    later = rng.random(n) < 0.5
    made[later, :, by:] = cells[later, :, :-by]
    made[~later, :, :-by] = cells[~later, :, by:]
    return made


def scale(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Values larger by ``strength``: a sensor that is set otherwise."""
    return _numbers(cells * (1.0 + strength))


def _numbers(values: Cells) -> Cells:
    with np.errstate(over="ignore"):
        made = values.astype(np.float32)
    made[np.isinf(made)] = np.nan
    return made


PROBES: tuple[Probe, ...] = (
    Probe("noise", ((0.1, "noise of 0.1 sd"), (0.3, "noise of 0.3 sd")), noise),
    Probe("gaps", ((0.1, "a gap of 10%"), (0.3, "a gap of 30%")), gaps),
    Probe("shift", ((0.05, "shifted by 5%"), (0.15, "shifted by 15%")), shift),
    Probe("scale", ((0.1, "values 10% larger"), (0.5, "values 50% larger")), scale),
)
