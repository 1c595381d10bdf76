"""How much looking deeper may cost: rows through the graph, within what is left of the time."""

from __future__ import annotations

import math

import onnx

from modelwright.core.stage import Work

RESERVE = 3.0
"""Seconds of the command that are kept for safeguard, release and report."""
SHARE = 0.25
"""Of the time that is left after the reserve, what one part may take."""
LIGHT = 200_000
"""Stored numbers that each row meets in a graph that is quick; heavier ones get fewer rows. Trees do not
count: a row meets few of their nodes."""

LARGE = 10_000_000
"""Bytes of a graph from which on samples are smaller, but never below what a part needs."""


def stored_numbers(graph: bytes) -> int:
    """How many numbers the graph's initializers hold: weights, support vectors, neighbours."""
    model = onnx.load_from_string(graph)
    return sum(math.prod(tensor.dims) for tensor in model.graph.initializer)


class Allowance:
    """Rows of the graph that each optional part of the test may spend.

    Without a limit in time it depends on the graph alone, so that the same inputs give the same
    evidence. With one, on the graph's measured speed and on the time that is left.
    """

    def __init__(self, work: Work, graph: bytes, rows_per_second: float) -> None:
        self._work = work
        self._heavy = min(1.0, LIGHT / max(stored_numbers(graph), 1))
        self._large = min(1.0, LARGE / max(len(graph), 1))
        self._speed = rows_per_second
        self.skipped: list[str] = []
        """Parts that were left out, in words."""

    @property
    def pressed(self) -> bool:
        """Whether nothing optional should be begun: the time is up, or the user asked to end."""
        return self._work.stop() or self._work.left() < RESERVE

    def rows(self, part: str, wanted: int, least: int, seconds: float) -> int:
        """Rows that ``part`` may pass through the graph, at most ``wanted`` and for about ``seconds``.

        0 where fewer than ``least`` would be possible; the part is then noted as skipped."""
        allowed = int(wanted * self._heavy)
        if allowed >= least:
            allowed = max(least, int(allowed * self._large))
        if self._work.ends_at is not None:
            left = max(self._work.left() - RESERVE, 0.0) * SHARE
            allowed = min(wanted, int(self._speed * min(seconds, left)))
        if self.pressed or allowed < least:
            self.skipped.append(part)
            return 0
        return allowed
