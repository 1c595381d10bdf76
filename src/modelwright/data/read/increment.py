"""Increments: what was read of a source before is kept, and only what is new is read and added.

Files are known again by the sha256 of what was read of them: one that only grew is read from where it ended,
one that is new as a whole. Of a database the rows are read whose value of a named column is greater than all
that were read. Wherever what was read before may have changed, all of it is read again, and the reason is
said: the rows are those that a whole read gives now, in the order in which they came. New lines of a log are
matched with the templates that are known.
"""

from __future__ import annotations

import glob
import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import Collected, Increment, ReadPart
from modelwright.data.read import archive, remote
from modelwright.data.read import encoding as encodings
from modelwright.data.read.csv import CsvReader
from modelwright.data.read.database import DatabaseReader
from modelwright.data.read.door import find_reader, read
from modelwright.data.read.frame import content_digest
from modelwright.data.read.reader import BrokenRow, Read, Said
from modelwright.data.read.source import COMPRESSED, modified
from modelwright.data.read.stacked import stack
from modelwright.goal.sections import SourceSection

_PIECE = 1 << 20
_GROWING = frozenset({"csv", "jsonl", "log"})
"""Formats of which a file that grew is read from where it ended."""


class Again(Exception):
    """Why all has to be read again, in words."""


@dataclass(frozen=True, slots=True)
class Grown:
    """The rows of a source, and how to know them again."""

    read: Read
    state: Increment


def read_grown(section: SourceSection, earlier: Collected | None) -> Grown:
    """All rows of the source; of what ``earlier`` holds nothing is parsed again. Raises :class:`BadData`."""
    _check(section)
    state = earlier.increment if earlier is not None else None
    if earlier is None or state is None:
        return _whole(section, "nothing of it was read before")
    try:
        if len(earlier.sources) != 1 + (earlier.test_rows > 0):
            raise Again("its columns name files beside it")
        old = earlier.table.get().head(earlier.rows - earlier.test_rows).select(state.columns)
        if DatabaseReader().suits(section.source):
            return _from_database(section, old, state)
        return _from_files(section, old, earlier, state)
    except Again as why:
        return _whole(section, f"all of it was read again, since {why}")


def _check(section: SourceSection) -> None:
    source = section.source
    if DatabaseReader().suits(source):
        if section.increment is True:
            raise BadData(
                "data.increment names no column, and the source is a database",
                code="data.increment",
                hint="name a column that only grows, such as `increment: updated_at`",
            )
        return
    if section.increment is not True:
        raise BadData(
            f"data.increment names the column {section.increment!r}, and the source is no database",
            code="data.increment",
            hint="write `increment: true` for files: they are known again by their content",
        )
    if (
        remote.is_remote(source)
        or archive.parted(source) is not None
        or Path(source).is_dir()
        or ("#" in source and not Path(source).exists())
    ):
        raise BadData(
            "data.increment says nothing for archives, folders of media, addresses, or parts of a file",
            code="data.increment",
            hint="name a file, a pattern of files or a database; or leave it out",
        )


def _paths(source: str) -> list[Path]:
    if glob.has_magic(source) and not Path(source).exists():
        return [Path(p) for p in sorted(glob.glob(source, recursive=True)) if Path(p).is_file()]
    return [Path(source)]


def _whole(section: SourceSection, why: str) -> Grown:
    made = read(section.source, section.query, section.reading, section.target)
    said = Said(
        "collect.increment",
        "note",
        f"{why}: {made.frame.height:,} rows were read.",
        "Nothing has to be done: what comes to the source is added by the next run.",
    )
    upto = None
    parts: tuple[ReadPart, ...] = ()
    if isinstance(section.increment, str):
        upto = _upto(made.frame, section.increment)
    else:
        parts = tuple(_compared(path, None)[0] for path in _paths(section.source))
    state = Increment(tuple(made.frame.columns), made.facts, parts, upto)
    return Grown(replace(made, said=(*made.said, said)), state)


def _from_files(section: SourceSection, old: pl.DataFrame, earlier: Collected, state: Increment) -> Grown:
    paths = _paths(section.source)
    known = {part.name: part for part in state.parts}
    gone = sorted(set(known) - {str(path) for path in paths})
    if gone:
        raise Again(f"{Path(gone[0]).name} is not there any more")
    plan = earlier.reading.get() if earlier.reading is not None else None
    parts: list[ReadPart] = []
    frames = [old]
    broken = _quarantined(earlier, {Path(name).name for name in known})
    words: list[str] = []
    latest = state.facts.modified
    for path in paths:
        before = known.get(str(path))
        now, prefix = _compared(path, before)
        parts.append(now)
        if before is not None and prefix != before.digest:
            raise Again(f"{path.name} is not what it was in its first {before.bytes:,} bytes")
        if before is not None and now.bytes == before.bytes:
            continue
        made = _new(section, path, before, state, plan)
        if set(made.frame.columns) != set(old.columns):
            raise Again(f"what was added to {path.name} has other columns")
        frames.append(made.frame.select(old.columns))
        broken += [
            replace(row, line=row.line + (before.lines if before is not None else 0))
            for row in made.quarantine
        ]
        latest = max(latest, modified(path))
        words.append(
            f"{path.name} is new ({made.frame.height:,} rows)"
            if before is None
            else f"{path.name} grew by {made.frame.height:,} rows behind its first {before.bytes:,} bytes"
        )
    frame = stack(frames)
    digests = [part.digest for part in parts]
    several = glob.has_magic(section.source) and not Path(section.source).exists()
    facts = replace(
        state.facts,
        rows=frame.height,
        bytes=sum(part.bytes for part in parts),
        digest=hashlib.sha256("".join(digests).encode()).hexdigest() if several else digests[0],
        modified=latest,
        details={**state.facts.details, **({"files": str(len(paths))} if several else {})},
    )
    made = Read(frame, facts, tuple(broken), (), (_kept(old, frame, words),), plan)
    return Grown(made, Increment(tuple(old.columns), facts, tuple(parts)))


def _kept(old: pl.DataFrame, frame: pl.DataFrame, words: list[str]) -> Said:
    more = f"; and {len(words) - 5} more" if len(words) > 5 else ""
    what = f": {'; '.join(words[:5])}{more}" if words else ""
    return Said(
        "collect.increment",
        "note",
        f"{old.height:,} rows were kept as they were read before, and {frame.height - old.height:,} were "
        f"added{what}.",
        "Leave `increment` out of data to read all of it in every run.",
    )


def _compared(path: Path, before: ReadPart | None) -> tuple[ReadPart, str]:
    """What the file is now, and the digest of as much of it as was read before."""
    whole = hashlib.sha256()
    prefix = ""
    left = before.bytes if before is not None else -1
    size = lines = 0
    last = b"\n"
    with path.open("rb") as file:
        while piece := file.read(min(_PIECE, left) if left > 0 else _PIECE):
            whole.update(piece)
            size += len(piece)
            lines += piece.count(b"\n")
            last = piece[-1:]
            if left > 0:
                left -= len(piece)
                prefix = whole.hexdigest() if left == 0 else ""
    return ReadPart(str(path), size, whole.hexdigest(), lines, last == b"\n"), prefix


def _new(
    section: SourceSection,
    path: Path,
    before: ReadPart | None,
    state: Increment,
    plan: dict[str, Any] | None,
) -> Read:
    """The rows of a new file, or those behind what was read of one."""
    reader = find_reader(str(path)).name
    if reader != state.facts.format:
        raise Again(f"{path.name} is of another format")
    if plan is not None and reader == "csv":
        raise Again("the export of a survey has to be seen whole")
    if plan is not None and reader == "log" and section.reading.window is not None:
        raise Again("windows of time may go on in what was added")
    if reader == "log" and "RFC 3164" in state.facts.details.get("log format", ""):
        raise Again("the years of its lines are not written, and follow from all of them")
    try:
        if before is None:
            return _planned(section, path, plan, state)
        if reader not in _GROWING or path.suffix.lower() in COMPRESSED:
            raise Again(f"{path.name} was written anew")
        if not before.ended:
            raise Again(f"the last line of {path.name} was not ended")
        encoding = encodings.find(path)
        if encoding.name != state.facts.details.get("encoding", "utf-8") or encoding.name.startswith(
            "utf-16"
        ):
            raise Again(f"{path.name} is in another encoding now")
        if reader == "csv":
            return CsvReader().behind(path, before.bytes, state.facts.details)
        with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
            tail = Path(folder) / path.name
            with path.open("rb") as file, tail.open("wb") as out:
                file.seek(before.bytes)
                while piece := file.read(_PIECE):
                    out.write(piece)
            made = _planned(section, tail, plan, state)
    except BadData as error:
        raise Again(f"what was added to {path.name} cannot be read by itself ({error.code})") from error
    if reader == "log" and any(row.line == 1 for row in made.quarantine):
        raise Again(f"what was added to {path.name} goes on with a message")
    return made


def _planned(section: SourceSection, path: Path, plan: dict[str, Any] | None, state: Increment) -> Read:
    """Rows of a file by the plan of what stands before, which has to hold all that there is."""
    if plan is not None and plan.get("reader") != "log":
        fresh = read(str(path), section.query, section.reading, section.target)
        if set(fresh.frame.columns) - set(state.columns):
            raise Again(f"what was added to {path.name} has other columns")
    return read(str(path), section.query, section.reading, section.target, plan)


def _quarantined(earlier: Collected, names: set[str]) -> list[BrokenRow]:
    if earlier.quarantine is None:
        return []
    rows = [json.loads(line) for line in earlier.quarantine.get().splitlines()]
    return [BrokenRow(**row) for row in rows if row["source"] in names]


def _upto(frame: pl.DataFrame, column: str) -> str | int | float | None:
    """The greatest value of the column, as it is put into a query. Raises :class:`BadData`."""
    if column not in frame.columns:
        raise BadData(
            f"data.increment names the column {column!r}, which the query does not give",
            code="data.increment",
            hint=f"it gives {', '.join(frame.columns[:10])}",
        )
    if frame[column].null_count():
        return None
    found = frame[column].max()
    return found if isinstance(found, (int, float, str)) else str(found)


def _from_database(section: SourceSection, old: pl.DataFrame, state: Increment) -> Grown:
    column = str(section.increment)
    if state.upto is None:
        raise Again(f"some rows have no {column}")
    reader = DatabaseReader()
    query = state.facts.details["query"]
    counted, made = reader.behind(section.source, query, column, state.upto)
    if counted != old.height:
        raise Again(
            f"{counted:,} rows have a {column} up to {state.upto} where {old.height:,} were read before"
        )
    frame = old
    if made is not None:
        if made.frame.columns != old.columns:
            raise Again("its columns are other ones now")
        frame = stack([old, made.frame])
    words = [f"those whose {column} is above {state.upto}"]
    facts = replace(
        state.facts,
        rows=frame.height,
        bytes=int(frame.estimated_size()) if made is None else made.facts.bytes,
        digest=content_digest(frame),
        modified=state.facts.modified if made is None else made.facts.modified,
    )
    done = Read(frame, facts, (), (), (_kept(old, frame, words),))
    return Grown(done, Increment(tuple(old.columns), facts, (), _upto(frame, column)))
