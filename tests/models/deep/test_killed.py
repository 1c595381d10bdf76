"""Killed at any step, a training goes on to the same weights, bit for bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # each training is a process that imports torch: two seconds and more

PROGRAM = Path(__file__).with_name("kept.py")
SETTINGS: dict[str, Any] = {
    "epochs": 6,
    "batch": 32,
    "ema": 0.9,
    "mixup": 0.3,
    "accumulate": 2,
    "checkpoint_seconds": 0,
    "rate": 0.01,
}


def command(out: Path, notes: Path, settings: dict[str, Any], *more: str) -> list[str]:
    return [sys.executable, str(PROGRAM), str(out), str(notes), json.dumps(settings), "1", *more]


def test_killed_at_several_steps_the_same_bytes(tmp_path: Path) -> None:
    """Two kills in one training: within an epoch, and at the very end of one."""
    pytest.importorskip("torch", reason="the extra [deep] is not installed")
    whole = subprocess.run(
        command(tmp_path / "whole", tmp_path / "a", SETTINGS), check=True, capture_output=True, text=True
    )
    for die_at in ("4", "18", "37"):
        died = subprocess.run(command(tmp_path / "cut", tmp_path / "b", SETTINGS, die_at), check=False)
        assert died.returncode == -signal.SIGKILL
        assert not (tmp_path / "cut").exists()
    ended = subprocess.run(
        command(tmp_path / "cut", tmp_path / "b", SETTINGS), check=True, capture_output=True, text=True
    )
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "whole").read_bytes()
    first, second = json.loads(whole.stdout), json.loads(ended.stdout)
    assert second["facts"]["resumed_at"] == 37
    assert first["curve"] == second["curve"]


def test_killed_at_random_moments_the_same_bytes(tmp_path: Path) -> None:
    """By another process, at moments that the training does not know: also while it writes."""
    pytest.importorskip("torch", reason="the extra [deep] is not installed")
    settings = {**SETTINGS, "epochs": 24}
    subprocess.run(
        command(tmp_path / "whole", tmp_path / "a", settings), check=True, stdout=subprocess.DEVNULL
    )
    chance = random.Random(5)
    manifest = tmp_path / "b" / "training" / "training.json"
    kills = 0
    while kills < 3:
        process = subprocess.Popen(
            command(tmp_path / "cut", tmp_path / "b", settings), stdout=subprocess.DEVNULL
        )
        began = manifest.stat().st_mtime_ns if manifest.exists() else 0
        while process.poll() is None and (manifest.stat().st_mtime_ns if manifest.exists() else 0) == began:
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        kills += 1
    assert kills, "it was over before it could be killed"
    if not (tmp_path / "cut").exists():
        subprocess.run(
            command(tmp_path / "cut", tmp_path / "b", settings), check=True, stdout=subprocess.DEVNULL
        )
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "whole").read_bytes()


def test_two_processes_give_the_weights_of_one(tmp_path: Path) -> None:
    """The same code under the launcher of accelerate, on two CPU processes, at the same global batch."""
    pytest.importorskip("torch", reason="the extra [deep] is not installed")
    pytest.importorskip("accelerate", reason="the extra [deep] is not installed")
    from safetensors.torch import load_file

    settings = {"epochs": 4, "batch": 32, "ema": 0.9, "rate": 0.01, "accumulate": 2, "smoothing": 0.1}
    one, two = tmp_path / "one", tmp_path / "two"
    program = [str(PROGRAM), str(one), "-", json.dumps(settings), "0"]
    subprocess.run([sys.executable, *program], check=True, stdout=subprocess.DEVNULL)
    program[1] = str(two)
    # The launcher's name for several processes on one machine; without a GPU they are CPU processes (gloo).
    launch = [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *launch, *program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert said["facts"]["processes"] == 2
    a, b = load_file(one), load_file(two)
    assert a.keys() == b.keys()
    assert max(float((a[name] - b[name]).abs().max()) for name in a) < 1e-4
