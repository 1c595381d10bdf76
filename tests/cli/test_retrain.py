from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from modelwright.cli.main import call
from modelwright.lifecycle.folder import find_runs
from modelwright.lifecycle.learn import record
from modelwright.live import deployment
from modelwright.store.lock import locked
from modelwright.testing.answered import answer, served, table

pytestmark = pytest.mark.slow  # each test trains two models by whole runs, in processes of their own


def test_retrain_promotes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = served(tmp_path)
    answer(place, table(600, 2, turned=True))
    live = ["--live", str(tmp_path / "live")]
    assert call(["retrain", "toy", *live, "--budget", "60s", "--why", "drift", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["action"] == "promote"
    assert said["why"] == "drift"
    assert Path(said["record"]).is_file()
    assert Path(said["page"]).is_file()
    assert deployment.read(place).champion == "v2"
    # And again, without new rows: the champion stays, and the exit code says so.
    assert call(["retrain", "toy", *live, "--quiet"]) == 3
    heard = capsys.readouterr()
    assert heard.out.startswith("not enough evidence: ")
    assert "needed" in heard.out
    assert not heard.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["retrain", "nobody"], 2),
        (["retrain", "toy", "--promote", "maybe"], 2),
        (["retrain", "toy", "--share", "2"], 2),
        (["retrain", "toy", "--budget", "soon"], 2),
        (["decide", "toy"], 2),
    ],
)
def test_what_cannot_work_is_told(
    first: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([*arguments, "--live", str(first / "live")]) == code
    heard = capsys.readouterr()
    assert heard.err.startswith("error: ")
    assert "hint: " in heard.err
    assert "Traceback" not in heard.err


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    served(folder)
    return folder


def test_a_second_one_at_the_same_time_is_refused(first: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(first / "live" / "toy" / "learn"):
        assert call(["retrain", "toy", "--live", str(first / "live")]) == 2
    assert "already" in capsys.readouterr().err


def written(folder: Path) -> set[tuple[str, int]]:
    """Every file and when it was changed last; what vanishes meanwhile is left out."""
    found = set()
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found.add((str(path), path.stat().st_mtime_ns))
    return found


def test_killed_again_and_again_it_comes_to_one_decision(tmp_path: Path) -> None:
    """kill -9 after ever more was written: what a killed one leaves is gone on with, and no state is half.

    Counted in files and not in seconds, so that a busy machine changes nothing.
    """
    place = served(tmp_path)
    answer(place, table(600, 2, turned=True))
    command = [
        sys.executable, "-c", "from modelwright.cli.main import main; main()",
        "retrain", "toy", "--live", str(tmp_path / "live"), "--quiet",
    ]  # fmt: skip
    most, kills = 1, 0
    while True:
        before = written(tmp_path)
        already = [d["done"] for d in record.every(place)] == ["done"]
        with (tmp_path / "errors").open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        until = time.monotonic() + 300
        while process.poll() is None and len(written(tmp_path) - before) < most:
            assert time.monotonic() < until, "it hangs"
            time.sleep(0.02)
        process.kill()
        if process.wait() != -signal.SIGKILL:
            break
        kills += 1
        most += 2 * kills
        now = deployment.read(place)  # whole at any time
        assert now.champion in ("v1", "v2")
    # Where the last kill came after all was done, there is nothing new to learn from.
    assert process.returncode == (3 if already else 0), (tmp_path / "errors").read_text()
    assert kills >= 5
    made = record.every(place)
    assert [d["action"] for d in made] == ["promote"]
    assert made[0]["done"] == "done"
    assert record.check(place, 1) == []
    assert deployment.read(place).champion == "v2"
    finished = [run for run in find_runs(tmp_path / "runs") if run.status == "finished"]
    assert len(finished) == 2
