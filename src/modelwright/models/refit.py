"""Chosen configurations fitted once more on every development row, with what held-out rows settled."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

from modelwright.graph.dedupe import dedupe
from modelwright.graph.finish import mean
from modelwright.graph.join import join
from modelwright.models.families import FAMILIES
from modelwright.models.fit import Job
from modelwright.models.journal import Journal, key_of
from modelwright.models.pool import Pool
from modelwright.models.race import HANGS, Trial
from modelwright.models.rows import ALL, Place
from modelwright.models.tradeoff import Limits, Price

MOST_BYTES = 20_000_000
"""Fold graphs that are larger together are not joined: joining and checking them would take longer than the
refit did."""


def settled(trial: Trial, rows: int) -> dict[str, Any]:
    """The configuration with the number of rounds that early stopping found (the folds' median), and some
    more for the rows that the refit has and they had not: more rows bear more rounds (benchmarks/LOG.md)."""
    if not FAMILIES.get(trial.family).tags.rounds:
        return trial.config
    found = statistics.median(r.rounds for r in trial.results)
    more = math.sqrt(rows / max(1.0, statistics.fmean(r.rows for r in trial.results)))
    return {**trial.config, "rounds": max(1, round(found * more))}


def mean_of(parts: list[bytes], columns: int) -> bytes:
    """One member graph that answers the mean of several, their shared nodes computed once."""
    import onnx

    graph, tensors = join([onnx.load_from_string(part) for part in parts])
    tensors = dedupe(graph, tensors)
    double = mean(graph, tensors, [1.0] * len(tensors), columns)
    scores = graph.node("Cast", [double], to=onnx.TensorProto.FLOAT)
    graph.output(scores, "scores", "float32", columns)
    return bytes(graph.build().SerializeToString(deterministic=True))


def refit(
    trials: list[Trial],
    rows: int,
    place: Place,
    journal: Journal,
    pool: Pool,
    seed: int,
    ends_at: float | None,
    limits: Limits | None = None,
) -> dict[str, bytes]:
    """Graphs by trial name, fitted on all ``rows``; the first of ``trials`` come first where time is short.

    Where a refit fails or its time runs out, the graph is the mean of the fold graphs: those are what the
    held-out score was measured on, so they are always good enough to use. Where they are too large together,
    or would put the whole beyond its ``limits``, the first fold's alone.
    """
    waiting: list[tuple[str, Trial, Job]] = []
    for trial in trials:
        job = Job(trial.family, settled(trial, rows), ALL, seed, 1)
        key = key_of(place, job, FAMILIES.get(trial.family).version)
        waiting.append((key, trial, job))
    kept = {key: journal.read(key) for key, _, _ in waiting}
    open_keys = {key for key, entry in kept.items() if entry is None or entry.cut_short}
    todo = [w for w in waiting if w[0] in open_keys]
    seen: set[str] = set()
    while (todo or pool.busy) and (ends_at is None or time.monotonic() < ends_at):
        while todo and pool.idle:
            key, trial, job = todo.pop(0)
            if key in seen:
                continue
            seen.add(key)
            if ends_at is not None:
                left = ends_at - time.monotonic()
                more = rows / max(1.0, statistics.fmean(r.rows for r in trial.results))
                expected = more * statistics.fmean(r.seconds for r in trial.results)
                if expected > left:
                    continue
                job = Job(job.family, job.config, job.fold, job.seed, job.threads, seconds=left)
            pool.submit(key, place, job, HANGS if ends_at is None else None)
        if pool.busy:
            pool.wait(0.5 if ends_at is None else min(0.5, max(0.0, ends_at - time.monotonic())))
    pool.drop()
    graphs: dict[str, bytes] = {}
    prices: dict[str, Price] = {}
    lacking: list[Trial] = []
    for key, trial, _ in waiting:
        entry = journal.read(key)
        if entry is not None and not entry.result.error and entry.result.stopped != "deadline":
            graphs[trial.name] = entry.graph
            prices[trial.name] = Price(entry.result.size, entry.result.single_us)
        else:
            lacking.append(trial)
            first = trial.entries[trial.folds[0]].result
            prices[trial.name] = Price(first.size, first.single_us)
    for trial in lacking:
        graphs[trial.name] = _from_folds(trial, place, prices, limits)
    return graphs


def _from_folds(trial: Trial, place: Place, prices: dict[str, Price], limits: Limits | None) -> bytes:
    """The mean of a trial's fold graphs where there is room for it beside the others, else the first.
    ``prices`` is kept up to date."""
    results = [trial.entries[f].result for f in trial.folds]
    together = Price(sum(r.size for r in results), sum(r.single_us for r in results))
    others = [price for name, price in prices.items() if name != trial.name]
    fits = limits is None or limits.within([*others, together])
    if len(results) == 1 or together.size > MOST_BYTES or not fits:
        return trial.entries[trial.folds[0]].graph
    prices[trial.name] = together
    parts = [trial.entries[f].graph for f in trial.folds]
    return mean_of(parts, 1 if place.problem == "regression" else place.classes)
