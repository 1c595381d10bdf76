"""A real Ray cluster on this machine: each node is a process group of its own, with resources of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

START = 90.0
"""Seconds for a node to be there, on a machine that is busy."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Killer(threading.Thread):
    """Waits for a fit and kills nodes, beside the test; what goes wrong is raised by ``done``."""

    def __init__(
        self, cluster: Cluster, busy: subprocess.Popen[bytes], nodes: tuple[subprocess.Popen[bytes], ...]
    ) -> None:
        super().__init__(daemon=True)
        self._cluster, self._busy, self._nodes = cluster, busy, nodes
        self._wrong = ""
        self.start()

    def run(self) -> None:
        try:
            self._cluster.busy(self._busy)
        except (AssertionError, OSError) as error:  # OSError: the cluster was removed meanwhile
            self._wrong = str(error)
            return
        for node in self._nodes:
            self._cluster.kill(node)

    def done(self) -> None:
        """After the run has ended. Raises where no node was killed."""
        self.join()
        assert not self._wrong, self._wrong


class Cluster:
    """A head without a core, and nodes that are added and killed. More of its environment may be given."""

    def __init__(self, python_path: Path, **more: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mwray"))  # short: sockets lie below it
        self.notes = self.folder / "notes"
        self.notes.mkdir()
        self.groups: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            # What a head's client server may take to start: a busy machine is no reason for another try.
            "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": str(int(START)),
            "GRPC_ENABLE_FORK_SUPPORT": "0",  # as docs/how-to/cluster.md says, with the reason
            "PYTHONPATH": str(python_path),
            "NOTES": str(self.notes),
            **more,
        }
        self.port, self.client_port = free_port(), free_port()
        self.head = self._start(
            "--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}", "--num-cpus=0",
            "--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={self.folder}",
        )  # fmt: skip
        self._reached(self.client_port)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        """A node that is there; Ray gives it 30 seconds, which are too few where a machine is busy enough."""
        command = [
            str(Path(sys.executable).with_name("ray")), "start", "--block", "--object-store-memory=100000000",
            "--min-worker-port=0", "--max-worker-port=0", *words,
        ]  # fmt: skip
        said = ""
        for _ in range(3):
            path = self.folder / f"node-{len(self.groups)}.log"
            with path.open("wb") as log:
                group = subprocess.Popen(
                    command,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=self.folder,
                )
            self.groups.append(group)
            while group.poll() is None and "Ray runtime started" not in said:
                time.sleep(0.2)
                said = path.read_text()
            if group.poll() is None:
                return group
            self.kill(group)
        raise AssertionError(said)

    def _reached(self, port: int) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1.0).close()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"nothing listens at {port}")

    def add(self, cores: int = 1) -> subprocess.Popen[bytes]:
        """One more node."""
        return self._start(f"--address={self.address}", f"--num-cpus={cores}")

    def busy(self, node: subprocess.Popen[bytes]) -> None:
        """Until a patient fit is going on on that node."""
        until = time.monotonic() + START
        while time.monotonic() < until:
            running = {note.name for note in self.notes.iterdir()}
            if running & {str(process.pid) for process in self._processes(node)}:
                return
            time.sleep(0.05)
        raise AssertionError("no fit ever began on that node")

    def kill_when_busy(self, busy: subprocess.Popen[bytes], *nodes: subprocess.Popen[bytes]) -> Killer:
        """Kill these nodes once a patient fit is going on on that one."""
        return Killer(self, busy, nodes)

    def _processes(self, node: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """All of a node's, by descent: those that fit have groups of their own."""
        try:
            top = psutil.Process(node.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """As if its machine had lost power: every process of the node at once."""
        for process in self._processes(node):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def remove(self) -> None:
        for group in reversed(self.groups):
            self.kill(group)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def clusters(strangers_site: Path) -> Iterator[Callable[..., Cluster]]:
    """``clusters(VARIABLE="value")``: clusters of a test's own; it is skipped where Ray is not installed."""
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")
    with contextlib.ExitStack() as stack:

        def make(**more: str) -> Cluster:
            made = Cluster(strangers_site, **more)
            stack.callback(made.remove)
            return made

        yield make


@pytest.fixture
def cluster(clusters: Callable[..., Cluster]) -> Cluster:
    """A cluster of a test's own, to be broken."""
    return clusters()


@pytest.fixture(scope="module")
def steady(strangers_site: Path) -> Iterator[Cluster]:
    """A cluster of three nodes, two with a core for fits, that no test breaks."""
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")
    made = Cluster(strangers_site)
    try:
        made.add()
        made.add()
        yield made
    finally:
        made.remove()
