"""One monitored stream: is it still exchangeable with its reference? Evidence to be read at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.stats import bets
from modelwright.stats.cells import Cells
from modelwright.stats.conformal import Bag, uniforms
from modelwright.stats.eprocess import Mixture, block_starts
from modelwright.stats.rising import Rising

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

STEP = 16384
"""Rows that are worked on at once."""
_SHAPED = 0.8  # of the first wealth; the rest is the learners'


class StreamTest:
    """A sequential test that new values come from where the reference came from.

    Null hypothesis: reference rows and the stream's rows are exchangeable (independent rows of one
    distribution are). Then P(``log_most`` >= log(1/a) at any time) <= a for every a: conformal p-values of
    the cells are independent and uniform (:mod:`~modelwright.stats.conformal`), every bet depends on past
    p-values alone (:mod:`~modelwright.stats.bets`), so the wealth (:mod:`~modelwright.stats.eprocess`) is a
    martingale and Ville's inequality holds. Exact where the cells were fixed before the reference was
    counted; quantile edges and listed categories come from the same rows, an effect of second order that
    ``benchmarks/drift`` measures.

    Results depend on the values in their order alone: never on how they were divided into updates. Rows wait
    in a block (of one row at first, at most 64 later) until it is full. What is *not* covered: rows that
    depend on each other, such as daily cycles, many rows of one client in a run, or a trend; see
    :func:`~modelwright.stats.shuffle.shuffled`.

    ``tolerance`` widens the null: drift is not called so while the p-values' density stays within 1 -/+ it.
    """

    def __init__(self, cells: Cells, *, seed: int, tolerance: float = 0.0, number: int = 0) -> None:
        if not 0 <= tolerance < 1:
            raise ValueError("tolerance must be at least 0 and below 1")
        self.cells = cells
        self.seed = seed
        self.tolerance = tolerance
        self.number = number
        """Of the next observation, since the stream's beginning: what ties are broken by."""
        self._bag = Bag(np.array(cells.counts, dtype=np.int64))
        self._waiting: Codes = np.empty(0, dtype=np.int64)
        self._learned: Array = np.zeros(sum(bars for bars, _ in bets.LEARNERS))
        self._rising = Rising(cells.rows)
        learners = len(bets.LEARNERS)
        others = len(bets.NAMES) - learners
        prior = [_SHAPED / others] * others + [(1 - _SHAPED) / learners] * learners
        self._mixture = Mixture(np.array(prior))

    @property
    def log_e(self) -> float:
        """Logarithm of the evidence after the last full block; 0 at first."""
        return self._mixture.log_e

    @property
    def log_most(self) -> float:
        """Logarithm of the most evidence there ever was: alarm when it reaches log(1 / level)."""
        return self._mixture.log_most

    @property
    def rows(self) -> int:
        """Rows since this test began, those included that wait for their block."""
        return self._mixture.rows + len(self._waiting)

    @property
    def leading(self) -> str:
        """The bet that holds most, such as ``up 0.4``: a hint at what happened, no proof of it."""
        return bets.NAMES[self._mixture.leading]

    @property
    def seen(self) -> tuple[int, ...]:
        """The stream's rows so far in each cell (as ``cells.counts``), since the bag was last begun anew."""
        return tuple(int(c) for c in self._bag.counts - np.array(self.cells.counts))

    def update(self, values: Sequence[Any] | NDArray[Any]) -> Array:
        """Take new values [n] in their order; return the log evidence after each block that became full."""
        return self.update_codes(self.cells.codes(values))

    def update_codes(self, codes: Codes) -> Array:
        """The same for values that :meth:`Cells.codes` has placed already."""
        codes = np.asarray(codes, dtype=np.int64)
        told = [self._step(codes[at : at + STEP]) for at in range(0, len(codes), STEP)]
        return np.concatenate(told) if told else np.empty(0)

    def _step(self, codes: Codes) -> Array:
        low, high = self._bag.pvalues(codes, uniforms(self.seed, self.number, len(codes)))
        self.number += len(codes)
        pending = np.concatenate((self._waiting, bets.grid_codes(low, high)))
        first = self._mixture.rows
        starts = block_starts(first, first + len(pending))
        if len(starts) < 2:
            self._waiting = pending
            return np.empty(0)
        done = int(starts[-1]) - first
        self._waiting = pending[done:].copy()
        return self._mixture.advance(self._gains(pending[:done], starts), starts)

    def _gains(self, found: Codes, starts: Codes) -> Array:
        """Log gains [blocks, bets] of the p-values' cells, block by block."""
        begins = starts[:-1] - starts[0]
        blocks = len(begins)
        gains = np.empty((blocks, len(bets.NAMES)))
        table = bets.log_densities(self.tolerance)
        gains[:, : bets.FIXED] = np.add.reduceat(table[found], begins, axis=0)
        first = len(bets.NAMES) - len(bets.LEARNERS)
        gains[:, bets.FIXED : first] = self._rising.gains(found, starts, self.tolerance)
        sizes = np.diff(starts)
        of_block = np.repeat(np.arange(blocks), sizes)
        counted, kept = [], []
        for bars, memory in bets.LEARNERS:
            place = of_block * bars + bets.bar_of_cell(bars)[found]
            counted.append(np.bincount(place, minlength=blocks * bars).reshape(blocks, bars))
            kept.append(np.repeat(np.exp(-sizes / memory)[:, None], bars, axis=1))
        counts = np.concatenate(counted, axis=1).astype(np.float64)
        keeps = np.concatenate(kept, axis=1)
        before = np.empty_like(counts)
        held = self._learned
        for j in range(blocks):
            before[j] = held
            held *= keeps[j]
            held += counts[j]
        at = 0
        for i, (bars, _) in enumerate(bets.LEARNERS):
            part = slice(at, at + bars)
            at += bars
            told = bets.learned(before[:, part], self.tolerance)
            gains[:, first + i] = (counts[:, part] * told).sum(axis=1)
        return gains

    def again(self, *, pooled: bool) -> StreamTest:
        """A new test of the same stream from here on.

        ``pooled``: rows so far stay in the bag, as when a horizon ends quietly; the null goes on being
        exchangeability of everything. Without it the bag is the reference alone, as after drift that has
        passed: the rows in between are forgotten.
        """
        new = StreamTest(self.cells, seed=self.seed, tolerance=self.tolerance, number=self.number)
        if pooled:
            new._bag = Bag(self._bag.counts)
            new._rising = Rising(int(self._bag.counts.sum()))
        return new

    def to_json(self) -> dict[str, Any]:
        """The state, exactly; some 2 kB besides the cells, which are not in it."""
        return {
            "seed": self.seed,
            "tolerance": self.tolerance,
            "number": self.number,
            "bag": [int(c) for c in self._bag.counts],
            "waiting": [int(c) for c in self._waiting],
            "rising": {"reference": self._rising.reference, "hits": list(self._rising.hits)},
            "learned": [float(v) for v in self._learned],
            "mixture": self._mixture.to_json(),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any], cells: Cells) -> StreamTest:
        """Take up a state; raises ValueError or KeyError where it is not of these cells."""
        seed, number = int(told["seed"]), int(told["number"])
        test = cls(cells, seed=seed, tolerance=float(told["tolerance"]), number=number)
        if len(told["bag"]) != len(cells.counts):
            raise ValueError("the state is of other cells")
        test._bag = Bag(np.array(told["bag"], dtype=np.int64))
        test._waiting = np.array(told["waiting"], dtype=np.int64)
        test._learned = np.array(told["learned"], dtype=np.float64)
        rising = told["rising"]
        lower, upper = (int(hits) for hits in rising["hits"])
        test._rising = Rising(int(rising["reference"]), (lower, upper))
        test._mixture.restore(told["mixture"])
        return test
