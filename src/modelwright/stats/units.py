"""Independent units of resampling: single rows, groups of rows, blocks of rows in time.

Everything above works on units alone, so grouped and time-ordered rows need no methods of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Kind = Literal["row", "group", "block"]

LEAST_BLOCKS, MOST_BLOCKS = 6, 64


def tally(codes: Codes, weights: NDArray[np.float64] | NDArray[np.bool_], count: int) -> Array:
    """Sums of ``weights`` [n] by code: float64 [count]."""
    return np.bincount(codes, weights, count).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Units:
    """``codes`` [n] gives the unit of each row (0 to ``count`` - 1); ``None`` where each row is its own."""

    kind: Kind
    count: int
    codes: Codes | None = None

    def total(self, rows: Array) -> Array:
        """Sums of ``rows`` ([n] or [n, d]) over each unit: [count] or [count, d]."""
        if self.codes is None:
            return rows
        if rows.ndim == 1:
            return tally(self.codes, rows, self.count)
        codes, columns = self.codes, range(rows.shape[1])
        return np.stack([tally(codes, rows[:, j], self.count) for j in columns], axis=1)


def single_rows(n: int) -> Units:
    return Units("row", n)


def random_bins(n: int, most: int, rng: np.random.Generator) -> Units:
    """Independent rows dealt at random into ``most`` even bins.

    Sums over bins keep the mean, variance and skewness of sums over rows, so that resampling bins answers for
    resampling rows at a cost that does not grow with n.
    """
    if n <= most:
        return single_rows(n)
    return Units("row", most, rng.permutation(np.arange(n, dtype=np.int64) % most))


def groups(values: ArrayLike) -> Units:
    """One unit for each distinct value [n] (numbers or strings)."""
    distinct, codes = np.unique(np.asarray(values), return_inverse=True)
    return Units("group", len(distinct), codes.astype(np.int64).reshape(-1))


def blocks(n: int, length: float) -> Units:
    """Even runs of consecutive rows, about ``length`` long, between 6 and 64 of them.

    Few long blocks with Student's t are valid where many short ones are not (Ibragimov & Mueller 2010),
    and 64 lose nearly nothing against more.
    """
    count = int(min(MOST_BLOCKS, max(LEAST_BLOCKS, n // max(length, 1.0))))
    count = max(1, min(count, n // 2))
    return Units("block", count, np.arange(n, dtype=np.int64) * count // max(n, 1))


def block_length(series: Array) -> float:
    """Block length in rows that suits the autocorrelation of ``series`` [n], given in time order.

    The automatic choice of Politis & White (2004, corrected 2009) for the circular block bootstrap, doubled:
    a t statistic over blocks needs them nearly independent, and is hurt little by having fewer.
    """
    n = len(series)
    centred = series - series.mean()
    variance = float(np.dot(centred, centred)) / n
    if n < 8 or variance <= 0:
        return 1.0
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n] / n
    rho = covariance / covariance[0]
    run = max(5, math.ceil(math.sqrt(math.log10(n))))
    reach = min(n - 1, math.ceil(math.sqrt(n)) + run)
    bound = 2.0 * math.sqrt(math.log10(n) / n)
    small = np.abs(rho[1 : reach + 1]) < bound
    lag = reach
    for start in range(reach - run + 1):
        if bool(small[start : start + run].all()):
            lag = start
            break
    if lag == 0:
        return 1.0
    window = min(2 * lag, n - 1)
    k = np.arange(1, window + 1)
    taper = np.clip(2.0 * (1.0 - k / window), 0.0, 1.0) if window > 1 else np.ones(1)
    g = float(2 * np.sum(taper * k * covariance[1 : window + 1]))
    density = float(covariance[0] + 2 * np.sum(taper * covariance[1 : window + 1]))
    if density <= 0:
        return 1.0
    optimum = (2 * g * g / (4.0 / 3.0 * density * density)) ** (1 / 3) * n ** (1 / 3)
    return float(max(1.0, 2.0 * optimum))


def effective_count(weight: Array) -> float:
    """How many even units these units are worth, by the amount each carries [count].

    With amounts a it is (sum a^2)^2 / sum a^4: Satterthwaite's degrees of freedom, plus one, of a variance
    between units whose rows move together (Carter, Schnepel & Steigerwald 2017).
    """
    squares = np.square(weight)
    fourth = float(np.sum(np.square(squares)))
    return float(np.sum(squares)) ** 2 / fourth if fourth > 0 else 0.0
