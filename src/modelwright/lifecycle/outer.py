"""Outer folds: the same stages carried through once for each pair of development and sealed rows.

With ``split: {outer_folds: k}`` or ``{leave_out: column}`` every row is sealed once. Each fold learns from
its own development rows in a folder of its own (``outer/<fold>/``); the test then scores every row through
the graph of the fold that had not seen it. The verdict is on the procedure; the graph of the last fold ships.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelwright.core.records.data import Development, Sealed, Split
from modelwright.core.records.models import Compressed, Outer, OuterFold, Trained
from modelwright.lifecycle.folder import RunFolder
from modelwright.lifecycle.plan import PLAN

if TYPE_CHECKING:
    from modelwright.lifecycle.runner import Runner

FIRST, LAST = "analyse", "compress"
"""The stages that each outer fold goes through."""


def carry_through(runner: Runner) -> Outer:
    """Learn on every outer fold but the last, which the plan itself goes through."""
    split: Split = runner.records[Split]
    if split.outer <= 1:
        return Outer()
    names = [stage.name for stage in PLAN]
    stages = PLAN[names.index(FIRST) : names.index(LAST) + 1]
    main, records, findings, timings = runner.folder, runner.records, runner.findings, runner.timings
    shared = main.store.folder
    made: list[OuterFold] = []
    try:
        for number, (development, sealed) in enumerate(split.outer_parts[:-1]):
            runner.note("outer fold", fold=number + 1, of=split.outer)
            runner.folder = RunFolder(main.path / "outer" / str(number), shared)
            runner.folder.path.mkdir(parents=True, exist_ok=True)
            runner.records = {**records, Development: development, Sealed: sealed, Outer: Outer()}
            runner.findings, runner.timings = list(findings), {}
            runner.pause_at = _share(runner, split.outer - number)
            for stage in stages:
                runner.carry_out(stage)
            trained, compressed = runner.records[Trained], runner.records[Compressed]
            made.append(OuterFold(development, sealed, trained, compressed))
    finally:
        runner.folder, runner.records, runner.findings, runner.timings = main, records, findings, timings
        runner.pause_at = float("inf")
    return Outer(tuple(made))


def _share(runner: Runner, left: int) -> float:
    """When this fold must have ended: an even share of what is left, a little kept for the test."""
    seconds = runner.seconds()
    if seconds is None:
        return float("inf")
    now = time.monotonic()
    return now + max(0.0, (runner.started_at + seconds - now) * 0.95 / left)
