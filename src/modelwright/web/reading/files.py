"""Files as they stand: read again only when they have changed, and never the reason that a page fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 5_000
"""Files whose content is remembered; the one read longest ago goes first."""

_Stamp = tuple[int, int, int]
_KNOWN: dict[Hashable, tuple[tuple[_Stamp | None, ...], Any]] = {}
_TURN = threading.Lock()


def stamp(path: Path) -> _Stamp | None:
    """What changes when a file does (atomic writing makes a new inode each time); None where it is absent."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def fresh(key: Hashable, paths: tuple[Path, ...], make: Callable[[], T]) -> T:
    """What ``make`` made when the files were last as they are now."""
    now = tuple(stamp(path) for path in paths)
    with _TURN:
        known = _KNOWN.get(key)
    if known is not None and known[0] == now:
        made: T = known[1]
        return made
    made = make()
    with _TURN:
        _KNOWN.pop(key, None)
        _KNOWN[key] = (now, made)
        while len(_KNOWN) > MOST:
            _KNOWN.pop(next(iter(_KNOWN)))
    return made


def json_of(path: Path) -> Any:
    """The JSON data of a file; None where it is absent or not whole. Shared: not to be changed."""

    def make() -> Any:
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    return fresh(("json", path), (path,), make)


def object_of(path: Path) -> dict[str, Any]:
    """As :func:`json_of` where an object is expected; empty where there is none."""
    data = json_of(path)
    return data if isinstance(data, dict) else {}


def lines_of(path: Path, most: int = 1_000, tail: int = 2_000_000) -> list[dict[str, Any]]:
    """The last objects of a file of JSON lines, oldest first; broken lines are left out.

    Only the last ``tail`` bytes are read, so a long history costs no more than a short one.
    """

    def make() -> list[dict[str, Any]]:
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - tail))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        lines = text.split("\n")
        if size > tail:
            lines = lines[1:]
        found = []
        for line in lines[-most - 1 :]:
            try:
                data = json.loads(line) if line.strip() else None
            except ValueError:
                continue
            if isinstance(data, dict):
                found.append(data)
        return found[-most:]

    return fresh(("lines", path, most), (path,), make)


def text_of(path: Path, tail: int) -> tuple[str, bool]:
    """The last ``tail`` bytes of a text, and whether it begins before them."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - tail))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "", False
    return (text.partition("\n")[2], True) if size > tail else (text, False)


def number(value: Any) -> float | None:
    """A finite float, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value - value == 0 else None
