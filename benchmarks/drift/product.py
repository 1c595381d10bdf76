"""The live monitor itself on stable traffic: a released bundle for every stream, its log's rows through
``live/watch``, every stream that it tests (outcomes excepted, which need a test set of their own)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelwright.live.entries import Prediction
from modelwright.live.settings import Settings, WatchSettings
from modelwright.live.watch.watcher import Watcher
from modelwright.runtime import load
from modelwright.testing.bundles import make_run

RATE = 0.05
ROWS = 4000
_CITIES = 1 / np.arange(1, 301) / np.sum(1 / np.arange(1, 301))
START = 1_760_000_000_000_000


def product(streams: int) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    for n in range(streams):
        yield f"product {n}", _job(n)


def _job(n: int) -> Callable[[], dict[str, Any]]:
    def do() -> dict[str, Any]:
        rng = np.random.default_rng([n, 5])
        rows = int(rng.choice([400, 1500, 6000]))
        with tempfile.TemporaryDirectory() as folder:
            made = make_run(Path(folder) / "run", people(rows, rng), "bought")
            model = load(made.bundle)
            settings = Settings("made", watch=WatchSettings(alarm_rate=RATE))
            watcher = Watcher("made", "v1", model, settings)
            watcher.begin(START)
            frame = people(ROWS, rng).drop("bought")
            inputs = frame.to_dicts()
            answers = model.predict_all(inputs)
            told = [
                Prediction(
                    f"p{i:05}", START + i * 600_000_000, "v1", "champion", row, str(answers["prediction"][i]),
                    tuple(float(p) for p in answers["probabilities"][i]), micros=2000, request=f"r{i}",
                )
                for i, row in enumerate(inputs)
            ]  # fmt: skip
            at, opened = 0, []
            while at < ROWS:
                size = min(int(rng.integers(1, 400)), watcher.room)
                batch = list(enumerate(told))[at : at + size]
                at += len(batch)
                opened += [key for key, turn in watcher.predictions(batch, []) if turn.state == "open"]
        return {"rows": rows, "streams": len(watcher.streams), "alarm": bool(opened), "opened": opened}

    return do


def people(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Columns as they come in life: amounts of money, counts, ages in years, 300 cities, gaps, yes and no."""
    taste = rng.normal(size=n)
    amount = np.exp(1.5 * (0.6 * taste + 0.8 * rng.normal(size=n)) + 3).round(2)
    visits = rng.poisson(np.exp(0.5 * taste + 0.5))
    age = np.clip(rng.normal(42, 13, n), 18, 95).round()
    score = np.where(rng.random(n) < 0.08, np.nan, rng.normal(600, 80, n).round(1))
    member = rng.random(n) < 0.2
    city = np.array([f"city{i:03}" for i in range(300)])[rng.choice(300, size=n, p=_CITIES)]
    plan = np.array(["basic", "plus", "pro"])[rng.choice(3, size=n, p=[0.6, 0.3, 0.1])]
    bought = rng.random(n) < 1 / (1 + np.exp(-(taste + member - 0.3 * (plan == "basic"))))
    return pl.DataFrame(
        {
            "amount": amount,
            "visits": visits,
            "age": age,
            "score": pl.Series(score, nan_to_null=True),
            "member": np.where(member, "yes", "no"),
            "city": city,
            "plan": plan,
            "bought": np.where(bought, "yes", "no"),
        }
    )
