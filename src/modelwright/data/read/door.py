"""The one door of reading: which reader suits a source, patterns of several files, and streaming."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData, Unsupported
from modelwright.core.records.data import SourceFacts
from modelwright.core.registry import Registry
from modelwright.core.secrets import public
from modelwright.data.read import archive as archives
from modelwright.data.read import files, folder, remote
from modelwright.data.read.reader import Batch, Planning, Read, Reader, Streaming
from modelwright.data.read.source import digest, existing, modified
from modelwright.data.read.stacked import stack
from modelwright.goal.sections import ReadingSection

READERS: Registry[type[Reader]] = Registry(
    "reader",
    "modelwright.readers",
    {
        "csv": "modelwright.data.read.csv:CsvReader",
        "parquet": "modelwright.data.read.parquet:ParquetReader",
        "jsonl": "modelwright.data.read.jsonl:JsonLinesReader",
        "json": "modelwright.data.read.json:JsonReader",
        "xml": "modelwright.data.read.xml:XmlReader",
        "log": "modelwright.data.read.log:LogReader",
        "excel": "modelwright.data.read.excel:ExcelReader",
        "database": "modelwright.data.read.database:DatabaseReader",
        "sql": "modelwright.data.read.sql:SqlReader",
        "npz": "modelwright.data.read.npz:NpzReader",
        "idx": "modelwright.data.read.idx:IdxReader",
        "folder": "modelwright.data.read.folder:FolderReader",
        "labels": "modelwright.labels.reader:LabelsReader",
    },
)
"""Readers by name, asked in this order; others enter through the entry-point group."""

ROWS = 50_000
_KNOWN = (
    ".csv, .tsv, .parquet, .json, .jsonl, .xml, .log, .npz, .xlsx, .sqlite, .sql, a database address, a "
    "pattern of these, or a folder of images, sounds or documents"
)


def find_reader(source: str) -> Reader:
    """The first reader that suits the source; raises :class:`BadData` where none does."""
    for name in READERS:
        reader = READERS.get(name)()
        if reader.suits(source):
            return reader
    if "://" in source:
        scheme = source.partition("://")[0]
        raise Unsupported(
            f"sources of the kind {scheme}:// cannot be read yet",
            code="data.address",
            hint="copy the data to a file here; known are https://, s3://, gs://, sqlite:/// and postgresql://",
        )
    path = existing(source)
    raise BadData(
        f"{path.name} has the suffix {path.suffix!r}, which no reader knows"
        if path.suffix
        else f"{path.name} has no suffix that says its format",
        code="data.format",
        hint=f"known are {_KNOWN}",
    )


NOTHING = ReadingSection()


def read(
    source: str,
    query: str | None = None,
    wishes: ReadingSection = NOTHING,
    target: str | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Read:
    """All rows of a file, a pattern of files, or a database.

    ``wishes``: how the goal wants them read. ``target``: the column to predict, which says what a row of a
    nested source is. ``plan``: that of an earlier read (``Read.plan``), by which to read these. Raises
    :class:`~modelwright.core.errors.BadData` with what is wrong, where, and how to mend it.
    """
    if remote.is_remote(source):
        with remote.fetched(source) as there:
            return remote.named(read(there.source, query, wishes, target, plan), source, there)
    if (archive := archives.parted(source)) is not None:
        return _archive(*archive, query, wishes, target, plan)
    if "://" not in source and glob.has_magic(source) and not Path(source).exists():
        return _pattern(source, query, wishes, target, plan)
    if "://" not in source and Path(source).is_dir() and not _of_media(source):
        return _folder(Path(source))
    reader = find_reader(source)
    planning = _planning(reader, wishes, source)
    if planning is None:
        return _marked(reader, _told(reader, wishes).read(source, query))
    return _marked(planning, planning.read_all([source], wishes, target, _of(plan, reader.name)))


def _planning(reader: Reader, wishes: ReadingSection, source: str) -> Planning | None:
    """The reader, where it looks at the whole source; raises for wishes that it does not know."""
    takes: frozenset[str] = getattr(reader, "takes", frozenset())
    for key in (f.name for f in fields(wishes)):
        if getattr(wishes, key) != getattr(NOTHING, key) and key not in takes:
            raise BadData(
                f"{public(Path(source).name)}: data.reading.{key} says nothing for the format {reader.name}",
                code="data.reading",
                hint=f"leave it out; this format knows {', '.join(sorted(takes))}"
                if takes
                else "leave it out",
            )
    found: object = reader
    return found if hasattr(found, "read_all") else None  # type: ignore[return-value]


def _told(reader: Reader, wishes: ReadingSection) -> Reader:
    """The reader, which knows of the wishes where it takes some."""
    if hasattr(reader, "wishes"):
        reader.wishes = wishes
    return reader


def _marked(reader: Reader | Planning, made: Read) -> Read:
    return made if made.plan is None else replace(made, plan={"reader": reader.name, "plan": made.plan})


def _of(plan: Mapping[str, Any] | None, reader: str) -> Mapping[str, Any] | None:
    """The reader's own part of a plan, where it is one of this reader's."""
    if plan is None or plan.get("reader") != reader:
        return None
    own: Mapping[str, Any] = plan["plan"]
    return own


def batches(source: str, rows: int = ROWS, plan: Mapping[str, Any] | None = None) -> Iterator[Batch]:
    """The rows of a file in their order, some at a time, so that it may be larger than memory.

    Formats that cannot be streamed are read whole and given in slices. ``plan``: see :func:`read`.
    """
    if remote.is_remote(source):
        with remote.fetched(source) as there:
            yield from batches(there.source, rows, plan)
        return
    if (archive := archives.parted(source)) is not None:
        file, _, inner = archive[1].partition("#")
        with archives.files(archive[0], file, folder.wanted) as found:
            if files.holds(list(found)) is not None:
                held = [files.File(name, path) for name, path in found.items()]
                yield from folder.FolderReader().parts(held, rows, _of(plan, "folder"))
            else:
                yield from batches(archives.place(found) + (inner and f"#{inner}"), rows, plan)
        return
    if "://" not in source and glob.has_magic(source) and not Path(source).exists():
        for path in _matching(source):
            yield from batches(path, rows, plan)
        return
    reader = find_reader(source)
    own = _of(plan, reader.name)
    if own is not None and hasattr(reader, "planned"):
        planned: Any = reader
        yield from planned.planned(source, rows, own)
        return
    streaming: object = reader
    if hasattr(streaming, "batches"):
        typed: Streaming = streaming
        yield from typed.batches(source, rows)
        return
    whole = reader.read(source)
    for k, part in enumerate(whole.frame.iter_slices(rows)):
        yield Batch(part, whole.quarantine if k == 0 else ())


def _archive(
    archive: Path,
    members: str,
    query: str | None,
    wishes: ReadingSection,
    target: str | None,
    plan: Mapping[str, Any] | None,
) -> Read:
    """Members of an archive; the facts are those of the archive."""
    with archives.files(archive, members.partition("#")[0], folder.wanted) as found:
        if files.holds(list(found)) is not None:
            reader = folder.FolderReader()
            _planning(reader, wishes, str(archive))
            held = [files.File(name, path) for name, path in found.items()]
            made = reader.read_files(held, archive.name, wishes, _of(plan, reader.name))
            made = _marked(reader, made)
        else:
            inner = members.partition("#")[1] + members.partition("#")[2]  # a sheet, a table
            made = read(archives.place(found) + inner, query, wishes, target, plan)
    name = f"{archive.name}#{members}" if members else archive.name
    facts = replace(
        made.facts,
        name=name,
        bytes=archive.stat().st_size,
        digest=digest(archive),
        modified=modified(archive),
        details={"archive": archive.name, **made.facts.details},
    )
    return replace(made, facts=facts)


def _of_media(source: str) -> bool:
    """Whether a folder is one of images, sounds or documents, or of idx files."""
    return any(READERS.get(name)().suits(source) for name in ("idx", "folder"))


def _matching(source: str) -> list[str]:
    found = sorted(path for path in glob.glob(source, recursive=True) if Path(path).is_file())
    if not found:
        raise BadData(
            f"no file matches the pattern {Path(source).name}",
            code="data.no-match",
            hint="check the pattern; it is relative to the goal file",
        )
    return found


def _folder(path: Path) -> Read:
    files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    suffixes = sorted({p.suffix for p in files if p.suffix})
    if not files:
        raise BadData(
            f"the folder {path.name}/ holds no files",
            code="data.empty-folder",
            hint="name a file or another folder",
        )
    first = suffixes[0] if suffixes else ""
    raise BadData(
        f"{path.name}/ is a folder, and not a file of rows",
        code="data.folder",
        hint=f"name one of its files, as {path.name}/{files[0].name}, or a pattern: {path.name}/*{first}",
    )


def _pattern(
    source: str,
    query: str | None,
    wishes: ReadingSection,
    target: str | None,
    plan: Mapping[str, Any] | None,
) -> Read:
    """Files of a pattern, one under the other in the order of their names."""
    paths = _matching(source)
    reader = find_reader(paths[0])
    planning = _planning(reader, wishes, source)
    if planning is not None and all(find_reader(path).name == reader.name for path in paths[1:]):
        made = _marked(planning, planning.read_all(paths, wishes, target, _of(plan, reader.name)))
        details = {"files": str(len(paths)), **made.facts.details}
        whole = made.facts.digest
        if len(paths) == 1:  # that of a pattern, as in `changed`
            whole = hashlib.sha256(whole.encode()).hexdigest()
        facts = replace(made.facts, name=Path(source).name, details=details, digest=whole)
        return replace(made, facts=facts)
    parts = [_told(find_reader(path), wishes).read(path, query) for path in paths]
    first = parts[0]
    frames = []
    for part in parts:
        check_same_columns(first.frame, first.facts.name, part.frame, part.facts.name)
        frames.append(part.frame.select(first.frame.columns))
    frame = stack(frames)
    facts = SourceFacts(
        name=Path(source).name,
        format=first.facts.format,
        rows=frame.height,
        columns=frame.width,
        bytes=sum(part.facts.bytes for part in parts),
        digest=hashlib.sha256("".join(part.facts.digest for part in parts).encode()).hexdigest(),
        modified=max(part.facts.modified for part in parts),
        details={"files": str(len(parts)), **first.facts.details},
    )
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return Read(frame, facts, tuple(row for part in parts for row in part.quarantine), notes)


def check_same_columns(first: pl.DataFrame, first_name: str, other: pl.DataFrame, other_name: str) -> None:
    """Raises :class:`BadData` unless both have the same columns, in whatever order."""
    lacking = [name for name in first.columns if name not in other.columns]
    extra = [name for name in other.columns if name not in first.columns]
    if not lacking and not extra:
        return
    said = []
    if lacking:
        said.append(f"it lacks {_few(lacking)}")
    if extra:
        said.append(f"it has {_few(extra)} besides")
    raise BadData(
        f"{other_name} does not have the same columns as {first_name}: {'; '.join(said)}",
        code="data.columns-differ",
        hint="give both the same columns, with the same names",
    )


def _few(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
