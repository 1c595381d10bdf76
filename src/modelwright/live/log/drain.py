"""From the journals of a model to its database, exactly once.

What is complete is moved in order, batch by batch; a segment that nobody writes any more is removed when all
of it has arrived and is on the disk. It may be killed at any point: the offset travels with the entries (see
``database.py``), and a segment is removed after its offset says that it is done.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from modelwright.live.log.database import LogDatabase
from modelwright.live.log.journal import segments
from modelwright.live.place import Place
from modelwright.store.lock import in_turn

_CHUNK: Final = 4_000_000


def drain(place: Place, database: LogDatabase, *, most: int = 5000, seconds: float = 5.0) -> int:
    """Move what is complete; how many entries were moved. Safe while workers append and while others drain.

    ``most``: entries a transaction. ``seconds``: go on at the next call after so long. Raises
    :class:`LogDown`; everything then waits in the journal.
    """
    until = time.monotonic() + seconds
    moved = 0
    if not segments(place.journal):
        return 0
    with in_turn(place.journal):
        for path in segments(place.journal):
            moved += _segment(path, database, most, until)
            if time.monotonic() > until:
                break
    return moved


def _segment(path: Path, database: LogDatabase, most: int, until: float) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        ended = _ended(fd)
        size = os.fstat(fd).st_size
        at = database.offset(path.name) if size else 0
        moved = 0
        while at < size:
            lines, upto = _lines(fd, at, size, most)
            if upto == at:
                break  # no line's end: it is being written, or was torn
            done, count = database.add_lines(lines, path.name, upto, start=at)
            at = upto if done else database.offset(path.name)
            moved += count
            if time.monotonic() > until and at < size:
                return moved
        if ended:
            if at < size:
                database.add_lines([], path.name, size, start=at, torn=1)
            if size:
                database.settle()
            path.unlink(missing_ok=True)
            if size:
                database.end_segment(path.name)
        return moved
    finally:
        os.close(fd)


def _ended(fd: int) -> bool:
    """Whether no worker writes it. If so it is ours until the file is closed, and no worker can take it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lines(fd: int, at: int, size: int, most: int) -> tuple[list[bytes], int]:
    """Whole lines from ``at`` on, ``most`` at most, and where they end."""
    length = _CHUNK
    while True:
        data = os.pread(fd, min(length, size - at), at)
        end = data.rfind(b"\n") + 1
        if end or at + len(data) >= size or len(data) < length:
            break
        length *= 4  # a line longer than the chunk
    lines = data[:end].split(b"\n")[:-1]
    if len(lines) > most:
        lines = lines[:most]
        end = sum(map(len, lines)) + len(lines)
    return lines, at + end
