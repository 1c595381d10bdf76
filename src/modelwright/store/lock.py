"""Advisory locks that the system drops when their process dies: on a run, on a ledger, on the store."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwright.core.errors import BadInput

PATIENCE = 0.5
"""Seconds for which a busy lock is tried again: whoever only looks whether it is held lets go at once."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. Raises :class:`BadInput` when another process holds it."""
    with _handle(folder) as handle:
        if not _taken(handle, fcntl.LOCK_EX):
            raise BadInput(
                f"another process is working on {folder.name}",
                code="run.locked",
                hint="wait for it to end, or start a run of its own with `modelwright run`",
            )
        yield


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the folder's lock."""
    path = folder / ".lock"
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look do not take each other for a holder.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder for a moment's work, waiting for whoever holds it."""
    with _handle(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Say that the folder is in use, as any number of processes may; waits while one is :func:`clearing`."""
    with _handle(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextmanager
def clearing(folder: Path) -> Iterator[bool]:
    """Keep everybody out of the folder; False where somebody is using it."""
    with _handle(folder) as handle:
        yield _taken(handle, fcntl.LOCK_EX)


@contextmanager
def _handle(folder: Path) -> Iterator[int]:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def _taken(handle: int, how: int) -> bool:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True
