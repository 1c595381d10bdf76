"""Smaller graphs, measured beside the one they are made of: fewer channels, 8-bit numbers, a taught network.

What was measured stands in one table, whether the goal asks for it or not. A smaller graph ships where the
goal asks for it and the held-out score falls by no more than a hundredth.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.core.records.models import Shrunk
from modelwright.features.typed import Typed
from modelwright.goal.sections import OutputSection
from modelwright.graph.session import session
from modelwright.release import prune, quantise

ALLOWED = 0.01
"""Part of the held-out score that a smaller graph may cost."""
CALLS = 60
"""Single rows that are timed, each with another row."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A graph as it was measured on held-out rows."""

    bytes: int
    right: float
    """Share of rows whose label is right; for numbers, minus the root of the mean squared error."""
    log_loss: float
    """For numbers NaN."""
    single_ms: float
    """Median time of a single row."""

    def keeps(self, before: Measured) -> bool:
        """Whether it is about as right as what it was made of."""
        return self.right >= before.right - ALLOWED * abs(before.right)


def settle(
    graph: bytes,
    calibration: Typed,
    held: Typed,
    y: npt.NDArray[Any],
    output: OutputSection,
    book: Book,
    taught: tuple[Shrunk, ...] = (),
) -> tuple[bytes, dict[str, bool]]:
    """The graph that ships, and in which ways it was made smaller (``int8``, ``pruned``)."""
    before = measured(graph, held, y)
    tried: list[tuple[str, Measured, bytes]] = [("float32, all channels", before, graph)]
    shipped, how = graph, {"int8": False, "pruned": False}
    if prune.worth_it(graph):
        kept, slim = None, graph
        for share in prune.SHARES:
            made = prune.pruned(graph, share, calibration)
            now = measured(made, held, y)
            tried.append((f"without {share:.0%} of the channels", now, made))
            if now.keeps(before):
                kept, slim = now, made
        if output.prune and kept is None:
            _loses(book, "pruned", before, tried[1][1], "with fewer channels", "with all")
        if output.prune:
            shipped, how["pruned"] = slim, kept is not None
    if quantise.worth_it(graph):
        small = quantise.quantised(shipped, calibration)
        now = measured(small, held, y)
        tried.append(("int8" if shipped == graph else "int8, fewer channels", now, small))
        if output.int8 and not now.keeps(before):
            _loses(book, "int8", before, now, "in int8", "in float32")
        elif output.int8:
            shipped, how["int8"] = small, True
    number = np.isnan(before.log_loss)
    rows = [
        *((t.name, t.bytes, t.right, t.log_loss, t.single_ms, t.rows, t.ships) for t in taught),
        *(
            (name, m.bytes, abs(m.right), m.log_loss, m.single_ms, held.rows, made == shipped)
            for name, m, made in tried
        ),
    ]
    book.table(_table(rows, bool(number), min(quantise.CALIBRATION_ROWS, calibration.rows), bool(taught)))
    return shipped, how


def taught_alone(taught: tuple[Shrunk, ...], book: Book) -> None:
    """The table where nothing but a taught network was tried."""
    rows = [(t.name, t.bytes, t.right, t.log_loss, t.single_ms, t.rows, t.ships) for t in taught]
    book.table(_table(rows, bool(np.isnan(taught[0].log_loss)), 0, True))


def _table(rows: list[tuple[Any, ...]], number: bool, calibrated: int, taught: bool) -> Table:
    told = [
        "Single rows on one thread.",
        "Held-out rows, which networks that were fitted once more on all rows have learned from."
        if calibrated
        else "",
        f"Channels and 8-bit ranges are settled on {calibrated} training rows." if calibrated else "",
        "The taught network and those that taught it are compared on rows that neither learned from."
        if taught
        else "",
    ]
    return Table(
        "shrunk",
        "Smaller: what each way costs and saves",
        (
            "graph",
            "bytes",
            "root of mean squared error" if number else "accuracy",
            "log loss",
            "ms a row",
            "rows",
            "ships",
        ),
        tuple(
            (name, size, right, None if number else loss, ms, n, "yes" if ships else "no")
            for name, size, right, loss, ms, n, ships in rows
        ),
        note=" ".join(part for part in told if part),
    )


def _loses(book: Book, way: str, before: Measured, now: Measured, how: str, instead: str) -> None:
    # Codes stand here in full, so that the guard of the catalogue finds them.
    codes = {"int8": "release.int8-loses", "pruned": "release.pruned-loses"}
    book.finding(
        codes[way],
        "warning",
        f"{how} the held-out score goes from {abs(before.right):.4g} to {abs(now.right):.4g}, so the network "
        f"ships {instead}",
        f"leave `release.{'prune' if way == 'pruned' else 'int8'}` out, or allow a larger network",
    )


def measured(graph: bytes, typed: Typed, y: npt.NDArray[Any]) -> Measured:
    """The graph on held-out rows: ``y`` int64 [n] class codes, or float64 [n]."""
    runner = session(graph)
    outputs = [output.name for output in runner.get_outputs()]
    wanted = {value.name for value in runner.get_inputs()}

    def answers(which: slice) -> dict[str, npt.NDArray[Any]]:
        feeds = {name: value for name, value in typed.take(which).feeds().items() if name in wanted}
        return dict(zip(outputs, runner.run(outputs, feeds), strict=True))

    parts = [answers(slice(start, start + 256)) for start in range(0, typed.rows, 256)]
    if "probabilities" in outputs:
        chances = np.concatenate([part["probabilities"] for part in parts]).astype(np.float64)
        labels = np.concatenate([part["label"] for part in parts])
        right = float((labels == y).mean())
        loss = float(-np.log(np.clip(chances[np.arange(len(y)), y], 1e-15, None)).mean())
    else:
        values = np.concatenate([part["value"] for part in parts]).astype(np.float64).ravel()
        right, loss = -float(np.sqrt(((values - y) ** 2).mean())), float("nan")
    times = []
    for row in range(min(CALLS, typed.rows)):
        one = {n: v for n, v in typed.take(slice(row, row + 1)).feeds().items() if n in wanted}
        began = time.perf_counter()
        runner.run(outputs, one)
        times.append(time.perf_counter() - began)
    return Measured(len(graph), right, loss, float(np.median(times)) * 1e3)
