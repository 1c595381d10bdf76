"""Whole journeys through the real command line, in folders of their own."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("modelwright")

PENGUINS = """\
name: penguins
data: {source: penguins.csv, target: species}
success: [accuracy >= 0.85]
split: {train: 0.55, validation: 0.15, test: 0.3}
search: {trials: 2, families: [logistic, decision_tree]}
"""
HOUSES = """\
name: houses
data: {source: houses.csv, target: price}
success: [r2 >= 0.8]
intervals: 0.8
search: {trials: 2, families: [ridge, decision_tree]}
"""

Call = Callable[..., subprocess.CompletedProcess[str]]


def call(*arguments: str | Path, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """A command line, carried out; what a person never sees (a traceback) is nowhere."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def mw(tmp_path: Path) -> Call:
    """``mw("run", "goal.yaml")`` in this test's folder."""

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        return call(*arguments, cwd=tmp_path, **options)

    return run


@pytest.fixture
def penguins(tmp_path: Path, root: Path) -> Path:
    """A goal file beside its rows."""
    shutil.copyfile(root / "examples" / "penguins" / "penguins.csv", tmp_path / "penguins.csv")
    (tmp_path / "goal.yaml").write_text(PENGUINS)
    return tmp_path / "goal.yaml"


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Prices that follow from a formula, with a little noise, some gaps, and text that must be read."""
    write_houses(tmp_path / "houses.csv", 400)
    (tmp_path / "houses.yaml").write_text(HOUSES)
    return tmp_path / "houses.yaml"


def write_houses(path: Path, rows: int) -> None:
    rng = random.Random(3)
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["way", "rooms", "town", "built", "price"])
        for _ in range(rows):
            area, rooms, town = rng.uniform(30, 200), rng.randint(1, 7), rng.choice(["Ulm", "Trier", "Ems"])
            price = 2000 * area + 9000 * rooms + {"Ulm": 5e4, "Trier": 0, "Ems": -2e4}[town]
            price += rng.gauss(0, 15000)
            built = f"{rng.randint(1920, 2020)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
            writer.writerow(
                [f"{area:.1f} km", rooms if rng.random() > 0.05 else "?", town, built, f"{price:.0f}"]
            )


@pytest.fixture
def runs(tmp_path: Path) -> Callable[[], list[Path]]:
    """The folders of this test's runs, oldest first."""
    return lambda: _runs_of(tmp_path / "runs")


def _runs_of(folder: Path) -> list[Path]:
    found = [p for p in folder.iterdir() if (p / "state.json").exists()] if folder.is_dir() else []
    return sorted(found, key=lambda p: json.loads((p / "state.json").read_text())["started"])


@pytest.fixture
def prints() -> Callable[[Path], tuple[str, str]]:
    """sha256 of the two files of a run that must come out the same."""
    return _prints


def _prints(run: Path) -> tuple[str, str]:
    verdict, graph = (run / "verdict.json").read_bytes(), (run / "bundle" / "model.onnx").read_bytes()
    return hashlib.sha256(verdict).hexdigest(), hashlib.sha256(graph).hexdigest()
