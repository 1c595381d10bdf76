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
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under ``path`` when the block ends well, and not at all otherwise.

    A full disk raises :class:`Stopped` (exit code 4, resumable).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with full_disk_told(path, "then `modelwright resume`"):
            with temporary.open("wb") as out:
                yield out
                if _DURABLE.get():
                    out.flush()
                    os.fsync(out.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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


def write_bytes(path: Path, content: bytes) -> None:
    with writing(path) as out:
        out.write(content)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, data: Any, *, indent: int | None = 1) -> None:
    """JSON with sorted keys and a final newline, so that equal data gives equal bytes."""
    write_text(
        path, json.dumps(data, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
