"""The journal: a worker appends what it answers to a file before the answer leaves.

One write of the system an append, to a file opened for appending: what the write has taken is in the
system's memory and survives the death of the process. A power cut is outside that promise; ``sync="always"``
waits for the disk as well.

A worker holds the lock of the segment that it writes, and the system drops the lock when the worker dies:
that is how ``drain`` knows a segment that no one will add to. A line without an end, or one that does not
read, is a write that was cut short (a kill, a full disk); no answer was given for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from modelwright.core.errors import ModelwrightError
from modelwright.live.entries import Entry
from modelwright.live.log.lines import decode_line, encode_line

__all__ = [
    "SEGMENT",
    "Journal",
    "JournalFull",
    "decode_line",
    "encode_line",
    "refusal",
    "segments",
    "waiting",
]

SEGMENT: Final = 16_000_000
"""Bytes after which a new segment begins."""
AGE: Final = 60.0
"""Seconds after which a segment is closed, however small: what has been drained does not lie about."""
LOOK: Final = 0.25
"""Seconds between two looks at how much waits."""
AGAIN: Final = 0.05
"""Seconds between two looks while appends are refused."""
ROOM: Final = 65_536
"""Bytes that must be free on the disk."""
_NAME = re.compile(r"(?P<worker>[A-Za-z0-9_.][A-Za-z0-9_.\-]*)-(?P<start>\d+)-(?P<n>\d+)\.jsonl", re.ASCII)


class JournalFull(ModelwrightError):
    """Nothing can be promised now: too much waits for the database, or the disk takes no more. The request is
    answered 503; later ones are taken again once there is room."""


class Journal:
    """One a worker and model; may be used from several threads, not from several processes.

    ``most``: bytes that may wait in the folder, all workers together. Each worker looks four times a second,
    so that they may go beyond by what they write in between.
    """

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        sync: Literal["process", "always"] = "process",
        most: int = 10**9,
        segment: int = SEGMENT,
    ) -> None:
        self._start = time.time_ns()
        if not _NAME.fullmatch(f"{worker}-{self._start}-1.jsonl"):
            raise ValueError(f"{worker!r} cannot name a worker's journal")
        self._folder = folder
        self._worker = worker
        self._always = sync == "always"
        self._most = most
        # Segments that are drained but still written count as waiting: keep them small beside `most`.
        self._segment = max(4096, min(segment, most // 16))
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._fd = -1
        self._n = 0
        self._size = 0
        self._born = 0.0
        self._torn = False
        self._written = 0
        self._synced = 0
        self._closed = False
        self._look_at = 0.0
        self._refused = ""
        self._last_refusal: tuple[float, str] | None = None
        self._waiting = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def append(self, entries: Sequence[Entry]) -> None:
        """All of them, in one write; returns when the promise holds, raises :class:`JournalFull` when it
        cannot."""
        if len(entries) == 1:
            self.append_lines(encode_line(entries[0]))
        elif entries:
            self.append_lines(b"".join(map(encode_line, entries)))

    def append_lines(self, lines: bytes) -> None:
        """As :meth:`append`, for lines that are encoded already."""
        with self._lock:
            now = time.monotonic()
            if now >= self._look_at:
                self._look(now)
            if self._refused:
                raise self._full()
            try:
                self._write(lines)
            except OSError as error:
                self._refused = f"the disk refuses to write ({os.strerror(error.errno or 0)})"
                self._look_at = now + AGAIN
                raise self._full() from error
            mark = self._written
        if self._always:
            self._settle(mark)

    @property
    def full(self) -> bool:
        """Whether an append would be refused."""
        with self._lock:
            now = time.monotonic()
            if now >= self._look_at:
                self._look(now)
            return bool(self._refused)

    @property
    def refused(self) -> tuple[float, str] | None:
        """When (seconds since 1970) an append was last refused, and why; None where none ever was."""
        return self._last_refusal

    @property
    def waiting(self) -> int:
        """Bytes in the folder at the last look, those written since added."""
        return self._waiting

    def rest(self) -> None:
        """Close a segment that has become old, so that it can be drained and removed: for workers that no
        request reaches. Cheap; call it every second or so."""
        with self._lock:
            if self._fd >= 0 and time.monotonic() - self._born > AGE:
                self._end()

    def close(self) -> None:
        """No more is appended; may be called again."""
        with self._lock:
            self._closed = True
            self._refused = "it is closed"
            self._look_at = float("inf")
            self._end()

    def _write(self, lines: bytes) -> None:
        while True:
            fd = self._fd if self._fd >= 0 else self._begin()
            # After a write that was cut short: the torn line ends here, and is skipped when read.
            data = b"\n" + lines if self._torn else lines
            done = os.write(fd, data)
            if done != len(data):
                self._torn = True
                while done < len(data):  # either the rest is taken, or the system says what is wrong
                    done += os.write(fd, data[done:])
            self._torn = False
            if os.fstat(fd).st_nlink:
                break
            self._end()  # the folder was removed under us: the bytes went nowhere
        self._size += done
        self._written += done
        self._waiting += done
        if self._size >= self._segment:
            self._end()

    def _begin(self) -> int:
        """The next segment, with its lock."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        while True:
            self._n += 1
            path = self._folder / f"{self._worker}-{self._start}-{self._n:06d}.jsonl"
            try:
                fd = os.open(path, flags, 0o600)
            except FileNotFoundError:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                continue
            except FileExistsError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free = os.fstat(fd).st_nlink > 0
            except BlockingIOError:
                free = False
            if not free:  # `drain` came between, took it for an abandoned one, and removes it
                os.close(fd)
                continue
            if self._always:
                _sync_folder(self._folder)
            self._fd, self._size, self._torn, self._born = fd, 0, False, time.monotonic()
            return fd

    def _end(self) -> None:
        """Close the segment."""
        if self._fd < 0:
            return
        if self._always:
            # Where the disk refuses, appends that still wait for it find the segment closed, and fail.
            with contextlib.suppress(OSError):
                _to_disk(self._fd)
                self._synced = self._written
        os.close(self._fd)
        self._fd, self._size, self._torn = -1, 0, False

    def _settle(self, mark: int) -> None:
        """Wait until the disk has what was written up to ``mark``; several threads share one wait."""
        with self._syncing:
            with self._lock:
                fd, written = self._fd, self._written
            if self._synced >= mark:
                return
            try:
                _to_disk(fd)
            except OSError as error:
                # A segment that was closed meanwhile was synced before.
                if self._synced >= mark:
                    return
                why = os.strerror(error.errno or 0)
                self._last_refusal = time.time(), f"the disk does not take it ({why})"
                raise JournalFull(
                    f"the journal cannot be brought to the disk: {why}",
                    code="live.journal-full",
                    hint="look at the disk that holds the live folder",
                ) from error
            self._synced = max(self._synced, written)

    def _look(self, now: float) -> None:
        """How much waits, and whether there is room."""
        if self._closed:
            return
        if self._fd >= 0 and now - self._born > AGE:
            self._end()
        self._waiting, self._refused = refusal(self._folder, self._most)
        if self._waiting >= self._most and self._size:
            self._end()  # ours, too, can be drained and removed then
        self._look_at = now + (AGAIN if self._refused else LOOK)

    def _full(self) -> JournalFull:
        if not self._closed:
            self._last_refusal = time.time(), self._refused
        return JournalFull(
            f"the journal takes no more: {self._refused}",
            code="live.journal-full",
            hint="nothing is lost; answers go on once the database is reached again or the disk has room",
        )


def segments(folder: Path) -> list[Path]:
    """The segments of a journal's folder, oldest first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = _NAME.fullmatch(entry.name)
                if name is not None:
                    found.append((int(name["start"]), int(name["n"]), entry.name))
    except FileNotFoundError:
        return []
    return [folder / name for _, _, name in sorted(found)]


def refusal(folder: Path, most: int) -> tuple[int, str]:
    """Bytes that wait in a journal's folder, and why it takes no more; "" where it does. ``most``: bytes that
    may wait."""
    size = waiting(folder)
    if size >= most:
        return size, f"{size:,} bytes wait for the database (allowed: {most:,})"
    try:
        disk = os.statvfs(folder)
    except FileNotFoundError:
        return size, ""  # made again by the next write
    return size, "the disk is full" if disk.f_blocks and disk.f_bavail * disk.f_frsize < ROOM else ""


def waiting(folder: Path) -> int:
    """Bytes of all segments."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".jsonl"):
                    try:
                        total += entry.stat().st_size
                    except FileNotFoundError:
                        continue
    except FileNotFoundError:
        return 0
    return total


def _to_disk(fd: int) -> None:
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync there leaves the bytes in the drive's own memory
    else:
        os.fdatasync(fd)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
