"""Files of images, sounds and documents: which they are, by their names, and what lies in a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwright.core.errors import BadData

SUFFIXES: dict[str, frozenset[str]] = {
    "image": frozenset(
        (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
         ".pbm", ".pnm", ".jp2", ".avif")
    ),
    "audio": frozenset((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".snd")),
    "text": frozenset((".txt", ".text")),
}  # fmt: skip
"""Kind of media to the suffixes of its files, in lower case."""
_TABLES = frozenset((".csv", ".tsv", ".parquet", ".pq", ".json", ".jsonl", ".xml", ".log", ".xlsx", ".xls"))
_MOST_FILES = 1_000_000
_NOT_DATA = frozenset(
    (
        "readme.txt",
        "license.txt",
        "licence.txt",
        "classes.txt",
        "labels.txt",
        "requirements.txt",
        "notice.txt",
    )
)


@dataclass(frozen=True, slots=True)
class File:
    name: str
    """Its path relative to the source, parted by slashes."""
    at: Path | bytes
    """Where it lies, or what it holds."""

    def content(self) -> bytes:
        return self.at if isinstance(self.at, bytes) else self.at.read_bytes()

    def size(self) -> int:
        return len(self.at) if isinstance(self.at, bytes) else self.at.stat().st_size


def kind_of(name: str) -> str | None:
    """The kind of media by the suffix of a file name; None for what is none."""
    base = name.rsplit("/", 1)[-1].lower()
    suffix = os.path.splitext(base)[1]
    if base in _NOT_DATA:
        return None
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def holds(names: Sequence[str]) -> str | None:
    """The kind of media that files of these names are a source of; None where they are tables, or nothing.

    Documents count only where they are more than the tables are, and several.
    """
    counts = Counter(kind for name in names if (kind := kind_of(name)) is not None)
    tables = sum(os.path.splitext(name.lower())[1] in _TABLES for name in names)
    if not counts:
        return None
    kind, count = max(counts.items(), key=lambda item: (item[1], item[0] != "text"))
    return kind if count >= 2 and count > tables else None


def listed(root: Path) -> list[File]:
    """All files below a folder in the order of their names; hidden ones and those of hidden folders apart."""
    found: list[File] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
        for name in files:
            if not name.startswith("."):
                path = Path(folder) / name
                found.append(File(path.relative_to(root).as_posix(), path))
        if len(found) > _MOST_FILES:
            raise BadData(
                f"{root.name}/ holds more than {_MOST_FILES:,} files",
                code="data.too-large",
                hint="name a folder with a part of them",
            )
    return sorted(found, key=lambda file: file.name)
