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
from typing import TYPE_CHECKING, Any

from modelwright.core.codec import encode
from modelwright.core.errors import Stopped

if TYPE_CHECKING:  # workers are started before anything heavy is imported here
    from modelwright.models.fit import Job
    from modelwright.models.rows import Place

GRACE = 1.0
"""Seconds past its deadline after which a fit is killed."""


def workers_for(cores: int) -> int:
    """How many workers serve that many cores: one thread each, since fits run side by side."""
    return max(1, min(cores, 8))


LEARNERS = {
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "random_forest": "sklearn.ensemble",
    "extra_trees": "sklearn.ensemble",
    "decision_tree": "sklearn.ensemble",
}
"""What the fits of a family spend their first second importing."""


def early_imports(families: tuple[str, ...] | None) -> tuple[str, ...]:
    """Modules that workers should import before their first fit; all of them when no family is named."""
    wanted = LEARNERS if families is None else [f for f in families if f in LEARNERS]
    return tuple(dict.fromkeys(("scipy.optimize", *(LEARNERS[f] for f in wanted))))


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
    """``workers`` processes that write finished fits into a journal. Use as a context manager.

    May be started early: ``attach`` says later where the journal is. What workers print goes to ``log``.
    """

    def __init__(
        self,
        workers: int,
        journal: Path | None,
        threads: int = 1,
        *,
        log: Path,
        memory: int | None = None,
        warm: tuple[str, ...] = (),
    ) -> None:
        self.size = workers
        self._memory = memory
        self._warm = warm
        self._threads = threads
        self._log = log
        self._journal: Path | None = None
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        if journal is not None:
            self.attach(journal)
        for _ in range(workers):
            self._start()

    def attach(self, journal: Path) -> None:
        """Where finished fits go from now on."""
        journal.mkdir(parents=True, exist_ok=True)
        self._journal = journal
        self._log = journal.parent / "worker.log"

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        threads = str(self._threads)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "modelwright.models.worker", *self._warm],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Waiting OpenMP threads must sleep: spinning ones starve the other worker.
                env={**os.environ, "OMP_WAIT_POLICY": "passive", **dict.fromkeys(names, threads)},
            )
        worker = _Worker(process)
        self._workers.append(worker)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)

    @property
    def generation(self) -> int:
        """How many configurations a search by work proposes at a time. What is tried depends on it, so it
        must not depend on where the fits are made."""
        return self.size

    def check(self) -> None:
        """Raise what stands in the way of any fit, where it is known already."""

    @property
    def idle(self) -> int:
        return sum(w.key is None for w in self._workers)

    @property
    def busy(self) -> int:
        return len(self._workers) - self.idle

    def submit(self, key: str, place: Place, job: Job, kill_after: float | None = None) -> None:
        """Give a job to an idle worker; it is killed ``kill_after`` seconds from now, or where that is left
        out when it overstays ``job.seconds`` by GRACE."""
        worker = next(w for w in self._workers if w.key is None)
        worker.key = key
        if kill_after is not None:
            worker.kill_at = time.monotonic() + kill_after
        elif job.seconds is not None:
            worker.kill_at = time.monotonic() + job.seconds + GRACE
        given = {"key": key, "journal": str(self._journal), "place": encode(place), "job": encode(job)}
        message = json.dumps(given) + "\n"
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
            if self._memory is not None:
                ended += self._over_memory(self._memory)
            now = time.monotonic()
            for worker in [w for w in self._workers if w.kill_at <= now]:
                ended += self._replace(worker, "it did not end in time and was stopped", "out of time")
            if now >= until:
                break
        return ended

    def _over_memory(self, most: int) -> list[Ended]:
        """When all workers and this process together hold more than ``most`` bytes, the largest fit ends."""
        import psutil

        sizes = []
        for worker in self._workers:
            with contextlib.suppress(psutil.Error):
                sizes.append((psutil.Process(worker.process.pid).memory_info().rss, worker))
        if psutil.Process().memory_info().rss + sum(size for size, _ in sizes) <= most:
            return []
        busy = [(size, worker) for size, worker in sizes if worker.key is not None]
        if not busy:
            return []
        _, largest = max(busy, key=lambda found: found[0])
        return self._replace(largest, "it took more memory than the budget allows", "failed")

    def _read(self, worker: _Worker) -> list[Ended]:
        assert worker.process.stdout is not None
        chunk: bytes | None = worker.process.stdout.read()
        if chunk is None:
            return []  # nothing there after all
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
