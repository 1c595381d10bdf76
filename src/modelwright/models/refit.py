"""The graphs that ship: chosen configurations fitted once more on every row, or the mean of their folds.

Five folds of classes are better together than one fit on all rows (0.7 to 1.3% of the log loss of ensembles
on 600 rows; benchmarks/LOG.md): the mean of several takes out what chance put into each. Of networks, in
which there is most of it, three are, and for numbers too. Trees for numbers are not, nor three folds of
classes, each of which lacks a third of the rows.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, replace
from typing import Any

from modelwright.graph.dedupe import dedupe
from modelwright.graph.finish import mean
from modelwright.graph.join import join
from modelwright.models.families import FAMILIES
from modelwright.models.fit import MOST_DENSE, Job
from modelwright.models.journal import Journal, key_of
from modelwright.models.pool import Pool
from modelwright.models.race import HANGS, Trial
from modelwright.models.rows import ALL, Place
from modelwright.models.tradeoff import Limits, Price

MOST_BYTES = 20_000_000
"""Fold graphs that are larger together are not joined: joining and checking them would take longer than the
refit did."""
FOLDS, NETWORKS = 5, 3
"""Folds from which their mean is better than a fit on all rows: of any family for classes, of networks."""
TWIN = 7919
"""Between the seeds of two fits of one configuration."""
HEADROOM = 0.8
"""Part of the limits that the mean of folds may fill: it is no reason to come close to them."""


@dataclass(frozen=True, slots=True)
class Made:
    """The graph of a member, and how it was made."""

    graph: bytes
    how: str


def settled(trial: Trial, rows: int) -> dict[str, Any]:
    """The configuration with the number of rounds that early stopping found (the folds' median), and some
    more for the rows that the refit has and they had not: more rows bear more rounds (benchmarks/LOG.md)."""
    if not FAMILIES.get(trial.family).tags.rounds:
        return trial.config
    found = statistics.median(r.rounds for r in trial.results)
    # Epochs of more rows are longer already; boosting's rounds are not.
    more = 1.0 if FAMILIES.get(trial.family).tags.keeps else math.sqrt(_more(trial, rows))
    return {**trial.config, "rounds": max(1, round(found * more))}


def _more(trial: Trial, rows: int) -> float:
    """Times the rows that a fit on all has of those of a fold; a family that learns from a sample gains
    none."""
    tags = FAMILIES.get(trial.family).tags
    if tags.recipe == "dense" and not tags.typed:
        rows = min(rows, MOST_DENSE)
    return rows / max(1.0, statistics.fmean(r.rows for r in trial.results))


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
) -> dict[str, Made]:
    """Graphs by trial name; the first of ``trials`` come first where time or room is short.

    The mean of folds ships where it is better and there is room for it within the ``limits`` (without any, it
    is never preferred), else a fit on all ``rows``. Where that fails or its time runs out, the graph is the
    mean of the fold graphs after all: those are what the held-out score was measured on, so they are always
    good enough to use. Where they are too large together, or beyond the limits, the first fold's alone.
    """
    waiting: list[tuple[str, Trial, Job]] = []
    preferred = _preferred(trials, rows, place, limits)
    for trial in trials:
        if trial.name in preferred:
            continue
        job = Job(trial.family, settled(trial, rows), ALL, seed, 1)
        key = key_of(place, job, FAMILIES.get(trial.family).version)
        waiting.append((key, trial, job))
    # A worker that would stand idle fits the first network once more, from other weights.
    twins = _twins(waiting, place, pool.generation, seed, limits)
    waiting += twins
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
                expected = _more(trial, rows) * statistics.fmean(r.seconds for r in trial.results)
                if expected > left:
                    continue
                job = Job(job.family, job.config, job.fold, job.seed, job.threads, seconds=left)
            pool.submit(key, place, job, HANGS if ends_at is None else None)
        if pool.busy:
            pool.wait(0.5 if ends_at is None else min(0.5, max(0.0, ends_at - time.monotonic())))
    pool.drop()
    made: dict[str, Made] = {t.name: _mean_of_folds(t, place) for t in trials if t.name in preferred}
    prices = {t.name: _together(t) for t in trials if t.name in preferred}
    lacking: list[Trial] = []
    for key, trial, _ in (w for w in waiting if w not in twins):
        entry = journal.read(key)
        if entry is not None and not entry.result.error and entry.result.stopped != "deadline":
            sampled = entry.result.rows < rows
            how = f"fitted on {entry.result.rows} of {rows} rows" if sampled else f"fitted on all {rows} rows"
            made[trial.name] = Made(entry.graph, how)
            prices[trial.name] = Price(entry.result.size, entry.result.single_us)
        else:
            lacking.append(trial)
            first = trial.entries[trial.folds[0]].result
            prices[trial.name] = Price(first.size, first.single_us)
    for trial in lacking:
        made[trial.name] = _from_folds(trial, place, prices, limits)
    for key, trial, _ in twins:
        entry = journal.read(key)
        if trial in lacking or entry is None or entry.result.error or entry.result.stopped == "deadline":
            continue
        both = Price(2 * prices[trial.name].size, 2 * prices[trial.name].microseconds)
        others = [price for name, price in prices.items() if name != trial.name]
        if limits is not None and limits.within([*others, both]):
            graph = mean_of([made[trial.name].graph, entry.graph], _outputs(place))
            made[trial.name] = Made(
                graph, f"the mean of two fits on all {rows} rows, from other first weights"
            )
            prices[trial.name] = both
    return made


def _twins(
    waiting: list[tuple[str, Trial, Job]], place: Place, workers: int, seed: int, limits: Limits | None
) -> list[tuple[str, Trial, Job]]:
    """Second refits of the first network, for as many workers as the first refits leave idle (at most one).
    Networks differ by their first weights more than by anything else, and the mean of two is better."""
    if limits is None or len(waiting) >= workers:
        return []
    for _, trial, job in waiting:
        family = FAMILIES.get(trial.family)
        if family.tags.keeps:
            again = replace(job, seed=seed + TWIN)
            return [(key_of(place, again, family.version), trial, again)]
    return []


def _outputs(place: Place) -> int:
    return 1 if place.problem == "regression" else place.classes


def _preferred(trials: list[Trial], rows: int, place: Place, limits: Limits | None) -> set[str]:
    """Names of those whose folds' mean ships by choice: the first of ``trials``, while there is room."""
    if limits is None or place.scheme == "holdout":
        return set()
    prices = {}
    for trial in trials:
        grown = max(1.0, _more(trial, rows))
        size, each = max(r.size for r in trial.results), max(r.single_us for r in trial.results)
        prices[trial.name] = Price(size * grown / HEADROOM, each * grown / HEADROOM)
    found: set[str] = set()
    for trial in trials:
        tags = FAMILIES.get(trial.family).tags
        network = tags.gradient and tags.rounds
        least = NETWORKS if network else FOLDS
        if place.folds < least or (place.problem == "regression" and not network):
            continue
        together = _together(trial)
        larger = Price(together.size / HEADROOM, together.microseconds / HEADROOM)
        if together.size <= MOST_BYTES and limits.within([*(prices | {trial.name: larger}).values()]):
            prices[trial.name] = larger
            found.add(trial.name)
    return found


def _together(trial: Trial) -> Price:
    """What all folds' graphs cost."""
    results = trial.results
    return Price(sum(r.size for r in results), sum(r.single_us for r in results))


def _mean_of_folds(trial: Trial, place: Place) -> Made:
    parts = [trial.entries[f].graph for f in trial.folds]
    graph = mean_of(parts, _outputs(place))
    return Made(graph, f"the mean of {len(parts)} fits, each without a fold of the rows")


def _from_folds(trial: Trial, place: Place, prices: dict[str, Price], limits: Limits | None) -> Made:
    """The mean of a trial's fold graphs where there is room for it beside the others, else the first.
    ``prices`` is kept up to date."""
    together = _together(trial)
    others = [price for name, price in prices.items() if name != trial.name]
    fits = limits is None or limits.within([*others, together])
    if len(trial.folds) == 1 or together.size > MOST_BYTES or not fits:
        return Made(trial.entries[trial.folds[0]].graph, "fitted without the first held-out rows")
    prices[trial.name] = together
    return _mean_of_folds(trial, place)
