"""Bundles that differ, and servers that are real processes on real ports."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

from modelwright.testing.bundles import make_run

LOAD = Path(__file__).with_name("load.py")
ROW: dict[str, Any] = {"age": 31, "job": "cook", "pay": 28.5}


def people(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, 200)
    pay = rng.normal(30, 8, 200).round(2)
    job = rng.choice(["clerk", "cook", "nurse"], 200)
    rich = age * 0.05 + pay * 0.1 + (job == "nurse") * 2 + rng.normal(0, 1, 200) > 5.5
    return pl.DataFrame({"age": age, "job": job, "pay": pay, "rich": np.where(rich, "yes", "no")})


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three bundles with the same inputs and other rows behind each. They are only read."""
    folder = tmp_path_factory.mktemp("bundles")
    return [make_run(folder / f"run{n}", people(n), "rich").bundle for n in range(3)]


def wait_for(what: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Its value, once it is true; fails after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def running(number: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@dataclass
class Running:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    live: Path
    url: str
    facts: dict[str, Any]
    errors: Path

    def predict(self, path: str = "/predict", **more: Any) -> httpx.Response:
        return httpx.post(self.url + path, json=ROW | more, timeout=120.0)

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text(encoding="ascii").split()]

    def workers(self, name: str = "people") -> list[int]:
        found = (self.live / name / "workers").glob("*.json")
        return sorted(int(path.stem) for path in found)

    def said(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    def stop(self, which: int = signal.SIGTERM) -> int:
        self.process.send_signal(which)
        return self.process.wait(120.0)


@dataclass
class Servers:
    """Starts servers in one folder of live models, and ends those that are left."""

    folder: Path
    started: list[Running] = field(default_factory=list)

    @property
    def live(self) -> Path:
        return self.folder / "live"

    def command(self, *arguments: object) -> list[str]:
        given = [str(argument) for argument in arguments]
        return [sys.executable, "-P", "-m", "modelwright", *given, "--live", str(self.live)]

    @staticmethod
    def until(what: Callable[[], Any]) -> Any:
        return wait_for(what)

    def refused(self, *arguments: object) -> tuple[int, str]:
        """Exit code and errors of a server that does not start."""
        done = subprocess.run(
            self.command("serve", *arguments), capture_output=True, cwd=self.folder, timeout=200, text=True
        )
        return done.returncode, done.stderr

    def start(self, *arguments: object, name: str = "people", workers: int = 2) -> Running:
        """A server on a free port, once it answers and all its workers are there."""
        errors = self.folder / f"errors-{len(self.started)}.txt"
        named = ["--name", name] if name else []
        command = self.command("serve", *arguments, *named, "--port", 0, "--workers", workers, "--json")
        with errors.open("wb") as err:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, cwd=self.folder)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 200.0)
        line = process.stdout.readline() if ready else b""
        if not line:
            process.kill()
            process.wait()
            raise AssertionError(f"no server: {errors.read_text(encoding='utf-8')}")
        facts = json.loads(line)
        server = Running(process, self.live, facts["url"], facts, errors)
        self.started.append(server)
        # It answers as soon as one worker does; the others may come later, on a busy machine much later.
        names = [each["name"] for each in facts["models"]]
        wait_for(lambda: all(len(server.workers(each)) == workers for each in names), 200.0)
        return server


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path)
    yield made
    for server in made.started:
        if server.process.poll() is None:
            left = server.children()
            server.process.terminate()
            try:
                server.process.wait(20.0)
            except subprocess.TimeoutExpired:
                for number in [server.process.pid, *left]:
                    os.kill(number, signal.SIGKILL)
                server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


class Loading:
    """Load from another process, until :meth:`end`."""

    def __init__(self, url: str, *, connections: int = 8, how: str = "kept") -> None:
        command = [sys.executable, str(LOAD), url, str(connections), how, json.dumps(ROW)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "started\n"

    def end(self) -> dict[str, Any]:
        """What came of it."""
        out, _ = self.process.communicate(timeout=120.0)
        said: dict[str, Any] = json.loads(out)
        return said


@pytest.fixture
def loading() -> Iterator[Callable[..., Loading]]:
    made: list[Loading] = []

    def start(url: str, **how: Any) -> Loading:
        made.append(Loading(url, **how))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()
