"""From one rate of samples to another, in numpy alone: a polyphase windowed sinc.

The library soxr would do it too, but its licence is the LGPL, and scipy is no part of the runtime. The method
is that of J. O. Smith, "Digital Audio Resampling" (CCRMA, 2002): each output sample is the scalar product of
the input around its place with one of ``up`` filters, a sinc below the lower of both Nyquist frequencies
under a Kaiser window.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

ZEROS = 16
"""Zero crossings of the sinc on each side: the stop band lies 80 dB below."""
ROLL_OFF = 0.94
"""The filter's edge as a share of the lower Nyquist frequency, so that what folds back is small."""
BETA = 8.0
FINEST = 1000
"""Largest number of filters: rates whose ratio needs more are rounded, by less than a millionth."""
CHUNK = 1 << 20
"""Products at once, so that memory stays bounded."""

Samples = npt.NDArray[np.float64]


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """``samples`` float64 [n] at ``rate`` a second, as float64 [ceil(n * wanted / rate)] at ``wanted``."""
    if rate == wanted or len(samples) == 0:
        return samples
    ratio = Fraction(wanted, rate).limit_denominator(FINEST)
    if ratio == 0:
        ratio = Fraction(1, FINEST)
    up, down = ratio.numerator, ratio.denominator
    bank = bank_of(up, down)
    taps = bank.shape[1]
    count = -(-len(samples) * up // down)
    before = taps // 2 - 1
    padded = np.concatenate([np.zeros(before), samples, np.zeros(taps)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    made = np.empty(count)
    step = max(1, CHUNK // taps)
    for start in range(0, count, step):
        place = np.arange(start, min(start + step, count), dtype=np.int64) * down
        made[start : start + step] = np.einsum("ij,ij->i", windows[place // up], bank[place % up])
    return made


@lru_cache(maxsize=16)
def bank_of(up: int, down: int) -> Samples:
    """Filters float64 [up, taps]; row p is for outputs p / up of an input sample behind one."""
    edge = ROLL_OFF * min(1.0, up / down)
    half = math.ceil(ZEROS / edge)
    offsets = np.arange(1 - half, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1.0 - (offsets / half) ** 2))) / np.i0(BETA)
    bank = edge * np.sinc(edge * offsets) * window
    # A constant stays the same constant, whatever the phase.
    made: Samples = bank / bank.sum(axis=1, keepdims=True)
    return made
