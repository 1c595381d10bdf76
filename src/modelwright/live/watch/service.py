"""The service: requests that failed, and how long answers took, against what the goal asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import ModelwrightError
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.sections import Criterion
from modelwright.live.entries import Failure
from modelwright.live.watch.accuracy import feed_mean
from modelwright.live.watch.rows import Batch
from modelwright.live.watch.tracks import Limit, Track, Turn
from modelwright.runtime.model import Model
from modelwright.stats.intervals import clopper_pearson, quantile

FAILING: Final = 0.01
"""The share of requests that may fail on our side before that is an alarm."""
OURS: Final = 500
"""HTTP statuses from here on are failures of the service; those below are requests that were refused."""


@dataclass(slots=True)
class Service:
    """What is kept between looks."""

    requests: int = 0
    """Answered."""
    failed: int = 0
    refused: int = 0
    last: str = ""
    """Id of the last request: its rows may go on in the next batch."""
    tracks: dict[str, Track] = field(default_factory=dict)


def latency_criteria(model: Model) -> tuple[Criterion, ...]:
    """The goal's demands on latency that the bundle tells."""
    found = []
    for result in model.metadata.get("test", {}).get("criteria", ()):
        try:
            criterion = parse_criterion(str(result.get("criterion", "")))
        except ModelwrightError:
            continue
        if criterion.metric in ("latency_p50", "latency_p99"):
            found.append(criterion)
    return tuple(found)


def first_rows(batch: Batch, last: str) -> npt.NDArray[np.bool_]:
    """Which rows [n] are the first of their request: those of one request share its time."""
    new = np.ones(len(batch), dtype=np.bool_)
    for i, request in enumerate(batch.requests):
        new[i] = not request or request != last
        last = request
    return new


def feed(
    service: Service,
    criteria: Sequence[Criterion],
    batch: Batch,
    failures: Sequence[tuple[int, Failure]],
    limit: Limit,
) -> list[tuple[str, Turn]]:
    """Take answered rows and failures that came among them, in the order of their numbers."""
    turns: list[tuple[str, Turn]] = []
    new = first_rows(batch, service.last)
    if len(batch):
        service.last = batch.requests[-1]
    answered, micros = batch.when[new], batch.micros[new]
    ours = [(n, f.at) for n, f in failures if f.status >= OURS]
    service.requests += len(answered)
    service.failed += len(ours)
    service.refused += len(failures) - len(ours)
    every = np.concatenate((answered, np.array(ours, dtype=np.int64).reshape(-1, 2)))
    good = np.concatenate((np.ones(len(answered)), np.zeros(len(ours))))
    order = np.argsort(every[:, 0], kind="stable")
    track = service.tracks["failures"]
    for turn in feed_mean(track, 1.0 - FAILING, good[order], every[order], limit):
        turns.append(("failures", turn))
    for criterion in criteria:
        name = f"latency:{criterion.text}"
        within = (micros * 1e-6 <= criterion.threshold).astype(np.float64)
        for turn in feed_mean(service.tracks[name], _share(criterion), within, answered, limit):
            turns.append((name, turn))
    return turns


def _share(criterion: Criterion) -> float:
    return 0.99 if criterion.metric == "latency_p99" else 0.5


def told(service: Service, criteria: Sequence[Criterion], micros: npt.NDArray[np.int64]) -> dict[str, Any]:
    """``micros``: of the most recent requests. Percentiles by order statistics, with 95% intervals."""
    total = service.requests + service.failed
    share = service.failed / total if total else None
    low, high = clopper_pearson(service.failed, total) if total else (None, None)
    said: dict[str, Any] = {
        "requests": service.requests,
        "failed": service.failed,
        "refused": service.refused,
        "failure_share": share,
        "failure_low": low,
        "failure_high": high,
        "recent_requests": len(micros),
        "latency": {},
        "goal": [],
    }
    seconds = micros.astype(np.float64) * 1e-6
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        if len(seconds):
            below, above = quantile(seconds, q)
            said["latency"][name] = {
                "value": float(np.quantile(seconds, q)),
                "low": max(below, 0.0),
                "high": above if np.isfinite(above) else None,
            }
    for criterion in criteria:
        name = criterion.metric.removeprefix("latency_")
        found = said["latency"].get(name)
        verdict = None
        if found is not None:
            high = found["high"]
            verdict = "unproven"
            if high is not None and high <= criterion.threshold:
                verdict = "met"
            elif found["low"] > criterion.threshold:
                verdict = "not met"
        said["goal"].append({"criterion": criterion.text, "verdict": verdict})
    return said
