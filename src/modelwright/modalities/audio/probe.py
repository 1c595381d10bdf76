"""How sounds go wrong where a model is used: noise behind them, another speed, level or moment, clipping.

Every function takes int16 [n, samples] and a strength, and gives the same shape and dtype.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwright.evidence.testing.probe import Cells, Probe

LARGEST = 32767


def noise(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """White noise behind the sound; ``strength`` is its amplitude over that of the sound (both as root mean
    squares where the sound is not silent): 0.1 is a signal-to-noise ratio of 20 dB."""
    sounding = np.maximum((cells != 0).sum(axis=1, keepdims=True), 1)
    level = np.sqrt((cells.astype(np.float64) ** 2).sum(axis=1, keepdims=True) / sounding)
    return _samples(cells + rng.standard_normal(cells.shape) * (strength * level))


def faster(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Faster (and higher) by ``strength``, as a tape is; below 0 slower. The middle stays in the middle."""
    if strength == 0:
        return cells.copy()
    length = cells.shape[1]
    middle = (length - 1) / 2
    places = middle + (np.arange(length) - middle) * (1 + strength)
    inside = (places >= 0) & (places <= length - 1)
    made = np.zeros_like(cells)
    before = np.minimum(places[inside].astype(int), max(length - 2, 0))
    far = places[inside] - before
    after = np.minimum(before + 1, length - 1)
    made[:, inside] = _samples(cells[:, before] * (1 - far) + cells[:, after] * far)
    return made


def slower(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    return faster(cells, -strength, rng)


def quieter(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Quieter by ``strength`` decibels."""
    return _samples(cells * 10.0 ** (-strength / 20))


def shift(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Earlier or later by ``strength`` of the length, with silence in the gap."""
    n, length = cells.shape
    by = round(strength * length)
    if not by:
        return cells.copy()
    made = np.zeros_like(cells)
    later = rng.random(n) < 0.5
    made[later, by:] = cells[later, :-by]
    made[~later, :-by] = cells[~later, by:]
    return made


def clipping(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Recorded too loud: what is above ``1 - strength`` of the peak is cut off."""
    peak = np.abs(cells.astype(np.int32)).max(axis=1, keepdims=True, initial=0)
    top = peak * (1 - strength)
    return _samples(np.clip(cells, -top, top))


def _samples(values: npt.NDArray[np.floating]) -> Cells:
    return np.asarray(np.clip(np.rint(values), -LARGEST - 1, LARGEST), dtype=np.int16)


PROBES: tuple[Probe, ...] = (
    Probe("noise", ((0.1, "noise at 20 dB"), (10**-0.5, "noise at 10 dB")), noise),
    Probe("faster", ((0.05, "5% faster"), (0.1, "10% faster")), faster),
    Probe("slower", ((0.05, "5% slower"), (0.1, "10% slower")), slower),
    Probe("quieter", ((6.0, "6 dB quieter"), (20.0, "20 dB quieter")), quieter),
    Probe("shift", ((0.05, "shifted by 5%"), (0.15, "shifted by 15%")), shift),
    Probe("clipping", ((0.5, "clipped at 50%"), (0.8, "clipped at 20%")), clipping),
)
