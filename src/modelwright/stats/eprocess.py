"""Evidence that may be read at any time: wealth of many bets, entered at many times.

A bet that was entered at the right moment grows fastest, and nobody knows the moment. So the first euro is
divided over bets and over entry times in advance; what is entered later waits untouched. The sum is the
wealth of one fair game (a nonnegative martingale that begins at one), so that it reaches 1/alpha *ever* with
probability at most alpha (Ville 1939), however often one looks. Entering again and again keeps a long quiet
past from eating up the evidence of a late change: the mixture over start times of Shiryaev and Roberts, and
of the e-detectors of Shin, Ramdas & Rinaldo (2024), here with weights that sum to one, which bounds the
probability of any false alarm, where theirs bounds the mean time between two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

FIRST = 0.25
"""What is entered at once: a model that is wrong from its first day."""
SOON = 100.0
"""Rows over which entry is about even; later its density falls like one over the number of rows."""
MOST = 1e10
"""Rows after which nothing is left to enter."""
LONGEST = 64
"""Rows of a block at most."""
_SINGLE = 512  # rows at the beginning that are blocks of their own


def entered(rows: Array | Codes | float) -> Array:
    """Part of the wealth that has been entered before row ``rows`` (0: nothing but the first part)."""
    share = np.log1p(np.asarray(rows, dtype=np.float64) / SOON) / math.log1p(MOST / SOON)
    return np.asarray(FIRST + (1 - FIRST) * np.minimum(share, 1.0), dtype=np.float64)


def block_starts(first: int, end: int) -> Codes:
    """Where blocks begin, from the block that begins at ``first``, up to ``end`` (a start or not).

    Blocks depend on the row's number alone: single rows up to 512, then a 256th to a 512th of the rows
    so far, at most 64. Bets are placed, and wealth is read, between blocks.
    """
    parts = []
    at = first
    while at <= end:
        size = block_size(at)
        limit = 2 ** (at.bit_length()) if at >= _SINGLE else _SINGLE
        stop = end if size == LONGEST else min(end, limit - 1)
        parts.append(np.arange(at, stop + 1, size, dtype=np.int64))
        at = int(parts[-1][-1]) + size
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def block_size(start: int) -> int:
    """Rows of the block that begins at row ``start``."""
    if start < _SINGLE:
        return 1
    return int(min(2 ** (start.bit_length() - 1) // (_SINGLE // 2), LONGEST))


class Mixture:
    """Wealth of ``bets`` bets, each entered over time with weight ``prior`` [bets] (summing to one)."""

    def __init__(self, prior: Array) -> None:
        self.prior = np.log(prior / prior.sum())
        self.log_wealth: Array = np.full(len(prior), -math.inf)
        self.log_e = 0.0
        """Logarithm of the wealth now."""
        self.log_most = 0.0
        """Logarithm of the most there ever was: what an alarm is judged by."""
        self.rows = 0

    def advance(self, gains: Array, starts: Codes) -> Array:
        """Play blocks that begin at ``starts`` [b] and end at the next one's start, the last at
        ``starts[b]`` (so [b + 1] starts), with log gains [b, bets]; return the log wealth after each [b]."""
        blocks = len(gains)
        if not blocks:
            return np.empty(0)
        weights = np.diff(entered(starts))
        if starts[0] == 0:
            weights[0] += FIRST
        with np.errstate(divide="ignore"):
            entering = np.log(weights)[:, None] + self.prior
            waiting = np.log(1.0 - entered(starts[1:]))
        wealth = np.empty_like(gains)
        held = self.log_wealth
        for into, entry, gain in zip(wealth, entering, gains, strict=True):
            np.logaddexp(held, entry, out=into)
            into += gain
            held = into
        held = held.copy()
        top = np.maximum(wealth.max(axis=1), waiting)
        total = top + np.log(np.exp(wealth - top[:, None]).sum(axis=1) + np.exp(waiting - top))
        self.log_wealth = held
        self.rows = int(starts[-1])
        self.log_e = float(total[-1])
        self.log_most = max(self.log_most, float(total.max()))
        return np.asarray(total, dtype=np.float64)

    @property
    def leading(self) -> int:
        """The bet that holds most."""
        return int(np.argmax(self.log_wealth))

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "log_e": self.log_e,
            "log_most": self.log_most,
            "wealth": [None if math.isinf(w) else float(w) for w in self.log_wealth],
        }

    def restore(self, told: dict[str, Any]) -> None:
        """Take up a state of :meth:`to_json`; raises ValueError where it is of other bets."""
        wealth = [-math.inf if w is None else float(w) for w in told["wealth"]]
        if len(wealth) != len(self.prior):
            raise ValueError("the state is of other bets")
        self.log_wealth = np.array(wealth)
        self.log_e, self.log_most = float(told["log_e"]), float(told["log_most"])
        self.rows = int(told["rows"])
