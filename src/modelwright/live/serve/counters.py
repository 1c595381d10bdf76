"""What is counted, and how the counts of several worker processes become one.

Each worker counts in a file of its own that is mapped into memory: one more is one write to memory, without
a lock and without a system call, and what was counted outlives the worker. Whoever is asked for the metrics
adds up the files of all. A worker that starts again under the same name goes on where it stopped, so totals
never fall while the server runs. All counting of a worker happens on its event loop.

Two files a worker: ``<worker>.values`` holds 64-bit whole numbers, ``<worker>.series`` says in JSON lines
which series begins where: ``[slot, metric, [label values]]``.
"""

from __future__ import annotations

import json
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SLOTS: Final = 32_768
BUCKETS: Final = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
"""Upper ends in seconds."""
_MICROS: Final = tuple(round(1e6 * end) for end in BUCKETS)


@dataclass(frozen=True, slots=True)
class Metric:
    kind: str
    """counter, gauge or histogram."""
    help: str
    labels: tuple[str, ...]


METRICS: Final[dict[str, Metric]] = {
    "modelwright_requests_total": Metric(
        "counter", "Requests answered, by HTTP status.", ("model", "version", "role", "status")
    ),
    "modelwright_rows_total": Metric("counter", "Rows predicted.", ("model", "version", "role")),
    "modelwright_request_seconds": Metric(
        "histogram", "Seconds from the arrival of a request to its answer.", ("model", "route")
    ),
    "modelwright_predictions_total": Metric(
        "counter",
        "Rows predicted, by predicted class ('value' for regression).",
        ("model", "version", "label"),
    ),
    "modelwright_input_warnings_total": Metric(
        "counter", "Values answered with a warning.", ("model", "kind", "column")
    ),
    "modelwright_abstained_total": Metric("counter", "Rows referred to a person.", ("model", "version")),
    "modelwright_feedback_total": Metric("counter", "True outcomes received.", ("model",)),
    "modelwright_failures_total": Metric(
        "counter", "Requests without an answer, by cause.", ("model", "code")
    ),
    "modelwright_in_flight": Metric("gauge", "Requests at work.", ("model",)),
}
Key = tuple[str, tuple[str, ...]]
"""Metric and label values."""


class Counters:
    """The counts of this worker, and the sums over all. ``folder`` None: this process alone, nothing kept."""

    def __init__(self, folder: Path | None = None, worker: str = "0") -> None:
        self.folder = folder
        self._worker = worker
        self._slots: dict[Key, int] = {}
        self._next = 0
        self._series = -1
        if folder is None:
            self._map = mmap.mmap(-1, 8 * SLOTS)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            values = os.open(folder / f"{worker}.values", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(values, 8 * SLOTS)
                self._map = mmap.mmap(values, 8 * SLOTS)
            finally:
                os.close(values)
            path = folder / f"{worker}.series"
            for slot, metric, labels, end in _read_series(path):
                if metric in METRICS:
                    self._slots[metric, labels] = slot
                self._next = max(self._next, end)
            self._series = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # A line that was cut short by a kill is not part of the file.
            os.ftruncate(self._series, _whole(path))
            os.lseek(self._series, 0, os.SEEK_END)
        self.values = memoryview(self._map).cast("q")
        """By slot; ``counters.values[slot] += 1`` is how to count."""
        self.lost = self.slot("modelwright_failures_total", "", "too-many-series")
        for (metric, _), slot in self._slots.items():
            if METRICS[metric].kind == "gauge":
                self.values[slot] = 0

    def slot(self, metric: str, *labels: str) -> int:
        """Where a series is counted; the same place each time. Label values in the order of ``METRICS``.

        Beyond ``SLOTS`` everything goes to one series of its own, so that a client cannot fill the memory.
        """
        key = (metric, labels)
        known = self._slots.get(key)
        if known is not None:
            return known
        about = METRICS[metric]
        if len(labels) != len(about.labels):
            raise ValueError(f"{metric} has the labels {about.labels}, not {len(labels)} of them")
        size = len(BUCKETS) + 2 if about.kind == "histogram" else 1
        if self._next + size > SLOTS - len(BUCKETS) - 2:
            # The room kept free at the end takes what has no place of its own.
            return self.lost if size == 1 else SLOTS - size
        slot, self._next = self._next, self._next + size
        self._slots[key] = slot
        if self._series >= 0:
            line = json.dumps([slot, metric, list(labels)], ensure_ascii=False) + "\n"
            os.write(self._series, line.encode("utf-8", "replace"))
        return slot

    def count(self, metric: str, *labels: str, by: int = 1) -> None:
        self.values[self.slot(metric, *labels)] += by

    def observe(self, slot: int, micros: int) -> None:
        """One duration, into the histogram that begins at ``slot``."""
        values = self.values
        values[slot + bisect_left(_MICROS, micros)] += 1
        values[slot + len(BUCKETS) + 1] += micros

    def totals(self) -> dict[Key, list[int]]:
        """The sums over all workers: one number a series, or a histogram's counts and its microseconds."""
        made: dict[Key, list[int]] = {}
        for key, slot, values in self._all():
            size = len(BUCKETS) + 2 if METRICS[key[0]].kind == "histogram" else 1
            some = list(values[slot : slot + size])
            known = made.get(key)
            made[key] = some if known is None else [a + b for a, b in zip(known, some, strict=True)]
        return made

    def _all(self) -> Iterator[tuple[Key, int, memoryview]]:
        for key, slot in list(self._slots.items()):
            yield key, slot, self.values
        if self.folder is None:
            return
        for path in sorted(self.folder.glob("*.series")):
            if path.stem == self._worker:
                continue
            series = list(_read_series(path))
            try:
                values = memoryview(path.with_suffix(".values").read_bytes()).cast("q")
            except OSError:  # removed since
                continue
            for slot, metric, labels, end in series:
                if metric in METRICS and end <= len(values):
                    yield (metric, labels), slot, values

    def close(self) -> None:
        """Give the files back; nothing can be counted afterwards."""
        self.values.release()
        self._map.close()
        if self._series >= 0:
            os.close(self._series)
            self._series = -1


def forget(folder: Path) -> None:
    """Remove the counts of an earlier server; for the supervisor, before its first worker starts."""
    for path in [*folder.glob("*.series"), *folder.glob("*.values")]:
        path.unlink(missing_ok=True)


def _read_series(path: Path) -> Iterator[tuple[int, str, tuple[str, ...], int]]:
    """Slot, metric, label values, and the first slot after it, of every whole line."""
    try:
        content = path.read_bytes()
    except OSError:
        return
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        slot, metric, labels = json.loads(line)
        histogram = metric in METRICS and METRICS[metric].kind == "histogram"
        yield slot, metric, tuple(labels), slot + (len(BUCKETS) + 2 if histogram else 1)


def _whole(path: Path) -> int:
    """Bytes up to the last end of a line."""
    return path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
