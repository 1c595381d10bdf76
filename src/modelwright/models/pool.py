"""A few worker processes, each with one job at a time, which can be killed and replaced."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelwright.core.codec import encode
from modelwright.core.errors import Stopped
from modelwright.models.fit import Job
from modelwright.models.rows import Place

GRACE = 1.0
"""Seconds past its deadline after which a fit is killed."""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    key: str | None = None
    kill_at: float = float("inf")
    buffer: bytes = field(default=b"")


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that ended: in the journal, or not (``error`` says why)."""

    key: str
    error: str = ""
    status: str = "fitted"


class Pool:
    """``workers`` processes that write into one journal. Use as a context manager."""

    def __init__(self, workers: int, journal: Path, threads: int = 1) -> None:
        self.size = workers
        self._journal = journal
        self._threads = threads
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        journal.mkdir(parents=True, exist_ok=True)
        for _ in range(workers):
            self._start()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        threads = str(self._threads)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
        log = (self._journal.parent / "worker.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "modelwright.models.worker", str(self._journal)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **dict.fromkeys(names, threads)},
            )
        worker = _Worker(process)
        self._workers.append(worker)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)

    @property
    def idle(self) -> int:
        return sum(w.key is None for w in self._workers)

    @property
    def busy(self) -> int:
        return len(self._workers) - self.idle

    def submit(self, key: str, place: Place, job: Job) -> None:
        """Give a job to an idle worker; it is killed when it overstays ``job.seconds`` by GRACE."""
        worker = next(w for w in self._workers if w.key is None)
        worker.key = key
        if job.seconds is not None:
            worker.kill_at = time.monotonic() + job.seconds + GRACE
        message = json.dumps({"key": key, "place": encode(place), "job": encode(job)}) + "\n"
        assert worker.process.stdin is not None
        try:
            worker.process.stdin.write(message.encode())
            worker.process.stdin.flush()
        except BrokenPipeError:
            worker.kill_at = 0.0  # it died idle; the next wait replaces it and says so

    def wait(self, seconds: float) -> list[Ended]:
        """Jobs that ended, waiting at most ``seconds`` for the first one.

        Raises :class:`Stopped` when a worker could not keep its fit (a full disk).
        """
        ended: list[Ended] = []
        until = time.monotonic() + max(seconds, 0.0)
        while not ended:
            soonest = min((w.kill_at for w in self._workers), default=float("inf"))
            pause = min(until, soonest) - time.monotonic()
            for selected, _ in self._selector.select(max(0.0, pause)):
                ended += self._read(selected.data)
            now = time.monotonic()
            for worker in [w for w in self._workers if w.kill_at <= now]:
                ended += self._replace(worker, "it did not end in time and was stopped", "out of time")
            if now >= until:
                break
        return ended

    def _read(self, worker: _Worker) -> list[Ended]:
        assert worker.process.stdout is not None
        chunk = worker.process.stdout.read()
        if not chunk:
            return self._replace(worker, "its process died (out of memory?)", "failed")
        worker.buffer += chunk
        *whole, worker.buffer = worker.buffer.split(b"\n")
        ended = []
        for line in whole:
            answer: dict[str, Any] = json.loads(line)
            if "stop" in answer:
                raise Stopped(**answer["stop"])
            if "key" in answer:
                worker.key, worker.kill_at = None, float("inf")
                result = answer["result"]
                ended.append(Ended(answer["key"], result["error"], result["status"]))
        return ended

    def _replace(self, worker: _Worker, why: str, status: str) -> list[Ended]:
        self._stop(worker)
        self._start()
        return [Ended(worker.key, why, status)] if worker.key is not None else []

    def _stop(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        assert worker.process.stdin is not None
        self._selector.unregister(worker.process.stdout)
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.wait()
        worker.process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.close()

    def drop(self) -> None:
        """Kill whatever is going on; afterwards every worker is idle."""
        for worker in [w for w in self._workers if w.key is not None]:
            self._stop(worker)
            self._start()

    def close(self) -> None:
        """End every worker at once, whatever it is doing."""
        for worker in list(self._workers):
            self._stop(worker)
        self._selector.close()
