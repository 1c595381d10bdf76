"""Whether a source stays what it is for as long as it is read."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwright.core.errors import BadData

_State = dict[str, tuple[int, int, int]]


@contextmanager
def steady(source: str) -> Iterator[None]:
    """Raises :class:`BadData` where a file of the source was written to, replaced or taken away meanwhile.

    What went wrong within is told as that, too: a file cut short while it is read can be anything. Databases
    look after that themselves, and addresses are fetched first.
    """
    before = _state(source)
    try:
        yield
    except Exception as error:
        if _state(source) != before:
            raise _changed(source, before) from error
        raise
    if _state(source) != before:
        raise _changed(source, before)


def _changed(source: str, before: _State) -> BadData:
    now = _state(source)
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    first = names[0] if names else source
    if first not in now:
        what = "was taken away"
    elif first not in before:
        what = "came"
    elif now[first][0] > before[first][0]:
        what = "grew"
    elif now[first][0] < before[first][0]:
        what = "was cut short"
    else:
        what = "was written to"
    more = f" (and {len(names) - 1} more files changed)" if len(names) > 1 else ""
    return BadData(
        f"{Path(first).name} {what} while it was read{more}",
        code="data.changed-while-read",
        hint="wait until it is written, or name a copy; nothing was taken of it",
    )


def _state(source: str) -> _State:
    """Size, time of writing (nanoseconds) and number of each file."""
    if "://" in source:
        return {}
    path = Path(source)
    if "#" in source and not os.path.lexists(source):
        path = Path(source.partition("#")[0])
    found: list[str] = []
    if path.is_dir():
        for folder, _, files in os.walk(path):
            found += [os.path.join(folder, name) for name in files]
    elif glob.has_magic(source) and not path.exists():
        found = glob.glob(source, recursive=True)
    else:
        found = [str(path)]
    made: _State = {}
    for name in found:
        if name.lower().endswith((".sqlite", ".sqlite3", ".db", ".db3")):
            continue
        try:
            stat = os.stat(name)
        except OSError:
            continue
        made[name] = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return made
