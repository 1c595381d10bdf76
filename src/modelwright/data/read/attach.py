"""Columns of file names: the contents of the files take their place, so that a table may hold media.

A name is a path relative to the folder of the table, or of a member of a zip archive beside it. A name that
leads out of that folder, by ``..``, as an absolute path or through a link, is never opened: a table must not
be able to read any file of the machine.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.firsts import first_distinct
from modelwright.data.read import archive as archives
from modelwright.data.read.documents import document
from modelwright.data.read.files import File, kind_of, listed
from modelwright.data.read.limits import LARGEST_FILE, check_media
from modelwright.data.read.reader import Said

SAMPLE = 500
"""Values of a column that are looked at to see whether they name files."""
NAMES = 0.9
"""Share of them that has to end as names of media do."""
THERE = 0.5
"""Share of them that has to be there, for the column to be one of files."""
FILE = ".file"
"""Behind the name of a column: the one that keeps the names of its files."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONGEST = 1_000


@dataclass(slots=True)
class Attached:
    """The frame with contents in place of names, and what is to be told."""

    frame: pl.DataFrame
    said: list[Said] = field(default_factory=list)
    beside: tuple[str, ...] = ()
    """Columns that hold the names now."""
    facts: tuple[SourceFacts, ...] = ()
    """Of the files of each column."""


def folder_of(source: str) -> Path | None:
    """The folder of a source's tables; None where it has none (a database, an address)."""
    if "://" in source:
        return None
    path = Path(source.partition("#")[0])
    if path.is_dir():
        return path
    fixed = list(path.parts[:-1])
    while fixed and any(mark in part for part in fixed for mark in "*?["):
        fixed.pop()
    return Path(*fixed) if fixed else Path()


def attach(
    frame: pl.DataFrame, root: Path | None, named: Mapping[str, str] | None = None, but: Collection[str] = ()
) -> Attached:
    """Replace columns of file names by the contents of the files: Binary, or String for documents.

    ``root``: the folder that the names are relative to, and must not leave. ``named``: the columns to take
    and the kind of each ("image", "audio", "text"), instead of finding them. ``but``: columns not to be
    taken. The names of a column ``photo`` stay in ``photo.file``.
    """
    made = Attached(frame)
    if root is None or not root.is_dir():
        return made
    with ExitStack() as stack:
        places = _Places(root, stack)
        names = frame.columns
        there = set(names)
        for name in names if named is None else named:
            series = made.frame[name] if name in there else None
            if series is None or series.dtype != pl.String or name in but:
                continue
            kind = _kind(series, places, made) if named is None else named[name]
            if kind is not None:
                _column(series, kind, places, made, told=named is None)
    return made


def contents(frame: pl.DataFrame, source: str, kinds: Mapping[str, str]) -> pl.DataFrame:
    """New rows with the contents of the files that they name. ``kinds``: of the columns that a model takes.

    A file that is not there leaves its name as the bytes of the cell, which no parser can read, so that it is
    counted. Columns of other texts than names (base64) stay as they are.
    """
    root = folder_of(source)
    named: dict[str, str] = {}
    for name, kind in kinds.items():
        texts = frame[name].drop_nulls() if name in frame.columns else None
        if kind in ("image", "audio") and texts is not None and texts.dtype == pl.String and len(texts):
            ends = sum(len(t) <= _LONGEST and kind_of(_key(t)) is not None for t in texts.head(SAMPLE))
            named |= {name: kind} if 2 * ends >= min(SAMPLE, len(texts)) else {}
    made = attach(frame, root, named).frame
    made = made.with_columns(
        pl.coalesce(pl.col(name), frame[name].cast(pl.Binary))
        for name in named
        if made[name].dtype == pl.Binary
    )
    texts_only = [name for name in made.columns if kinds.get(name) != "text"]
    return attach(made, root, but=texts_only).frame.select(frame.columns)


def absent(name: str, source: str) -> str:
    """Why there is no content for the name of a file in a table at ``source``."""
    root = folder_of(source)
    if root is None:
        return "a name of a file, and the source has no folder to look for it"
    where = root.resolve().name or "the folder"
    with ExitStack() as stack:
        found = _Places(root, stack).find(name)
    if found == "refused":
        return f"the name leads out of {where}/, and was not opened"
    return f"there is no such file in {where}/"


def names_again(made: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Answers as they are to be written: with names of files as they were given, and no column of bytes."""
    back = [
        series
        for series in given.get_columns()
        if series.name in made.columns and series.dtype == pl.String and made[series.name].dtype == pl.Binary
    ]
    made = made.with_columns(back)
    return made.select(name for name, dtype in made.schema.items() if dtype != pl.Binary)


def _kind(series: pl.Series, places: _Places, made: Attached) -> str | None:
    """The kind of media that a column names files of; None where it names none, or none are there."""
    sample = [t for t in first_distinct(series, SAMPLE)["value"].to_list() if t.strip()]
    if not sample:
        return None
    kinds: Counter[str] = Counter()
    others = 0
    for t in sample:
        one = kind_of(_key(t)) if len(t) <= _LONGEST and "\n" not in t else None
        if one is not None:
            kinds[one] += 1
            continue
        others += 1
        if len(sample) - others < NAMES * len(sample):
            return None  # as nearly every column of a table, and soon
    kind, count = kinds.most_common(1)[0]
    if count < NAMES * len(sample):
        return None
    if sum(_ADDRESS.match(t.strip()) is not None for t in sample) > 0.5 * len(sample):
        made.said.append(
            Said(
                "collect.media-address",
                "warning",
                f"{series.name!r} holds addresses of files, such as {sample[0][:80]}; nothing was fetched",
                "Fetch the files, put them below the folder of the table, and name them relative to it.",
            )
        )
        return None
    places.settle(sample)
    found = sum(isinstance(places.find(t), File) for t in sample)
    refused = sum(places.leads_out(t) for t in sample)
    if found >= THERE * len(sample) or (refused and found + refused >= THERE * len(sample)):
        return kind
    if kind != "text":
        made.said.append(_missing(series.name, sample, len(series), places.root))
    return None


class _Places:
    """Where files are: below the folder, found by their path or their bare name, or in a zip beside it."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self._real = root.resolve()
        self._stack = stack
        self._bare: dict[str, Path] | None = None
        self._packed: dict[str, bytes] = {}
        self._settled = False

    def settle(self, sample: list[str]) -> None:
        """Look for the bare names and into archives, where the paths alone find little."""
        if self._settled or sum(isinstance(self.find(t), File) for t in sample) >= THERE * len(sample):
            return
        self._settled = True
        seen: dict[str, Path | None] = {}
        for file in listed(self.root):
            if kind_of(file.name) is not None and isinstance(file.at, Path):
                base = PurePosixPath(file.name).name
                seen[base] = None if base in seen else file.at
        self._bare = {name: path for name, path in seen.items() if path is not None}
        if sum(isinstance(self.find(t), File) for t in sample) >= THERE * len(sample):
            return
        keys = {_key(t) for t in sample}
        for path in sorted(self.root.glob("*.zip")):
            try:
                with archives.files(path, "", lambda names: [n for n in names if n in keys]) as found:
                    if len(found) < THERE * len(keys):
                        continue
                media = archives.files(path, "", lambda names: [n for n in names if kind_of(n) is not None])
                held = self._stack.enter_context(media)
                self._packed |= {name: data for name, data in held.items() if isinstance(data, bytes)}
            except BadData:
                continue  # damaged, or not to be trusted: then its files are simply not there

    def leads_out(self, text: str) -> bool:
        key = _key(text)
        return not self._inside(Path(os.path.normpath(self.root.absolute() / key)))

    def find(self, text: str) -> File | str:
        """The file that a cell names, or why there is none."""
        key = _key(text)
        if key in self._packed:
            return File(key, self._packed[key])
        try:
            path = Path(os.path.normpath(self.root.absolute() / key))
            if not self._inside(path):
                return "refused"
            if not path.is_file():
                bare = (self._bare or {}).get(key)
                if bare is None:
                    return "missing"
                path = bare
            if not path.resolve().is_relative_to(self._real):
                return "refused"
        except (OSError, ValueError):  # a name that no file can have
            return "missing"
        return File(key, path)

    def _inside(self, path: Path) -> bool:
        return path.is_relative_to(self.root.absolute()) or path.is_relative_to(self._real)


def _column(series: pl.Series, kind: str, places: _Places, made: Attached, *, told: bool) -> None:
    cells: list[Any] = []
    lost: dict[str, list[str]] = {"missing": [], "refused": [], "large": [], "text": []}
    held: dict[str, bytes | str | None] = {}
    total = 0
    digest = hashlib.sha256()
    for text in series.to_list():
        if text is None or not text.strip():
            cells.append(None)
            continue
        if text not in held:
            content = _content(text, kind, places)
            if isinstance(content, _Lost):
                lost[content.why].append(text)
                held[text] = None
            else:
                check_media(total := total + len(content), series.name)
                digest.update(content if isinstance(content, bytes) else content.encode())
                held[text] = content
        cells.append(held[text])
    name = _free(f"{series.name}{FILE}", made.frame.columns)
    values = pl.Series(series.name, cells, dtype=pl.String if kind == "text" else pl.Binary)
    at = made.frame.columns.index(series.name)
    made.frame = made.frame.with_columns(values).insert_column(at + 1, series.alias(name))
    made.beside += (name,)
    if not told:
        return
    files = sum(content is not None for content in held.values())
    made.facts += (
        SourceFacts(
            f"files of {series.name}", "files", files, 1, total, digest.hexdigest(), details={"media": kind}
        ),
    )
    made.said.append(
        Said(
            "collect.media-attached",
            "note",
            f"{series.name!r} names files; the contents of {files:,} of them were read, and the names stay "
            f"in {name!r}",
            "Name the column under `data.keys` if the names are what counts, and not what the files hold.",
        )
    )
    if lost["missing"]:
        made.said.append(_missing(series.name, lost["missing"], len(held), places.root))
    if lost["refused"]:
        made.said.append(
            Said(
                "collect.media-refused",
                "warning",
                f"{len(lost['refused']):,} names in {series.name!r} lead out of "
                f"{places.root.resolve().name or 'the folder'}/ and were not opened: {_few(lost['refused'])}",
                "Copy the files below the folder of the table, and name them relative to it.",
            )
        )
    for key, what in (("large", f"are larger than {LARGEST_FILE // 1024**2} MB"), ("text", "are no text")):
        if lost[key]:
            made.said.append(
                Said(
                    "collect.broken-rows",
                    "warning",
                    f"{len(lost[key]):,} files that {series.name!r} names {what} and were not read: "
                    f"{_few(lost[key])}",
                    "Make them smaller, or mend them.",
                )
            )


@dataclass(frozen=True, slots=True)
class _Lost:
    why: str


def _content(text: str, kind: str, places: _Places) -> bytes | str | _Lost:
    found = places.find(text)
    if isinstance(found, str):
        return _Lost(found)
    try:
        if found.size() > LARGEST_FILE:
            return _Lost("large")
        content = found.content()
    except OSError:
        return _Lost("missing")
    if kind != "text":
        return content
    try:
        return document(content, found.name)[0]
    except BadData:
        return _Lost("text")


def _missing(column: str, names: list[str], of: int, root: Path) -> Said:
    return Said(
        "collect.media-missing",
        "warning",
        f"{len(names):,} of {of:,} names in {column!r} are of no file in "
        f"{root.resolve().name or 'the folder'}/: {_few(names)}",
        "Put the files where the table says, relative to its own folder.",
    )


def _few(names: list[str]) -> str:
    shown = [name if len(name) <= 80 else f"...{name[-77:]}" for name in names[:3]]
    return ", ".join(shown) + (", ..." if len(names) > 3 else "")


def _key(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("./")


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name
