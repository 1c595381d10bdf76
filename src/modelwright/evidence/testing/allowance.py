"""How much looking deeper may cost: rows through the graph, within what is left of the time."""

from __future__ import annotations

import math

import onnx

from modelwright.core.stage import Work

RESERVE = 3.0
"""Seconds of the command that are kept for safeguard, release and report."""
SHARE = 0.25
"""Of the time that is left after the reserve, what one part may take."""
PATIENCE = 5.0
"""Without a limit in time: seconds that a part may take at least, by the rough cost below."""
PER_ROW, PER_NUMBER, PER_TREE = 5e-6, 1e-9, 6e-8
"""Rough seconds of one row in a graph: at least, for each stored number met, for each tree walked."""


def rough_cost(graph: bytes) -> float:
    """Seconds that a row takes in the graph, roughly: by what the graph holds and not by timing it, so that
    the same graph has the same cost on every machine."""
    model = onnx.load_from_string(graph)
    numbers = sum(math.prod(tensor.dims) for tensor in model.graph.initializer)
    trees = 0
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "nodes_treeids" and len(attribute.ints):
                trees += 1 + max(attribute.ints)
    return float(PER_ROW + PER_NUMBER * numbers + PER_TREE * trees)


class Allowance:
    """Rows of the graph that each optional part of the test may spend.

    Without a limit in time it depends on the graph alone, so that the same inputs give the same evidence.
    With one, on the graph's measured speed and on the time that is left.
    """

    def __init__(self, work: Work, graph: bytes, rows_per_second: float) -> None:
        self._work = work
        self._cost = rough_cost(graph)
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
        if self._work.ends_at is not None:
            left = max(self._work.left() - RESERVE, 0.0) * SHARE
            allowed = int(self._speed * min(seconds, left))
        else:
            allowed = int(seconds / self._cost)
            if least * self._cost <= PATIENCE:
                allowed = max(allowed, least)
        if self.pressed or allowed < least:
            self.skipped.append(part)
            return 0
        return min(wanted, allowed)
