"""Conformal p-values of a stream against a reference and the stream's own past.

For exchangeable rows the smoothed p-values of an on-line conformal transducer are independent and uniform on
[0, 1], exactly, for every sample size (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2nd
ed. 2022, theorem 11.1 (the on-line case); Vovk 2021, Testing randomness online, Statistical Science 36). The
reference is the beginning of the sequence, so its own sampling error is paid for and causes no alarms. Rows
of one cell are ties and are broken at random.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

CHUNK = 4096
"""Rows that are counted at once: what bounds the memory."""


def seed_of(name: str, secret: int = 0) -> int:
    """A 64-bit seed for the ties of the stream of this name."""
    told = hashlib.blake2b(f"{secret}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(told, "little")


def uniforms(seed: int, first: int, n: int) -> Array:
    """n numbers in (0, 1) which depend on the seed and the observations' numbers alone, from ``first`` on, so
    that a replay gives the same bytes (SplitMix64: Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = np.arange(first + 1, first + n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(seed % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


class Bag:
    """Counts [k] of all rows so far by cell: the reference, then the stream."""

    def __init__(self, counts: Codes) -> None:
        self.counts: Codes = np.array(counts, dtype=np.int64)

    def pvalues(self, codes: Codes, u: Array) -> tuple[Array, Array]:
        """p [n] and 1 - p [n] (each exact near zero) of new rows' cells [n], which join the bag one by one.

        With ``less`` rows in lower cells and ``same`` in its own, of ``total`` in the bag, a row that falls
        into cell c has p = (less + u (same + 1)) / (total + 1): its rank among all rows, itself included.
        """
        low, high = np.empty(len(codes)), np.empty(len(codes))
        for at in range(0, len(codes), CHUNK):
            part = slice(at, min(at + CHUNK, len(codes)))
            low[part], high[part] = self._chunk(codes[part], u[part])
        return low, high

    def _chunk(self, codes: Codes, u: Array) -> tuple[Array, Array]:
        n, k = len(codes), len(self.counts)
        # earlier[i, c]: rows of this chunk before row i in cells below c.
        below = codes[:, None] < np.arange(k + 1)
        earlier = np.empty((n + 1, k + 1), dtype=np.int32)
        earlier[0] = 0
        np.cumsum(below, axis=0, out=earlier[1:])
        base = np.concatenate(([0], np.cumsum(self.counts)))
        rows = np.arange(n)
        less = base[codes] + earlier[rows, codes]
        upto = base[codes + 1] + earlier[rows, codes + 1]
        before = base[-1] + rows
        own = (upto - less + 1).astype(np.float64)
        total = (before + 1).astype(np.float64)
        self.counts += np.bincount(codes, minlength=k)
        return (less + u * own) / total, (before - upto + (1.0 - u) * own) / total
