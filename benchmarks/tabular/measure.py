"""A child process measured as a whole: clock, processor time, memory of its tree, and what others used."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.25
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Measured:
    code: int
    """Exit code; -9 where it was ended after ``limit``."""
    wall: float
    cpu: float
    """Processor seconds of the process and its descendants."""
    peak: float
    """MB: the largest proportional set size (pages shared by n processes count 1/n each) of the tree."""
    outside: float
    """Cores that other processes used meanwhile, on average: above 0.25 the figures are not to be trusted."""


def run(
    command: Sequence[str | Path], *, cores: int, limit: float, log: Path, cwd: Path | None = None
) -> Measured:
    """Run a command to its end on ``cores`` cores; its output goes to ``log``."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), str(cores))}
    environment.pop("PYTHONPATH", None)
    busy, began = _busy(), time.perf_counter()
    with log.open("ab") as out:
        child = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=out, cwd=cwd, env=environment,
            start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )  # fmt: skip
        watch = _Watch(child.pid)
        watch.start()
        try:
            code = child.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            code = -9
    wall = time.perf_counter() - began
    watch.done.set()
    watch.join()
    used = _busy() - busy
    return Measured(code, wall, watch.cpu, watch.peak, max(0.0, (used - watch.cpu) / wall))


class _Watch(threading.Thread):
    """Looks at the tree from time to time. Processes that come and go between two looks are missed."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.root = psutil.Process(process)
        self.done = threading.Event()
        self.peak = 0.0
        self._times: dict[tuple[int, float], float] = {}

    @property
    def cpu(self) -> float:
        return sum(self._times.values())

    def run(self) -> None:
        while not self.done.wait(EVERY):
            total = 0.0
            try:
                tree = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                continue
            for process in tree:
                try:
                    with process.oneshot():
                        times = process.cpu_times()
                        key = (process.pid, process.create_time())
                    self._times[key] = times.user + times.system
                    total += _pss(process.pid)
                except (psutil.Error, OSError):
                    continue
            self.peak = max(self.peak, total)


def _pss(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _busy() -> float:
    """Seconds that all cores together have worked since the machine started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
