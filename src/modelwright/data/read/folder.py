"""Folders of images, sounds or documents: a row is a file, its label the folder that it lies in.

``train/`` and ``test/`` above the folders of the classes are the parts of the split; a table ``labels.csv``
with a column of file names is joined. Files are read as they are, whatever they hold: what cannot be used is
told when the column is cleaned.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import labels_beside, named
from modelwright.data.read.documents import document
from modelwright.data.read.files import File, holds, kind_of, listed
from modelwright.data.read.limits import LARGEST_FILE, check_media
from modelwright.data.read.reader import Batch, BrokenRow, Read, Said
from modelwright.data.read.source import digest, modified
from modelwright.data.split.given import PARTS
from modelwright.goal.sections import ReadingSection


def wanted(names: list[str]) -> list[str] | None:
    """Of the files of an archive those that are read; None where it is no source of media."""
    kind = holds(names)
    if kind is None:
        return None
    return [n for n in names if kind_of(n) == kind or n.rsplit("/", 1)[-1] in labels_beside.NAMES]


class FolderReader:
    """Columns: ``file``, then ``image``, ``audio`` or ``text``, and as they are found ``label``, ``part`` and
    those of the table of labels."""

    name = "folder"
    takes: frozenset[str] = frozenset(("name",))

    def suits(self, source: str) -> bool:
        if "://" in source:
            return False
        path = Path(source)
        if path.is_dir():
            return holds([file.name for file in listed(path)]) is not None
        return kind_of(path.name) in ("image", "audio")

    def read(self, source: str, query: str | None = None) -> Read:
        return self.read_all([source], ReadingSection())

    def read_all(
        self,
        sources: Sequence[str],
        wishes: ReadingSection,
        target: str | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> Read:
        """A folder, or files that a pattern found. The plan says the kind of media, so that a folder of new
        rows is read as the one that was learned from."""
        root, files = _files(sources)
        made = self.read_files(files, root.name, wishes, plan, root)
        if len(sources) > 1 or not Path(sources[0]).is_dir():  # as any files of a pattern: see `changed`
            digests = [_hash(file) for file in files]
            made = replace(
                made, facts=replace(made.facts, name=Path(sources[0]).name, digest=_joined(digests))
            )
        return made

    def read_files(
        self,
        files: Sequence[File],
        name: str,
        wishes: ReadingSection,
        plan: Mapping[str, Any] | None = None,
        root: Path | None = None,
    ) -> Read:
        """Files by their names, from a folder (``root``) or an archive, which ``name`` names."""
        kind = str(plan["media"]) if plan is not None else holds([f.name for f in files])
        kind = kind or next((k for f in files if (k := kind_of(f.name)) is not None), None)
        chosen = [f for f in files if kind_of(f.name) == kind]
        if kind is None or not chosen:
            raise BadData(
                f"{name} holds no {_KINDS.get(kind or '', 'images, sounds or documents')}",
                code="data.empty-folder",
                hint="name another folder",
            )
        contents = _read(root, name, chosen, kind)
        frame, broken, hashes = contents.frame, contents.broken, contents.hashes
        if not frame.height:
            raise BadData(
                f"none of the {len(chosen):,} files in {name} can be read: {broken[0].reason}",
                code="data.no-rows",
                hint="name another folder",
            )
        frame, part, said = _places(frame)
        pattern = wishes.name if plan is None else plan.get("name")
        if pattern:
            frame, more = named.add_columns(frame, pattern)
            said += more
        if contents.old:
            said.append(_encodings(contents.old))
        if kind == "text" and (empty := frame.filter(pl.col("text").str.strip_chars() == "")).height:
            said.append(_empty(empty["file"].to_list()))
        others = len(files) - len(chosen)
        table = labels_beside.find(files)
        details = {"media": kind, "files": str(len(chosen))}
        if table is not None:
            others -= 1
            labels = labels_beside.join(frame, table)
            if labels is not None:
                frame = labels.frame
                said += labels.said
                broken += labels.broken
                details["labels"] = table.name
                hashes.append((table.name, _hash(table)))
        if others and plan is None:
            shown = ", ".join(f.name for f in files if kind_of(f.name) != kind and f is not table)[:120]
            said.append(
                Said(
                    "collect.other-files",
                    "note",
                    f"{others} files that are no {_KINDS[kind]} were not read: {shown}",
                    "Name the folder or a pattern of the files that are wanted, if these are.",
                )
            )
        if "label" in frame.columns:
            details["classes"] = str(frame["label"].drop_nulls().n_unique())
        facts = SourceFacts(
            name=name,
            format=self.name,
            rows=frame.height,
            columns=frame.width,
            bytes=sum(f.size() for f in chosen),
            digest=_digest(hashes),
            modified=max((modified(f.at) for f in chosen if isinstance(f.at, Path)), default=""),
            details=details,
        )
        beside = ("file",) if part is None else ("file", part)
        return Read(frame, facts, tuple(broken), (), tuple(said), _plan(kind, pattern), beside, part)

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        root, files = _files([source])
        yield from self.parts(files, rows, plan, root)

    def parts(
        self, files: Sequence[File], rows: int, plan: Mapping[str, Any] | None, root: Path | None = None
    ) -> Iterator[Batch]:
        """Files in their order, at most ``rows`` at a time: names and contents, without labels."""
        kind = holds([f.name for f in files]) if plan is None else str(plan["media"])
        chosen = [f for f in files if kind_of(f.name) == kind]
        if kind is None or not chosen:
            raise BadData(
                f"there are no {_KINDS.get(kind or '', 'images, sounds or documents')} among the files",
                code="data.empty-folder",
                hint="name another folder",
            )
        step = min(rows, 1_000)
        for begin in range(0, len(chosen), step):
            made = _read(root, "the source", chosen[begin : begin + step], kind)
            frame = made.frame
            if plan is not None and plan.get("name"):
                frame = named.fill_columns(frame, str(plan["name"]))
            yield Batch(frame, tuple(made.broken))


def content_digest(root: Path, facts: SourceFacts) -> str:
    """That of :attr:`SourceFacts.digest`, for the folder as it is now."""
    wanted, labels = facts.details.get("media"), facts.details.get("labels")
    hashes = [
        (file.name, _hash(file))
        for file in listed(root)
        if kind_of(file.name) == wanted and not _leads_out(file, root)
    ]
    if labels is not None:
        hashes.append((labels, _hash(File(labels, root / labels))))
    return _digest(hashes)


def _plan(kind: str, pattern: str | None) -> dict[str, Any]:
    return {"media": kind} | ({"name": pattern} if pattern else {})


_KINDS = {"image": "images", "audio": "sounds", "text": "documents"}


def _empty(files: list[str]) -> Said:
    shown = ", ".join(files[:3]) + (", ..." if len(files) > 3 else "")
    return Said(
        "collect.empty-documents",
        "warning",
        f"{len(files):,} documents hold no text at all: {shown}",
        "Copy them again from where they came from, or take them out of the source.",
    )


def _encodings(found: Counter[str]) -> Said:
    shown = ", ".join(f"{count:,} as {name}" for name, count in sorted(found.items()))
    return Said(
        "collect.encoding",
        "note",
        f"{sum(found.values()):,} documents are not UTF-8; they were read by the look of each: {shown}",
        "Check names with accents in them; save the files as UTF-8 if they are wrong.",
    )


def _files(sources: Sequence[str]) -> tuple[Path, list[File]]:
    if len(sources) == 1 and Path(sources[0]).is_dir():
        root = Path(sources[0])
        return root, listed(root)
    paths = [Path(source) for source in sources]
    root = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    return root, [File(p.absolute().relative_to(root).as_posix(), p) for p in paths]


def _hash(file: File) -> str:
    return digest(file.at) if isinstance(file.at, Path) else hashlib.sha256(file.at).hexdigest()


def _digest(hashes: Sequence[tuple[str, str]]) -> str:
    """Over names and contents: a file that moved to another class is another content."""
    return hashlib.sha256("".join(f"{name}\0{one}\n" for name, one in hashes).encode()).hexdigest()


def _joined(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _leads_out(file: File, root: Path) -> bool:
    path = file.at
    return isinstance(path, Path) and path.is_symlink() and not path.resolve().is_relative_to(root.resolve())


@dataclass(slots=True)
class _Contents:
    """Files as they were read; ``hashes``: the name and the sha256 of each; ``old``: encodings but UTF-8."""

    frame: pl.DataFrame
    broken: list[BrokenRow]
    hashes: list[tuple[str, str]]
    old: Counter[str]


def _read(root: Path | None, name: str, files: Sequence[File], kind: str) -> _Contents:
    names: list[str] = []
    cells: list[Any] = []
    broken: list[BrokenRow] = []
    hashes: list[tuple[str, str]] = []
    encodings: Counter[str] = Counter()
    total = 0
    for file in files:
        if root is not None and _leads_out(file, root):
            why = "it is a link that leads out of the data folder, and was not followed"
            broken.append(BrokenRow(file.name, 1, why, file.name))
            continue
        try:
            if (size := file.size()) > LARGEST_FILE:
                why = f"it is larger than {LARGEST_FILE // 1024**2} MB"
                broken.append(BrokenRow(file.name, 1, why, file.name))
                hashes.append((file.name, _hash(file)))
                continue
            check_media(total := total + size, name)
            content = file.content()
        except OSError as error:
            broken.append(BrokenRow(file.name, 1, f"it cannot be read: {error.strerror}", file.name))
            continue
        hashes.append((file.name, hashlib.sha256(content).hexdigest()))
        if kind == "text":
            try:
                text, encoding = document(content, file.name)
            except BadData as error:
                broken.append(BrokenRow(file.name, 1, error.message, file.name))
                continue
            cells.append(text)
            encodings[encoding] += 1
        else:
            cells.append(content)
        names.append(file.name)
    dtype = pl.String if kind == "text" else pl.Binary
    frame = pl.DataFrame([pl.Series("file", names, dtype=pl.String), pl.Series(kind, cells, dtype=dtype)])
    del encodings["utf-8"]
    return _Contents(frame, broken, hashes, encodings)


def _places(frame: pl.DataFrame) -> tuple[pl.DataFrame, str | None, list[Said]]:
    """The frame with ``label`` and ``part``, as far as the folders of its files say them."""
    ways = [name.split("/")[:-1] for name in frame["file"].to_list()]
    while ways and all(way for way in ways) and len({way[0] for way in ways}) == 1:
        ways = [way[1:] for way in ways]
    tops = Counter(way[0] if way else "" for way in ways)
    parts = {top: PARTS.get(top.lower()) for top in tops}
    named = set(parts.values())
    parted = None not in named and "train" in named and len(named) > 1
    labels = [(way[1:] if parted else way)[-1:] for way in ways]
    column = [label[0] if label else None for label in labels]
    said: list[Said] = []
    if len({label for label in column if label is not None}) > 1:
        frame = frame.with_columns(pl.Series("label", column, dtype=pl.String))
        outside = sum(label is None for label in column)
        if outside:
            said.append(
                Said(
                    "collect.no-class",
                    "warning",
                    f"{outside:,} files lie in no folder of a class and have no label",
                    "Move them into the folder of their class, or take them out of the source.",
                )
            )
    else:
        column = ["" for _ in column]
    if not parted:
        return frame, None, said
    test = "test" if "test" in named else "validation"
    row_parts = [parts[way[0]] for way in ways]
    if not any(p == test and label is not None for p, label in zip(row_parts, column, strict=True)):
        return frame, None, said
    made = ["test" if part == test else str(part) for part in row_parts]
    folder = "/, ".join(top for top in tops if parts[top] == test)
    also = "; no folder test/ is there, so that one stands for it" if test != "test" else ""
    said.append(
        Said(
            "collect.parts",
            "note",
            f"the folders part the rows: the {made.count('test'):,} files of {folder}/ are the test{also}",
            "Move the folders of the classes into one folder if the rows should be parted anew.",
        )
    )
    return frame.with_columns(pl.Series("part", made, dtype=pl.String)), "part", said
