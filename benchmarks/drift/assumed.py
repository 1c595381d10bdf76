"""What exchangeability is needed for: stable traffic whose rows depend on each other, and two remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.release.histogram import histogram
from modelwright.stats.cells import from_histogram
from modelwright.stats.conformal import seed_of
from modelwright.stats.shuffle import shuffled
from modelwright.stats.streams import StreamTest

Floats = npt.NDArray[np.float64]
DAYS, PER_DAY = 30, 200
LEVEL = 0.05
RUN = 10
"""Alike rows that come together where requests are of many rows."""


def assumed(streams: int) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """One stream each, its reference from 10 days before; the level is that of this stream alone."""
    for traffic in (
        "independent",
        "daily cycle",
        "correlated rows",
        "runs of alike rows",
        "days that differ",
    ):
        for remedy in ("none", "days shuffled", "one row of each run"):
            if remedy == "one row of each run" and traffic != "runs of alike rows":
                continue
            for n in range(streams):
                yield f"{traffic} remedy {remedy} world {n}", _job(traffic, remedy, n)


def _job(traffic: str, remedy: str, n: int) -> Callable[[], dict[str, Any]]:
    def do() -> dict[str, Any]:
        rng = np.random.default_rng([n, 99])
        past = np.concatenate([_day(traffic, rng) for _ in range(10)])
        step = RUN if remedy == "one row of each run" else 1
        cells = from_histogram(histogram(past[::step]).to_json())
        test = StreamTest(cells, seed=seed_of(traffic, n))
        for _ in range(DAYS):
            codes = cells.codes(_day(traffic, rng)[::step])
            if remedy == "days shuffled":
                counts = np.bincount(codes, minlength=len(cells.counts)).tolist()
                codes = shuffled(counts, seed=n, first=test.number)
            test.update_codes(codes)
        return {"traffic": traffic, "remedy": remedy, "alarm": test.log_most >= -float(np.log(LEVEL))}

    return do


def _day(traffic: str, rng: np.random.Generator) -> Floats:
    noise = rng.normal(size=PER_DAY)
    if traffic == "daily cycle":
        return noise + 0.7 * np.sin(np.arange(PER_DAY) / PER_DAY * 2 * np.pi)
    if traffic == "correlated rows":
        made = np.empty(PER_DAY)
        last = rng.normal()
        for i in range(PER_DAY):
            last = made[i] = 0.5 * last + np.sqrt(0.75) * noise[i]
        return made
    if traffic == "runs of alike rows":
        return np.repeat(noise[: PER_DAY // RUN], RUN)
    if traffic == "days that differ":
        return noise + 0.3 * rng.normal()
    return noise
