"""How much memory and processor time a server of this bundle takes: started, loaded and looked at.

The numbers hold for the machine that they were measured on and for rows like those that the bundle's
signature describes; whoever reads them is told both.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelwright.core.errors import Stopped

PATIENCE: Final = 60.0
"""Seconds for the server to become ready."""
STEADY: Final = 6.0
"""Seconds of requests at the stated rate."""
FULL: Final = 4.0
"""Seconds of as many requests as it takes."""
CLIENTS: Final = 4
SETTLE: Final = 3.0
"""Seconds for what the server does once, at its start."""
SHORT: Final = 0.05
"""Seconds between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of all processes of one server together."""

    workers: int
    rate: float
    """Requests of one row a second that were asked for, and answered."""
    cpu: float
    """Cores in use at that rate."""
    p99: float
    """Seconds, at that rate."""
    idle: int
    """Bytes, ready and before the first request."""
    peak: int
    """Bytes at most, under full load."""
    most: float
    """Requests a second under full load; the client shared the machine."""
    cpu_most: float
    """Cores in use under full load."""
    errors: int
    memory: str
    """What was counted: "PSS" (shared memory counted once), or "RSS" where the system has no PSS."""
    machine: str

    def sentence(self) -> str:
        workers = f"{self.workers} worker{'s' if self.workers != 1 else ''}"
        return (
            f"measured on {self.machine}, {workers}: {self.memory} {self.idle >> 20} MiB idle, "
            f"{self.peak >> 20} MiB at most; {self.cpu:.2f} cores at {self.rate:.0f} requests/s of one row "
            f"(p99 {1000 * self.p99:.1f} ms); {self.cpu_most:.2f} cores at {self.most:.0f} requests/s, "
            "the most that a client on the same machine could ask"
        )


def measure(bundle: Path, *, rate: float = 50.0, workers: int = 1) -> Measured:
    """Start ``modelwright serve`` on the bundle, ask it at ``rate`` and then as fast as it answers, stop it.

    Takes about 15 s. Raises :class:`Stopped` where the server does not become ready or fails requests.
    """
    from modelwright.release.package.rows import steady
    from modelwright.runtime.model import load

    model = load(bundle, threads=1)
    bodies = [json.dumps(row).encode() for row in steady(model.signature, 200)]
    with (
        tempfile.TemporaryDirectory(prefix="modelwright-") as place,
        _serving(bundle, Path(place), workers) as (process, port),
    ):
        time.sleep(SETTLE)
        idle, kind = _memory(process.pid)
        for body in bodies[:20]:  # the first ones cost more
            _post(port, body)
        steadily = _Load(port, bodies, process.pid)
        steadily.run(STEADY, clients=2, rate=rate)
        fully = _Load(port, bodies, process.pid)
        fully.run(FULL, clients=CLIENTS, rate=None)
    errors = steadily.errors + fully.errors
    if errors or not steadily.times or not fully.times:
        raise Stopped(
            f"the server failed {errors} requests while it was measured",
            code="package.measure",
            hint="try the bundle with `modelwright serve`, or package without --for kubernetes",
        )
    times = sorted(steadily.times)
    return Measured(
        workers=workers,
        rate=len(times) / steadily.seconds,
        cpu=steadily.cpu / steadily.seconds,
        p99=times[min(len(times) - 1, int(0.99 * len(times)))],
        idle=idle,
        peak=max(idle, steadily.peak, fully.peak),
        most=len(fully.times) / fully.seconds,
        cpu_most=fully.cpu / fully.seconds,
        errors=errors,
        memory=kind,
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )


class _Load:
    """Requests from several threads, each with a connection of its own, at a rate or as fast as they go."""

    def __init__(self, port: int, bodies: list[bytes], pid: int) -> None:
        self.port, self.bodies, self.pid = port, bodies, pid
        self.times: list[float] = []
        self.errors = 0
        self.peak = 0
        self.cpu = 0.0
        self.seconds = 0.0

    def run(self, seconds: float, *, clients: int, rate: float | None) -> None:
        began, before = time.monotonic(), _cpu(self.pid)
        until = began + seconds
        every = None if rate is None else clients / rate
        threads = [threading.Thread(target=self._ask, args=(until, every, k)) for k in range(clients)]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            self.peak = max(self.peak, _memory(self.pid)[0])
            time.sleep(SHORT)
        for thread in threads:
            thread.join()
        self.seconds = time.monotonic() - began
        self.cpu = _cpu(self.pid) - before

    def _ask(self, until: float, every: float | None, k: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        due = time.monotonic() + (every or 0.0) * k / 2
        at = k
        while (now := time.monotonic()) < until:
            if every is not None and now < due:
                time.sleep(min(due, until) - now)
                continue
            due += every or 0.0
            try:
                connection.request("POST", "/predict", self.bodies[at % len(self.bodies)], _JSON)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.times.append(time.monotonic() - now)
                else:
                    self.errors += 1
            except (OSError, http.client.HTTPException):
                self.errors += 1
                connection.close()
            at += CLIENTS
        connection.close()


_JSON: Final = {"Content-Type": "application/json"}


@contextlib.contextmanager
def _serving(bundle: Path, place: Path, workers: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server of the bundle, ready, on a port of its own; ended with the block."""
    log, told = place / "serve.log", place / "serve.json"
    with log.open("wb") as errors, told.open("wb") as out:
        process = subprocess.Popen(
            [*command(), "serve", str(bundle), "--port", "0", "--live", str(place / "live"),
             "--workers", str(workers), "--json"],
            stdout=out, stderr=errors, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield process, _wait(process, told, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def command() -> list[str]:
    """How this installation's command line is started."""
    return [sys.executable, "-P", "-m", "modelwright"]


def _wait(process: subprocess.Popen[bytes], told: Path, log: Path) -> int:
    """The port of the server, once it answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        line = told.read_text(encoding="utf-8")
        if line.endswith("\n"):
            return int(json.loads(line)["url"].rpartition(":")[2])
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise Stopped(
        f"the server did not become ready to be measured: {said[-1] if said else 'it said nothing'}",
        code="package.measure",
        hint="try the bundle with `modelwright serve`",
    )


def _post(port: int, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/predict", body, _JSON)
    connection.getresponse().read()
    connection.close()


def _tree(pid: int) -> list[int]:
    import psutil

    try:
        top = psutil.Process(pid)
        return [pid, *(child.pid for child in top.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _memory(pid: int) -> tuple[int, str]:
    """Bytes of a process and all below it, and what was counted."""
    import psutil

    total, kind = 0, "PSS"
    for one in _tree(pid):
        with contextlib.suppress(psutil.Error):
            facts = psutil.Process(one).memory_full_info()
            if hasattr(facts, "pss"):
                total += int(facts.pss)
            else:
                total, kind = total + int(facts.rss), "RSS"
    return total, kind


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process and all below it."""
    import psutil

    total = 0.0
    for one in _tree(pid):
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(one).cpu_times()
            total += times.user + times.system
    return total
