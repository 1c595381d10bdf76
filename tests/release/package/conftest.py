"""Bundles to package: one of real rows, and one with every kind of column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.release.package.job import Job, Wishes
from modelwright.runtime.bundle import read
from modelwright.testing.bundles import make_run

ROWS = 300


def _every_kind(target: str) -> pl.DataFrame:
    """Rows with numbers, money, booleans, categories, dates and texts; ``target``: its kind."""
    random = np.random.default_rng(11)
    number = random.normal(size=ROWS)
    colour = random.choice(["red", "green", "blü", "ß"], ROWS)
    truth = random.random(ROWS) < 0.4
    words = np.array("good bad fine awful great poor nice sad happy quick don’t".split())
    texts = [" ".join(random.choice(words, 8)) for _ in range(ROWS)]
    days = [dt.datetime(2023, 1, 1) + dt.timedelta(hours=int(h)) for h in random.integers(0, 20_000, ROWS)]  # noqa: DTZ001
    money = [f"${m:,.2f}" if m > 300 else "n/a" for m in random.lognormal(7, 1, ROWS)]
    score = number + 1.5 * (colour == "red") + truth - np.array([t.count("bad") for t in texts]) * 0.5
    made = {
        "binary": np.where(score + 0.3 * random.normal(size=ROWS) > 0, "yes", "no"),
        "multiclass": np.array(["low", "mid", "high"])[np.digitize(score, [-0.7, 0.5])],
        "value": score,
    }
    return pl.DataFrame(
        {
            "number": [None if i % 17 == 0 else float(v) for i, v in enumerate(number)],
            "colour": [None if i % 13 == 0 else str(v) for i, v in enumerate(colour)],
            "truth": np.where(truth, "Yes", "No"),
            "text": texts,
            "when": [day.strftime("%d.%m.%Y %H:%M") for day in days],
            "money": money,
            "y": made[target],
        }
    )


@pytest.fixture(scope="session")
def table() -> Callable[[str], pl.DataFrame]:
    return _every_kind


@pytest.fixture(scope="session")
def penguins(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A bundle of the example's real rows: seven inputs, three classes."""
    raw = pl.read_csv(root / "examples" / "penguins" / "penguins.csv", infer_schema=False)
    made = make_run(tmp_path_factory.mktemp("penguins") / "penguins", raw, "species", families=("logistic",))
    return made.bundle


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with every kind of input, two classes."""
    made = make_run(
        tmp_path_factory.mktemp("kinds") / "kinds", _every_kind("binary"), "y", families=("lightgbm",)
    )
    return made.bundle


@pytest.fixture
def job(penguins: Path) -> Job:
    return Job(penguins, read(penguins), Wishes())
