"""The real console script in processes of their own: exit codes, streams, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(sys.executable).with_name("modelwright")

# A goal that would go on for minutes: many trials, no limit in time.
LONG = """
name: long
data: {source: people.csv, target: answer}
success: [roc_auc >= 0.55]
search: {trials: 400, families: [logistic, decision_tree]}
"""


def console(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


@pytest.fixture
def folder(tmp_path: Path, people_csv: str) -> Path:
    (tmp_path / "people.csv").write_text(people_csv, encoding="utf-8")
    (tmp_path / "long.yaml").write_text(LONG, encoding="utf-8")
    return tmp_path


def test_bad_input_is_code_2_and_one_message(folder: Path) -> None:
    done = console(folder, "run", "absent.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no goal file absent.yaml\n\nhint: ")
    assert not (folder / "runs").exists()


@pytest.mark.slow  # the command in a process of its own, and all that checking imports
def test_check_through_the_script(folder: Path) -> None:
    done = console(folder, "check", "long.yaml", "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["rows"] == 160


@pytest.mark.slow  # a whole run in a process of its own, workers and report included
def test_quiet_run_gives_results_alone(folder: Path) -> None:
    (folder / "people.yaml").write_text(
        "data: {source: people.csv, target: answer}\nsuccess: [roc_auc >= 0.55]\n"
        "search: {trials: 2, families: [logistic]}\n"
    )
    done = console(folder, "run", "people.yaml", "--quiet", "--json")
    assert done.stderr == ""
    verdict = json.loads(done.stdout)
    assert done.returncode == (0 if verdict["released"] else 3)
    for place in ("run", "report"):
        assert (folder / verdict[place]).exists()
    hard = (folder / "people.yaml").read_text().replace("0.55", "0.9999")
    (folder / "hard.yaml").write_text(hard)
    done = console(folder, "run", "hard.yaml")
    assert done.returncode == 3
    assert "train" in done.stderr
    assert "not" in done.stdout


def fits(folder: Path) -> int:
    return len(list((folder / "runs").glob("long-*/train/fits/*/fit.json")))


def started(folder: Path, least: int) -> subprocess.Popen[str]:
    """A long run that has finished at least so many fits."""
    process = subprocess.Popen(
        [str(SCRIPT), "run", "long.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 300
    while fits(folder) < least and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    assert fits(folder) >= least
    return process


def folder_log(folder: Path) -> str:
    (log,) = (folder / "runs").glob("long-*/log.txt")
    return log.read_text()


def interrupt(process: subprocess.Popen[str]) -> None:
    """Ctrl-C as a terminal sends it: to the whole group, workers included."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.slow  # a run of several seconds, stopped from outside
def test_first_interrupt_ends_with_the_best_so_far(folder: Path) -> None:
    process = started(folder, 34)
    interrupt(process)
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, 3), err
    assert "ending with the best so far" in err
    (run,) = (folder / "runs").glob("long-*")
    verdict = json.loads((run / "verdict.json").read_text())
    assert process.returncode == (0 if verdict["released"] else 3)
    assert json.loads((run / "train" / "record.json").read_text())["ended"] == "stopped"
    assert (run / "report.html").exists()
    assert json.loads((run / "state.json").read_text())["status"] == "finished"
    assert "report" in out


@pytest.mark.slow  # a run of several seconds, stopped from outside and gone on with
def test_second_interrupt_stops_and_the_run_can_be_resumed(folder: Path) -> None:
    process = started(folder, 34)
    interrupt(process)
    # Two signals that come before the first is heard are one.
    until = time.monotonic() + 300
    while "interrupted" not in (log := folder_log(folder)) and time.monotonic() < until:
        time.sleep(0.01)
    assert "interrupted" in log
    interrupt(process)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 4, err
    assert "resume" in err
    (run,) = (folder / "runs").glob("long-*")
    assert json.loads((run / "state.json").read_text())["status"] == "stopped"
    assert not (run / "verdict.json").exists()
    kept = fits(folder)
    again = subprocess.Popen(
        [str(SCRIPT), "resume"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 300
    while fits(folder) < kept + 4 and time.monotonic() < until:
        assert again.poll() is None, again.communicate()
        time.sleep(0.1)
    interrupt(again)
    _, err = again.communicate(timeout=300)
    assert again.returncode in (0, 3), err
    assert (run / "verdict.json").exists()
    assert fits(folder) >= kept + 4


@pytest.mark.slow  # a run of several seconds, stopped from outside
def test_terminated_run_can_be_resumed(folder: Path) -> None:
    process = started(folder, 10)
    process.terminate()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 4, err
    assert err.splitlines()[-3].startswith("error: stopped by SIGTERM")
    (run,) = (folder / "runs").glob("long-*")
    assert json.loads((run / "state.json").read_text())["status"] == "stopped"
    assert not list((run / "bundle").glob("*"))
