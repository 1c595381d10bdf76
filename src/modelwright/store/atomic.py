"""Writing so that a reader sees the old file or the new one, never half of either.

Temporary name in the same folder, flush to disk, rename, flush the folder: after a kill or a power cut the
name points to complete bytes or is absent.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from modelwright.core.errors import Stopped

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_DURABLE: ContextVar[bool] = ContextVar("durable", default=True)


@contextmanager
def passing() -> Iterator[None]:
    """Within the block nothing is flushed to disk: for files that do not outlive the process anyway."""
    token = _DURABLE.set(False)
    try:
        yield
    finally:
        _DURABLE.reset(token)


@contextmanager
def writing(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A binary file that appears under ``path`` when the block ends well, and not at all otherwise.

    ``private``: for its owner's eyes alone, from the first byte. A full disk raises :class:`Stopped` (exit
    code 4, resumable).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with full_disk_told(path, "then `modelwright resume`"):
            with open(temporary, "wb", opener=_private if private else None) as out:
                yield out
                if _DURABLE.get():
                    out.flush()
                    os.fsync(out.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def private_folder(path: Path) -> None:
    """Make a folder, or take one that is there, for its owner's eyes alone."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)


@contextmanager
def full_disk_told(path: Path, then: str) -> Iterator[None]:
    """A full disk within the block raises :class:`Stopped`; ``then``: what to do once there is space."""
    try:
        yield
    except Exception as error:
        # Libraries in Rust raise errors of their own; the system's number stands in their text, or is lost.
        said = any(f"(os error {number})" in str(error) for number in FULL)
        if getattr(error, "errno", None) not in FULL and not said and not _no_space(path.parent):
            raise
        raise Stopped(
            f"the disk is full: {path.name} could not be written to {path.parent}",
            code="disk.full",
            hint=f"free space (`modelwright gc` removes what no run needs), {then}",
        ) from error


def _no_space(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 4096
    except OSError:
        return False


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable (where the platform can)."""
    if not _DURABLE.get():
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes, *, private: bool = False) -> None:
    with writing(path, private=private) as out:
        out.write(content)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    write_bytes(path, text.encode(), private=private)


def write_json(path: Path, data: Any, *, indent: int | None = 1, private: bool = False) -> None:
    """JSON with sorted keys and a final newline, so that equal data gives equal bytes."""
    text = json.dumps(data, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text, private=private)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file: with one write, or, where the disk does not take all of it, not at all. A line
    that something else has left without its end is ended first. For one writer at a time.

    A full disk raises :class:`Stopped`.
    """
    with full_disk_told(path, "then do it again"):
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            content = (b"\n" if torn else b"") + line.encode() + b"\n"
            try:
                if os.write(handle, content) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if _DURABLE.get():
                    os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
