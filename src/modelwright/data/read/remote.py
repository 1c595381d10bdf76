"""Sources behind an address: fetched to a temporary folder by fsspec, and then read as any file.

Nothing is fetched that the goal or the command does not name. Credentials come from the environment alone,
as each library documents it (``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS``, ...); what an address
itself holds of a login never reaches a message, a record or a report.
"""

from __future__ import annotations

import glob
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from modelwright.core.errors import BadData, ModelwrightError
from modelwright.core.secrets import masked, public
from modelwright.data.read.reader import Read
from modelwright.data.read.source import MOST_BYTES

SCHEMES: Final = {"https": "https", "http": "http", "s3": "s3", "gs": "gs", "gcs": "gs"}
"""Schemes of addresses that are fetched, each with the name of its file system."""
EXTRAS: Final = {"https": "remote", "http": "remote", "s3": "s3", "gs": "gs"}
"""What to install for a kind of address."""
_PIECE: Final = 1024**2
_PARAMETERS: Final = re.compile(r"(?<=\S)\?[^\s'\"]+")
"""Of an address: those of a signed one are as good as a login."""
_SPARE: Final = 256 * 1024**2
"""Bytes that stay free on the disk."""
_WAIT: Final = 60.0
"""Seconds without a byte after which a server is given up."""
_MOST_FILES: Final = 100_000
_SIGNS_IN: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) in the environment",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS in the environment",
}


def is_remote(source: str) -> bool:
    """Whether a source has to be fetched first."""
    return source.partition("://")[0].lower() in SCHEMES if "://" in source else False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lies in the temporary folder: a path, or a pattern of paths; ``member`` of an archive included."""

    source: str
    modified: str
    """ISO 8601, UTC, as the server tells it; empty where it does not."""


@contextmanager
def fetched(source: str) -> Iterator[Fetched]:
    """The files behind an address, in a folder that is removed afterwards.

    ``source`` may be a pattern where the store can list (s3, gs), and name a member of an archive with ``#``.
    Raises :class:`~modelwright.core.errors.BadData` with what is wrong with the address, login or size.
    """
    address, mark, member = source.partition("#")
    kind = SCHEMES[address.partition("://")[0].lower()]
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        folder = Path(place)
        try:
            system, path = _system(kind, address)
            paths = _paths(system, kind, path, address)
            room, newest = _room(folder), ""
            for one in paths:
                local, when = _copy(system, one, kind, folder, room, several=len(paths) > 1)
                room -= local.stat().st_size
                newest = max(newest, when)
        except ModelwrightError:
            raise
        except Exception as error:  # each library raises exceptions of its own
            raise _refused(error, kind, address) from error
        found = str(folder / f"*{local.suffix}") if len(paths) > 1 else str(local)
        yield Fetched(found + mark + member, newest)


def named(made: Read, source: str, there: Fetched) -> Read:
    """What was read, with the address in place of the temporary file."""
    return replace(made, facts=replace(made.facts, name=public(source), modified=there.modified))


def _system(kind: str, address: str) -> tuple[Any, str]:
    try:
        import fsspec.core

        options: dict[str, Any] = {}
        if kind in ("http", "https"):
            import aiohttp

            wait = aiohttp.ClientTimeout(total=None, sock_connect=_WAIT, sock_read=_WAIT)
            options = {"client_kwargs": {"timeout": wait}}
        system, path = fsspec.core.url_to_fs(
            address, skip_instance_cache=True, use_listings_cache=False, **options
        )
        return system, str(path)
    except ImportError as error:
        raise BadData(
            f"{public(address)} cannot be fetched: a library for {kind}:// is not installed",
            code="data.remote-extra",
            hint=f"pip install 'modelwright[{EXTRAS[kind]}]'",
        ) from error


def _paths(system: Any, kind: str, path: str, address: str) -> list[str]:
    if kind in ("http", "https") or not glob.has_magic(path):
        return [path]
    found = sorted(system.glob(path))
    if not found:
        raise BadData(
            f"nothing matches the pattern {public(address)}",
            code="data.no-match",
            hint="check the pattern, and that this login may list the bucket",
        )
    if len(found) > _MOST_FILES:
        raise BadData(
            f"{public(address)} matches {len(found):,} files; at most {_MOST_FILES:,} are fetched",
            code="data.too-large",
            hint="write the rows into fewer, larger files, or name a smaller pattern",
        )
    return found


def _copy(system: Any, path: str, kind: str, folder: Path, room: int, *, several: bool) -> tuple[Path, str]:
    """One file, streamed to disk; a file that turns out larger than there is room for is given up."""
    web = kind in ("http", "https")
    name = PurePosixPath(unquote(urlsplit(path).path) if web else path).name or "rows"
    target = folder / name
    if several and target.exists():  # of the same name in two folders of the store
        target = folder / f"{len(list(folder.iterdir()))}-{name}"
    told = _told(system, path)
    size = told.get("size")
    if isinstance(size, int) and size > min(room, MOST_BYTES):
        raise _no_room(name, size, room)
    written = 0
    with system.open(path, "rb") as there, target.open("wb") as here:
        while piece := there.read(_PIECE):
            written += len(piece)
            if written > min(room, MOST_BYTES):
                raise _no_room(name, written, room)
            here.write(piece)
    when = told.get("LastModified") or told.get("updated") or told.get("mtime")
    return target, when.isoformat() if isinstance(when, datetime) else ""


def _told(system: Any, path: str) -> dict[str, Any]:
    """What the store says of a file before it is read; not every web server says anything."""
    try:
        found: dict[str, Any] = system.info(path)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception:
        return {}
    return found


def _room(folder: Path) -> int:
    return max(0, shutil.disk_usage(folder).free - _SPARE)


def _no_room(name: str, size: int, room: int) -> BadData:
    most = min(room, MOST_BYTES)
    return BadData(
        f"{name} is larger ({size // 10**6:,} MB) than what may be fetched ({most // 10**6:,} MB)",
        code="data.too-large",
        hint="make room in the temporary folder (TMPDIR), or fetch a part of the rows to a file",
    )


def _refused(error: Exception, kind: str, address: str) -> BadData:
    """What a library said, in words; nothing of a login is shown."""
    shown = public(address)
    said = _PARAMETERS.sub("", masked(str(error)).partition("\n")[0])[:200] or type(error).__name__
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 10:
        chain.append(cause)
    status = next((found for one in chain if (found := getattr(one, "status", None)) is not None), None)
    # fsspec says "not found" of a server that does not answer, too.
    missing = isinstance(error, FileNotFoundError) and all(
        isinstance(one, FileNotFoundError) or not isinstance(one, OSError) for one in chain
    )
    denied = isinstance(error, PermissionError) or "redential" in type(error).__name__
    if status in (404, 410) or (missing and status not in (401, 403)):
        return BadData(f"there is nothing at {shown}", code="data.missing-file", hint="check the address")
    login = _SIGNS_IN.get(kind, "a login is not taken from the address: fetch the rows to a file first")
    if denied or status in (401, 403):
        return BadData(f"{shown} may not be read: {said}", code="data.permission", hint=f"needed: {login}")
    return BadData(
        f"{shown} cannot be fetched: {said}",
        code="data.unreachable",
        hint="check the address and the network, and try again; nothing was changed",
    )
