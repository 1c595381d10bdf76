"""Whatever kills a run, and whenever: at most the fit in progress is lost, and the end is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]
Runs = Callable[[], list[Path]]
Prints = Callable[[Path], tuple[str, str]]

COMMAND = Path(sys.executable).with_name("modelwright")

# Every test here starts the command several times, and trains.
pytestmark = pytest.mark.slow


def started(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """The command, in a session of its own, so that a signal to its group spares the tests."""
    return subprocess.Popen(
        [COMMAND, *arguments],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def unfinished(runs: Runs) -> list[Path]:
    return [p for p in runs() if json.loads((p / "state.json").read_text())["status"] != "finished"]


@pytest.mark.parametrize("name", ["penguins", "houses"])
def test_killed_at_random_moments_ends_with_the_same_bytes(
    request: pytest.FixtureRequest, name: str, mw: Call, runs: Runs, prints: Prints, tmp_path: Path
) -> None:
    goal: Path = request.getfixturevalue(name)
    began = time.monotonic()
    assert mw("run", goal.name, "--runs", "whole", "--quiet").returncode == 0
    seconds = time.monotonic() - began
    whole = next(p for p in (tmp_path / "whole").iterdir() if (p / "verdict.json").exists())
    rng = random.Random(name)
    kills = 0
    while kills < 3:
        command = ["resume"] if unfinished(runs) else ["run", goal.name]
        process = started(*command, "--quiet", cwd=tmp_path)
        try:
            # Early, in the middle and late: each resumption has less left to do.
            code = process.wait(rng.uniform(0.1, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        else:
            assert code == 0
    if unfinished(runs):
        done = mw("resume")
        assert done.returncode == 0, done.stderr
    finished = runs()
    assert not unfinished(runs)
    assert {prints(run) for run in finished} == {prints(whole)}
    assert json.loads((finished[-1] / "verdict.json").read_text())["test_openings"] == 1
    assert mw("gc").returncode == 0
    assert not list((tmp_path / "runs").rglob("*.tmp"))


def test_killed_within_the_fits_makes_no_fit_twice(
    mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    penguins.write_text(
        penguins.read_text().replace("split: {train: 0.55, validation: 0.15, test: 0.3}", "seed: 1")
    )
    process = started("run", "goal.yaml", "--quiet", cwd=tmp_path)
    fits: dict[Path, int] = {}
    until = time.monotonic() + 300
    while time.monotonic() < until and len(fits) < 6:
        time.sleep(0.02)
        fits = {p: p.stat().st_mtime_ns for p in tmp_path.glob("runs/*/train/fits/*/fit.json")}
    process.kill()
    process.wait()
    assert len(fits) >= 6
    done = mw("resume")
    assert done.returncode in (0, 3), done.stderr
    assert {p: p.stat().st_mtime_ns for p in fits} == fits
    assert len(list(tmp_path.glob("runs/*/train/fits/*/fit.json"))) > len(fits)


def test_the_first_interrupt_ends_well(mw: Call, runs: Runs, penguins: Path, tmp_path: Path) -> None:
    penguins.write_text(penguins.read_text().replace("trials: 2", "trials: 2000"))
    process = started("run", "goal.yaml", "--quiet", cwd=tmp_path)
    wait_for_log(runs, "fit name=logistic-2")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(300) == 0
    run = runs()[0]
    assert json.loads((run / "verdict.json").read_text())["verdict"] == "met"
    codes = [json.loads(line).get("code") for line in (run / "evidence.jsonl").read_text().splitlines()]
    assert "train.stopped-by-user" in codes
    assert (run / "report.html").exists()


@pytest.mark.parametrize("how", ["second interrupt", "terminate"])
def test_stopped_by_a_signal_can_be_resumed(
    how: str, mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    penguins.write_text(penguins.read_text().replace("trials: 2,", "trials: 60,"))
    process = subprocess.Popen(
        [COMMAND, "run", "goal.yaml"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    if how == "terminate":
        wait_for(tmp_path, "train/fits/*/fit.json", 3)
        process.terminate()
    else:
        wait_for(tmp_path, "define/stage.json", 1)
        os.killpg(process.pid, signal.SIGINT)
        wait_for_log(runs, "interrupted")
        os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 4, said
    assert "modelwright resume" in said
    assert "Traceback" not in said
    assert json.loads((runs()[0] / "state.json").read_text())["status"] == "stopped"


def wait_for(folder: Path, pattern: str, count: int) -> None:
    until = time.monotonic() + 300
    while len(list(folder.glob(f"runs/*/{pattern}"))) < count:
        assert time.monotonic() < until, f"{pattern} never came"
        time.sleep(0.02)


def wait_for_log(runs: Runs, text: str) -> None:
    until = time.monotonic() + 300
    while not any(text in (run / "log.txt").read_text() for run in runs() if (run / "log.txt").exists()):
        assert time.monotonic() < until, f"{text} never came"
        time.sleep(0.01)


def test_a_worker_that_is_killed_is_replaced_and_told(
    mw: Call, runs: Runs, penguins: Path, tmp_path: Path
) -> None:
    """The system kills a process that takes too much memory; the run goes on without that fit."""
    psutil = pytest.importorskip("psutil")
    penguins.write_text(penguins.read_text().replace("trials: 2,", "trials: 40,"))
    process = started("run", "goal.yaml", "--quiet", cwd=tmp_path)
    wait_for(tmp_path, "train/fits/*/fit.json", 3)
    killed = 0
    for child in psutil.Process(process.pid).children():
        child.kill()
        killed += 1
    assert killed >= 1
    assert process.wait(400) == 0
    board = (runs()[0] / "leaderboard.csv").read_text()
    assert json.loads((runs()[0] / "verdict.json").read_text())["verdict"] == "met"
    died = [line for line in board.splitlines() if "its process died" in line]
    assert len(died) <= killed


def test_workers_end_with_their_run(penguins: Path, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    penguins.write_text(penguins.read_text().replace("trials: 2,", "trials: 2000,"))
    process = started("run", "goal.yaml", "--quiet", cwd=tmp_path)
    wait_for(tmp_path, "train/fits/*/fit.json", 2)
    workers = psutil.Process(process.pid).children()
    assert workers
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert alive == []


def test_a_full_disk_stops_the_run(penguins: Path, tmp_path: Path) -> None:
    """The system's limit on the size of a file stands for a full disk: the message says what to do."""
    code = (
        "import resource, sys; from modelwright.cli.main import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "sys.argv = ['modelwright', 'run', 'goal.yaml', '--quiet']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert "the disk is full" in done.stderr
    assert "modelwright gc" in done.stderr
