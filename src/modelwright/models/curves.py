"""Curves that tell how learning went: by rounds, by rows, by trials."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series
from modelwright.goal.metrics import metric as spec_of
from modelwright.models.afterwards import curve_seconds, shares
from modelwright.models.families import FAMILIES
from modelwright.models.fit import Job
from modelwright.models.journal import Journal, key_of
from modelwright.models.pool import Pool
from modelwright.models.race import Trial
from modelwright.models.rows import Learning, Place

ROWS = {"image": "images", "audio": "recordings", "text": "texts", "series": "series"}


def learning_curve(
    trial: Trial,
    learning: Learning,
    place: Place,
    journal: Journal,
    pool: Pool,
    book: Book,
    ends_at: float | None,
    seed: int,
) -> None:
    """Fit the best configuration on parts of the rows of its first fold, and say whether more rows help."""
    fold = trial.folds[0]
    whole = trial.entries[fold].result
    if len(learning.part(fold).train) < 100:
        return
    points: list[tuple[int, float, float]] = []
    config: dict[str, Any] = trial.config
    parts = shares(trial.family, len(trial.folds))
    if FAMILIES.get(trial.family).tags.keeps:
        # As many epochs as with all rows, and not as many as there is time for.
        config = {**config, "rounds": whole.rounds}
    jobs = [Job(trial.family, config, fold, seed, 1, sample=share) for share in parts]
    keys = [key_of(place, job, FAMILIES.get(trial.family).version) for job in jobs]
    # The largest first: it is what the others, beside it, are waited for.
    todo = [(key, job) for key, job in zip(keys, jobs, strict=True) if journal.read(key) is None][::-1]
    if ends_at is not None:
        left = ends_at - time.monotonic()
        needed = [job.sample for _, job in todo]
        if todo and curve_seconds(trial.family, needed, whole.seconds, pool.size) > left:
            return
        todo = [(key, replace(job, seconds=left)) for key, job in todo]
    while todo or pool.busy:
        while todo and pool.idle:
            key, job = todo.pop(0)
            pool.submit(key, place, job)
        if pool.busy:
            pool.wait(0.5)
    for key in keys:
        entry = journal.read(key)
        if entry is None or entry.result.error:
            return
        points.append((entry.result.rows, entry.result.train_score, entry.result.score))
    points.append((whole.rows, whole.train_score, whole.score))
    spec = spec_of(place.metric)
    sign = 1.0 if spec.direction == "higher" else -1.0
    sizes = tuple(float(p[0]) for p in points)
    book.figure(
        Figure(
            "learning-curve",
            f"Learning curve of {trial.name}",
            "line",
            "training rows",
            spec.title,
            (
                Series("training rows", sizes, tuple(sign * p[1] for p in points)),
                Series("held-out rows", sizes, tuple(sign * p[2] for p in points)),
            ),
            note="One fold; a single curve has no interval, so small differences mean nothing.",
        )
    )
    first, before, last = points[0], points[-2 if len(points) == 3 else -3], points[-1]
    gain, earlier = _per_doubling(before, last), _per_doubling(first, before)
    if gain > 0 and earlier > 0 and gain > 0.25 * earlier:
        book.finding(
            "train.more-rows-would-help",
            "note",
            f"held-out {spec.title} still gets better with the rows: going from {before[0]} to {last[0]} of "
            f"them changed it by {abs(last[2] - before[2]):.4g}",
            f"more {_called(trial.family)} of the same kind are the surest way to a better model here",
            numbers={"rows": float(last[0]), "gain": abs(last[2] - before[2])},
        )


def _called(family: str) -> str:
    """What a row is for a person, to a family of networks for one kind of media."""
    tags = FAMILIES.get(family).tags
    kinds = [kind for kind in tags.media if kind in ROWS] if tags.keeps else []
    return ROWS[kinds[0]] if len(kinds) == 1 else "rows"


def _per_doubling(one: tuple[int, float, float], more: tuple[int, float, float]) -> float:
    """What the held-out score gained for each doubling of the rows."""
    return (more[2] - one[2]) / math.log2(more[0] / one[0])


def epochs(trial: Trial, book: Book) -> None:
    """Training and validation loss by round or epoch of the best candidate's first fold."""
    curve = trial.results[0].curve
    if not curve:
        return
    steps = tuple(float(s) for s, _, _ in curve)
    series = []
    if any(math.isfinite(t) for _, t, _ in curve):
        series.append(Series("training loss", steps, tuple(t for _, t, _ in curve)))
    if any(math.isfinite(v) for _, _, v in curve):
        series.append(Series("validation loss", steps, tuple(v for _, _, v in curve)))
    if series:
        book.figure(
            Figure(
                "loss-curve",
                f"Loss of {trial.name} as it was fitted",
                "line",
                "round or epoch",
                "loss",
                tuple(series),
            )
        )


def searched(trials: list[Trial], sign: float, metric: str, book: Book) -> None:
    """Every finished trial in order, and the best so far."""
    done = [t for t in trials if t.complete and not t.baseline]
    if len(done) < 2:
        return
    x = tuple(float(i + 1) for i in range(len(done)))
    best, so_far = float("-inf"), []
    for t in done:
        best = max(best, t.score)
        so_far.append(sign * best)
    book.figure(
        Figure(
            "search",
            "The search, trial by trial",
            "line",
            "trial",
            spec_of(metric).title,
            (
                Series("trial", x, tuple(sign * t.score for t in done)),
                Series("best so far", x, tuple(so_far)),
            ),
        )
    )
