"""``modelwright monitor`` over a real bundle and a real log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.live import deployment, settings
from modelwright.live.entries import Prediction
from modelwright.live.log.journal import Journal
from modelwright.live.place import Place
from modelwright.live.watch import outage
from modelwright.runtime import load
from modelwright.testing.bundles import make_run

Command = Callable[..., Any]


def rows(n: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    size = rng.normal(10, 3, n)
    return pl.DataFrame(
        {
            "size": (size + shift).round(2),
            "town": rng.choice(["Aarau", "Bern", "Chur"], n),
            "good": np.where(size + rng.normal(0, 1, n) > 10, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("monitored") / "run", rows(600, 0), "good").bundle


@pytest.fixture
def root(tmp_path: Path, bundle: Path) -> Path:
    """The folder of live models, with ``good`` in it."""
    place = Place.of(tmp_path / "live", "good")
    settings.write(place, settings.Settings("good"))
    deployment.deploy(place, deployment.add_version(place, bundle), "first")
    return tmp_path / "live"


def answer(root: Path, bundle: Path, frame: pl.DataFrame, name: str) -> None:
    """Into the journal, as a worker does that then dies."""
    model = load(bundle)
    inputs = frame.drop("good").to_dicts()
    made = model.predict_all(inputs)
    journal = Journal(root / "good" / "journal", name)
    journal.append(
        [
            Prediction(
                f"{name}{i}", 1_760_000_000_000_000 + i, "v1", "champion", row, str(made["prediction"][i]),
                tuple(float(p) for p in made["probabilities"][i]), micros=1500, request=f"{name}{i}",
            )
            for i, row in enumerate(inputs)
        ]
    )  # fmt: skip
    journal.close()


def test_a_log_that_is_down_is_said_with_what_was_found_before(
    command: Command, root: Path, bundle: Path
) -> None:
    place = Place.of(root, "good")
    answer(root, bundle, rows(300, 1), "a")
    assert command("monitor", "good", "--live", str(root)).code == 0
    for path in place.folder.glob("log.db*"):
        path.unlink()
    (place.folder / "log.db").mkdir()
    # As long as no keeper has said so, this command's own error does.
    said = command("monitor", "good", "--live", str(root))
    assert said.code not in (0, 3)
    assert "does not answer" in said.err
    outage.note(place, "log.down", "it is gone")
    said = command("monitor", "good", "--live", str(root))
    assert said.code == 3
    assert "log.down, since" in said.out
    assert "open: log.down: " in said.err
    (place.folder / "log.db").rmdir()
    # No server runs that would say it: this command has seen that the log is there again.
    said = command("monitor", "good", "--live", str(root), "--json")
    assert (said.code, json.loads(said.out)["conditions"]) == (0, [])
    assert "cleared: log.down: is over: the log could not be written" in said.err


def test_it_says_that_nothing_is_open(command: Command, root: Path, bundle: Path) -> None:
    answer(root, bundle, rows(800, 1), "a")
    said = command("monitor", "good", "--live", str(root))
    assert said.code == 0, said.err
    assert said.out.startswith("good v1: 800 rows, 0 outcomes")
    assert "nothing is open" in said.out
    assert said.err == ""


def test_it_ends_with_3_where_a_condition_is_open(command: Command, root: Path, bundle: Path) -> None:
    answer(root, bundle, rows(800, 1, shift=4.0), "a")
    said = command("monitor", "good", "--live", str(root))
    assert said.code == 3
    assert "drift.column size" in said.out
    assert "look at where 'size' comes from" in said.out
    lines = [line for line in said.err.splitlines() if " open: drift.column size" in line]
    assert len(lines) == 1
    again = command("monitor", "good", "--live", str(root), "--quiet")
    assert (again.code, again.err) == (3, "")


def test_as_json(command: Command, root: Path, bundle: Path) -> None:
    answer(root, bundle, rows(300, 1), "a")
    said = command("monitor", "good", "--live", str(root), "--json")
    found = said.json()
    assert found["rows"] == 300
    assert found == json.loads((root / "good" / "monitor" / "latest.json").read_text())
    for key in ("columns", "joint", "prediction", "quality", "service", "accuracy", "estimated", "retrain"):
        assert key in found


def test_before_any_traffic(command: Command, root: Path) -> None:
    said = command("monitor", "good", "--live", str(root))
    assert said.code == 0
    assert said.out.startswith("good v1: 0 rows")


def test_mistakes(command: Command, root: Path) -> None:
    said = command("monitor", "goood", "--live", str(root))
    assert (said.code, "did you mean 'good'?" in said.err) == (2, True)
    said = command("monitor", "good", "--live", str(root), "--every", "soon")
    assert said.code == 2
    assert "--every soon is no time" in said.err
    assert command("monitor", "good", "--live", str(root), "--every", "1s", "--once").code == 2


@pytest.mark.slow  # a process of its own, for some seconds
def test_it_goes_on_looking_until_it_is_stopped(root: Path, bundle: Path) -> None:
    answer(root, bundle, rows(300, 1), "a")
    words = ["monitor", "good", "--live", str(root), "--every", "200ms"]
    script = f"import sys; from modelwright.cli.main import call; sys.exit(call({words!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    latest = root / "good" / "monitor" / "latest.json"
    try:
        until = time.monotonic() + 200
        while time.monotonic() < until and not latest.exists():
            time.sleep(0.1)
        answer(root, bundle, rows(800, 2, shift=4.0), "b")
        while time.monotonic() < until and not json.loads(latest.read_text())["conditions"]:
            time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "300 rows" in out
    assert "1100 rows" in out
    assert err.count("open: drift.column size") == 1
