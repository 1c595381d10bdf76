"""One stream over time: tested until it alarms, then looked at window by window until the drift is over.

What happens depends on the rows in their order alone, never on when somebody looked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from modelwright.stats.cells import Cells
from modelwright.stats.conformal import seed_of
from modelwright.stats.eprocess import block_starts
from modelwright.stats.streams import StreamTest

Codes = npt.NDArray[np.int64]

WINDOW: Final = (200, 2000)
"""Rows of a window in which an open drift is looked for: as many as the test took to find it (since there was
no evidence at all), within these ends, so that the same drift would be seen again."""
QUIET: Final = 2
"""Windows in a row that must not differ before the condition is cleared."""
LEVEL: Final = 0.05
"""A window differs where a two-sample test of its counts says so at this level."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A condition opened or cleared, at the time of the row that showed it."""

    state: Literal["open", "cleared"]
    number: int
    """Of the entry that showed it, in the log."""
    at: int
    rows: int
    """Rows of the stream, since the version began to answer."""


@dataclass(slots=True)
class Track:
    """The state of one stream."""

    name: str
    part: float
    """Of the alarm rate."""
    rows: int = 0
    began: list[int] = field(default_factory=list)
    """When its tests after the first began, as far back as the horizon reaches."""
    starts: int = 0
    limit: float = 0.0
    """Log evidence at which the running test alarms."""
    test: Any = None
    """The running test (an object with ``to_json``), or its state as it was read."""
    calm: int = 0
    """Rows of the running test when its evidence was last at or below where it began."""
    since: int | None = None
    """When the condition opened; None where it is not open."""
    size: int = 0
    window: list[float] = field(default_factory=list)
    quiet: int = 0
    differs: float | None = None
    """p value of the last full window."""
    log_e: float = 0.0
    log_most: float = 0.0

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "name"}
        return {**told, "test": self.test.to_json() if hasattr(self.test, "to_json") else self.test}

    @classmethod
    def from_json(cls, name: str, told: dict[str, Any]) -> Track:
        return cls(name, **told)


def threshold(rate: float, part: float, versions: int, again: int) -> float:
    """Log evidence at which a test alarms, so that all tests that begin within a horizon share ``rate``.

    ``versions``: versions that began to answer in the horizon, this one included; ``again``: tests of this
    stream under this version that began in it before this one. Each new one gets half of what the one before
    it had; the series sum to ``rate * part``.
    """
    return (versions + again + 1) * math.log(2.0) - math.log(rate * part)


Limit = Callable[[Track, int], float]
"""(track, time) to the threshold of a test that begins now."""


When = npt.NDArray[np.int64]
"""[n, 2]: each row's number in the log, and its time."""


def feed(track: Track, cells: Cells, codes: Codes, when: When, limit: Limit) -> list[Turn]:
    """Take rows' cells [n], in order; what opened or cleared on the way."""
    turns: list[Turn] = []
    place = 0
    while place < len(codes):
        if track.since is None:
            done, opened = _tested(track, cells, codes[place:], when[place:], limit)
            place += done
            if opened:
                turns.append(turn(track, "open", when[place - 1]))
                track.since = turns[-1].at
        else:
            done, cleared = _windowed(track, cells, codes[place:])
            place += done
            if cleared:
                turns.append(turn(track, "cleared", when[place - 1]))
                rest(track, turns[-1].at)
    return turns


def turn(track: Track, state: Literal["open", "cleared"], when: When) -> Turn:
    return Turn(state, int(when[0]), int(when[1]), track.rows)


def rest(track: Track, at: int) -> None:
    """The condition is over; the next row begins a new test."""
    track.since, track.window, track.size, track.quiet, track.differs = None, [], 0, 0, None
    track.log_e = track.log_most = 0.0
    track.began.append(at)


def _tested(track: Track, cells: Cells, codes: Codes, when: When, limit: Limit) -> tuple[int, bool]:
    if track.test is None:
        track.limit = limit(track, int(when[0, 1]))
        test = StreamTest(cells, seed=seed_of(f"{track.name}:{track.starts}"))
        track.starts += 1
    else:
        test = StreamTest.from_json(track.test, cells) if isinstance(track.test, dict) else track.test
    before = test.rows
    evidence = test.update_codes(codes)
    track.log_e, track.log_most = test.log_e, test.log_most
    end = crossing(track, evidence, before, test.rows, WINDOW)
    if end is None:
        track.test = test
        track.rows += len(codes)
        return len(codes), False
    track.window = [0] * len(cells.counts)
    track.rows += end - before
    return end - before, True


def crossing(
    track: Track, evidence: npt.NDArray[np.float64], before: int, rows: int, window: tuple[int, int]
) -> int | None:
    """Rows of the running test at which it alarms, the track made ready for windows; None where it does not.

    ``evidence``: after each block that filled while the test went from ``before`` rows to ``rows``.
    """
    ends = block_starts(full(before), rows)[1:]
    crossed = np.flatnonzero(evidence >= track.limit)
    stop = int(crossed[0]) if len(crossed) else len(evidence)
    calm = np.flatnonzero(evidence[:stop] <= 0.0)
    if len(calm):
        track.calm = int(ends[int(calm[-1])])
    if not len(crossed):
        return None
    end = int(ends[stop])
    track.log_e = track.log_most = float(evidence[stop])
    track.test, track.quiet, track.differs = None, 0, None
    track.size = min(max(end - track.calm, window[0]), window[1])
    track.calm = 0
    return end


def full(rows: int) -> int:
    """Rows of the blocks that are full after so many rows."""
    return int(block_starts(0, rows)[-1])


def _windowed(track: Track, cells: Cells, codes: Codes) -> tuple[int, bool]:
    some = codes[: track.size - sum(track.window)]
    counts = np.bincount(some, minlength=len(cells.counts))
    track.window = [int(a + b) for a, b in zip(track.window, counts, strict=True)]
    track.rows += len(some)
    if sum(track.window) < track.size:
        return len(some), False
    track.differs = two_sample(np.array(cells.counts), np.array(track.window))
    track.quiet = track.quiet + 1 if track.differs > LEVEL else 0
    track.window = [0] * len(cells.counts)
    return len(some), track.quiet >= QUIET


def two_sample(reference: Codes, window: Codes) -> float:
    """p value of both counts [k] coming from one distribution: the chi-square test of homogeneity, with cells
    gathered, in their order, until at least 5 rows are expected of each in both."""
    from scipy.stats import chi2

    both = reference + window
    share = min(reference.sum(), window.sum()) / max(both.sum(), 1)
    table: list[list[int]] = []
    held = [0, 0]
    for a, b in zip(reference, window, strict=True):
        held = [held[0] + int(a), held[1] + int(b)]
        if sum(held) * share >= 5:
            table.append(held)
            held = [0, 0]
    if table:
        table[-1] = [table[-1][0] + held[0], table[-1][1] + held[1]]
    if len(table) < 2:
        return 1.0
    seen = np.array(table, dtype=np.float64)
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0, keepdims=True) / seen.sum()
    return float(chi2.sf(float((np.square(seen - expected) / expected).sum()), len(table) - 1))
