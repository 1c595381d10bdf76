"""Real bundles, made once: they are only read, or copied before a test changes them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.goal.sections import OutputSection
from modelwright.release.sign import make_keys
from modelwright.testing.bundles import Made, make_run

WORDS = ("late", "early", "broken", "fine", "box", "letter", "returned", "kept", "wet", "dry")


def people(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Raw rows of every kind, as a file would have them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    pay = rng.normal(30, 8, rows).round(2)
    job = rng.choice(["clerk", "cook", "driver", "nurse"], rows)
    score = age * 0.05 + pay * 0.1 + (job == "nurse") * 2 + rng.normal(0, 1, rows)
    days = zip(
        rng.integers(1995, 2020, rows), rng.integers(1, 13, rows), rng.integers(1, 28, rows), strict=True
    )
    return pl.DataFrame(
        {
            "age": [str(a) if i % 17 else "?" for i, a in enumerate(age)],
            "job": [j if i % 23 else None for i, j in enumerate(job)],
            "pay": [f"${p}" for p in pay],
            "since": [f"{y}-{m:02d}-{d:02d}" for y, m, d in days],
            "member": rng.choice(["yes", "no"], rows),
            "note": [" ".join(rng.choice(WORDS, 6)) + f" {i}" for i in range(rows)],
            "rich": np.where(score > 5.5, "yes", "no"),
            "level": np.select([score < 4.5, score < 6.5], ["low", "middle"], "high"),
            "amount": (score * 100).round(1),
        }
    )


def inputs_of(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("rich", "level", "amount")


@pytest.fixture(scope="session")
def raw() -> pl.DataFrame:
    return people()


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A private key's file and its public key."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    return path, make_keys(path)


@pytest.fixture(scope="session")
def binary(raw: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("binary") / "run"
    return make_run(folder, raw.drop("level", "amount"), "rich", families=("logistic", "lightgbm"))


@pytest.fixture(scope="session")
def signed(raw: pl.DataFrame, key: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("signed") / "run"
    return make_run(folder, raw.drop("level", "amount"), "rich", sign_with=key[0])


@pytest.fixture(scope="session")
def levels(raw: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three classes, with prediction sets."""
    folder = tmp_path_factory.mktemp("levels") / "run"
    return make_run(folder, raw.drop("rich", "amount"), "level", output=OutputSection(intervals=0.9))


@pytest.fixture(scope="session")
def amounts(raw: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Regression, with prediction intervals."""
    folder = tmp_path_factory.mktemp("amounts") / "run"
    output = OutputSection(intervals=0.9)
    return make_run(folder, raw.drop("rich", "level"), "amount", families=("ridge",), output=output)


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Made], Path]:
    """A copy of a bundle that a test may change."""

    def copy(made: Made) -> Path:
        return Path(shutil.copytree(made.bundle, tmp_path / "bundle"))

    return copy
