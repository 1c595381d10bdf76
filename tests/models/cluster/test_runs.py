"""Whole runs through the command line on a real Ray cluster: same bytes, the exit codes of the contract."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("modelwright")
GOAL = """\
name: penguins
data: {source: penguins.csv, target: species}
success: [accuracy >= 0.3]
split: {train: 0.6, validation: 0.2, test: 0.2}
search: {trials: 2, families: [patient, decision_tree]}
"""


@pytest.fixture
def goal(tmp_path: Path, root: Path) -> Path:
    """A goal whose budget is work, beside its rows."""
    shutil.copyfile(root / "examples" / "penguins" / "penguins.csv", tmp_path / "penguins.csv")
    file = tmp_path / "goal.yaml"
    file.write_text(GOAL)
    return file


def command(cluster: Any, folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *words], cwd=folder, env=cluster.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=400)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def made(runs: Path) -> list[str]:
    """The digests of what a budget of work promises."""
    (folder,) = [p for p in runs.iterdir() if not p.name.startswith(".")]
    files = (folder / "verdict.json", folder / "bundle" / "model.onnx")
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def needs_ray() -> None:
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")


# A cluster is started, and three runs with fits of two seconds are made.
@pytest.mark.slow
def test_same_bytes_though_a_node_and_then_the_cluster_dies(cluster: Any, goal: Path) -> None:
    folder = goal.parent
    cluster_nodes = [cluster.add(), cluster.add()]
    code, _, err = ended(command(cluster, folder, "run", "goal.yaml", "--runs", "here"))
    assert code == 0, err

    killer = cluster.kill_when_busy(cluster_nodes[1], cluster_nodes[1])
    run = command(cluster, folder, "run", "goal.yaml", "--runs", "there", "--engine", cluster.client)
    code, out, err = ended(run)
    assert code == 0, err
    killer.done()
    assert out.startswith("penguins: MET, released\n")
    assert "cluster    2 cores on 3 nodes" in err
    assert "is gone: patient is fitted again" in err
    assert made(folder / "there") == made(folder / "here")

    goal.write_text(f"{GOAL}engine: {cluster.address}\n")
    killer = cluster.kill_when_busy(cluster_nodes[0], cluster.head, cluster_nodes[0])
    code, out, err = ended(command(cluster, folder, "run", "goal.yaml", "--runs", "lost"))
    assert (code, out) == (4, ""), err
    killer.done()
    assert "the Ray cluster" in err
    assert "modelwright resume" in err
    code, out, err = ended(command(cluster, folder, "resume", "--runs", "lost", "--engine", "local"))
    assert code == 0, err
    assert made(folder / "lost") == made(folder / "here")


# A cluster is started.
@pytest.mark.slow
def test_ctrl_c_ends_with_the_best_so_far(steady: Any, goal: Path) -> None:
    goal.write_text(GOAL.replace("trials: 2", "trials: 300") + "engine: ray\n")
    steady.environment["RAY_ADDRESS"] = steady.address
    try:
        run = command(steady, goal.parent, "run", "goal.yaml")
        assert run.stderr is not None
        while "the best so far" not in (line := run.stderr.readline()):
            assert line, run.wait()
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        code, out, err = ended(run)
    finally:
        del steady.environment["RAY_ADDRESS"]
    assert "ending with the best so far" in err
    assert code in (0, 3), err
    assert "report  " in out


def test_no_cluster_is_bad_input(goal: Path) -> None:
    needs_ray()
    goal.write_text(GOAL.replace("patient", "logistic"))  # no stranger's family is installed here
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and not listening
        engine = f"ray://127.0.0.1:{bound.getsockname()[1]}"
        words = [COMMAND, "run", "goal.yaml", "--engine", engine]
        done = subprocess.run(words, cwd=goal.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith(f"error: no Ray cluster answers at {engine}: Connection refused\n")
    assert [p.name for p in (goal.parent / "runs").iterdir()] == [".store"]
