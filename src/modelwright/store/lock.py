"""One process at a time on one run: an advisory lock that the system drops when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwright.core.errors import BadInput


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. Raises :class:`BadInput` at once when another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                f"another process is working on {folder.name}",
                code="run.locked",
                hint="wait for it to end, or start a run of its own with `modelwright run`",
            ) from None
        yield
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the folder's lock."""
    path = folder / ".lock"
    if not path.exists():
        return False
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
