"""A real bundle, a real log (SQLite), and traffic as the model was trained on, or shifted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.records.verdict import CriterionResult
from modelwright.live import deployment
from modelwright.live.entries import Entry, Failure, Feedback, Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.live.settings import Settings, WatchSettings, database_url
from modelwright.runtime import load
from modelwright.runtime.model import Model
from modelwright.testing.bundles import make_run

CRITERION = CriterionResult("accuracy >= 0.7", 0.85, 0.82, 0.88, 600, "met", "given by the test")
START = 1_760_000_000_000_000
"""Microseconds; the first row of any traffic."""
SECOND = 1_000_000


def people(n: int, seed: int, **shift: float) -> pl.DataFrame:
    """Rows whose class ``good`` follows ``size`` strongly, ``age`` hardly, and ``colour`` not at all.

    ``size``, ``age``: added to the column. ``red``: share of a colour that is else a third. ``missing``:
    share of ``age`` without a value. ``apart``: 1 takes the correlation of size and weight away. ``flip``:
    share of outcomes that are the other way round.
    """
    rng = np.random.default_rng(seed)
    size = rng.normal(10, 3, n)
    weight = 2 * size + rng.normal(0, 1, n)
    age = rng.normal(40, 10, n)
    sure = 1 / (1 + np.exp(-(size - 10 + 0.005 * (age - 40)) / 0.8))
    drawn = rng.random(n)
    shifted = size + shift.get("size", 0.0)
    sure = 1 / (1 + np.exp(-(shifted - 10 + 0.005 * (age - 40)) / 0.8)) if shift.get("size") else sure
    if shift.get("apart"):
        weight = 2 * rng.normal(10, 3, n) + rng.normal(0, 1, n)
    red = shift.get("red", 1 / 3)
    colour = rng.choice(["blue", "green", "red"], n, p=[(1 - red) / 2, (1 - red) / 2, red])
    good = drawn < sure
    good = np.where(rng.random(n) < shift.get("flip", 0.0), ~good, good)
    ages = np.round(age + shift.get("age", 0.0), 1)
    gone = rng.random(n) < shift.get("missing", 0.0)
    return pl.DataFrame(
        {
            "size": shifted.round(3),
            "weight": weight.round(3),
            "age": [None if g else float(a) for a, g in zip(ages, gone, strict=True)],
            "colour": colour,
            "good": np.where(good, "yes", "no"),
        }
    )


@pytest.fixture(scope="session", name="people")
def _people() -> Callable[..., pl.DataFrame]:
    """``people(n, seed, **shift)``: see :func:`people`."""
    return people


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("watched") / "run"
    made = make_run(run, people(3000, 0), "good", criteria=(CRITERION,))
    return made.bundle


@pytest.fixture(scope="session")
def model(bundle: Path) -> Model:
    return load(bundle)


class Live:
    """A live model without a server: traffic goes to the log as a drain would bring it."""

    def __init__(self, root: Path, bundle: Path, model: Model, **watch: Any) -> None:
        self.place = Place.of(root / "live", "good")
        self.model = model
        self.bundle = bundle
        self.settings = Settings("good", watch=WatchSettings(**watch))
        deployment.deploy(self.place, deployment.add_version(self.place, bundle), "first")
        self.database = LogDatabase(database_url(self.place, self.settings))
        self.sent = 0
        self.batches = 0
        self.version = "v1"

    def predictions(self, frame: pl.DataFrame, version: str | None = None) -> list[Prediction]:
        inputs = frame.drop("good").to_dicts()
        made = self.model.predict_all(inputs)
        rows = []
        for i, row in enumerate(inputs):
            number = self.sent + i
            rows.append(
                Prediction(
                    id=f"p{number:07d}",
                    at=START + number * SECOND,
                    version=version or self.version,
                    role="champion",
                    inputs=row,
                    prediction=str(made["prediction"][i]),
                    probabilities=tuple(float(p) for p in made["probabilities"][i]),
                    micros=2000 + number % 500,
                    request=f"r{number}",
                )
            )
        self.sent += len(rows)
        return rows

    def send(
        self, frame: pl.DataFrame, *, outcomes: bool = False, version: str | None = None
    ) -> list[Prediction]:
        rows = self.predictions(frame, version)
        self.add(rows)
        if outcomes:
            told = frame["good"].to_list()
            self.add([Feedback(p.id, p.at + SECOND, t) for p, t in zip(rows, told, strict=True)])
        return rows

    def fail(self, n: int, status: int = 500) -> None:
        self.add([Failure(START + self.sent * SECOND, status, "broken") for _ in range(n)])

    def add(self, entries: list[Any]) -> None:
        kept: list[Entry] = entries
        self.batches += 1
        self.database.add(kept, segment=f"s{self.batches}", upto=1)


@pytest.fixture
def live(tmp_path: Path, bundle: Path, model: Model) -> Callable[..., Live]:
    """``live(**watch settings)``: another live model at each call."""
    made: list[Live] = []

    def make(**watch: Any) -> Live:
        made.append(Live(tmp_path / str(len(made)), bundle, model, **watch))
        return made[-1]

    return make
