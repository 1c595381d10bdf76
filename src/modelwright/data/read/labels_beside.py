"""A table of labels beside the files that it is about: ``labels.csv`` with a column of file names."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

import polars as pl

from modelwright.data.read.csv import CsvReader
from modelwright.data.read.reader import BrokenRow, Said

NAMES = ("labels.csv", "labels.tsv", "metadata.csv", "annotations.csv")
_ENOUGH = 0.5
"""Share of the table's rows that have to name a file, for it to be a table of these files."""


class _File(Protocol):
    @property
    def name(self) -> str: ...
    def content(self) -> bytes: ...


F = TypeVar("F", bound=_File)


@dataclass(frozen=True, slots=True)
class Joined:
    frame: pl.DataFrame
    said: list[Said]
    broken: list[BrokenRow]


def find(files: Sequence[F]) -> F | None:
    """The first of the tables of labels that lie in the source's own folder."""
    there = {file.name: file for file in files}
    return next((there[name] for name in NAMES if name in there), None)


def join(frame: pl.DataFrame, table: _File) -> Joined | None:
    """The frame of files with the columns of the table; None where none of its columns names the files.

    A name is the path relative to the source, or a file name, or one without its suffix, where only one file
    has it. A row of the table whose file is absent is told; files that it does not name stay, without values.
    """
    name = table.name
    with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
        copy = Path(folder) / name  # it may be a member of an archive
        copy.write_bytes(table.content())
        read = CsvReader().read(str(copy))
    labels = read.frame
    places = _places(frame["file"].to_list())
    best, found = "", 0
    for column in labels.columns:
        texts = labels[column].cast(pl.String, strict=False).to_list()
        count = sum(_key(text) in places for text in texts if text is not None)
        if count > found:
            best, found = column, count
    if found < _ENOUGH * labels.height:
        return None
    keys = [
        places.get(_key(text)) if text is not None else None
        for text in labels[best].cast(pl.String, strict=False).to_list()
    ]
    labels = labels.drop(best).with_columns(pl.Series("file", keys, dtype=pl.String))
    if "label" in frame.columns and "label" in labels.columns:
        frame = frame.rename({"label": "folder"})
    taken = {c: f"labels.{c}" for c in labels.columns if c != "file" and c in frame.columns}
    labels = labels.rename(taken)
    said = []
    absent = [str(text) for text, key in zip(read.frame[best].to_list(), keys, strict=True) if key is None]
    if absent:
        shown = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        said.append(
            Said(
                "collect.media-missing",
                "warning",
                f"{len(absent):,} rows of {name} name files that are not there: {shown}",
                "Add the files, or take their rows out of the table.",
            )
        )
    known = set(keys)
    unnamed = sum(file not in known for file in frame["file"].to_list())
    if unnamed:
        said.append(
            Said(
                "collect.media-unnamed",
                "note" if unnamed < 0.05 * frame.height else "warning",
                f"{unnamed:,} of {frame.height:,} files are not named in {name} and have no values of it",
                "Add their rows to the table, or take the files out of the source.",
            )
        )
    joined = frame.join(
        labels.filter(pl.col("file").is_not_null()), on="file", how="left", maintain_order="left"
    )
    return Joined(joined, said, list(read.quarantine))


def _key(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("./")


def _places(files: Sequence[str]) -> dict[str, str]:
    """What may name a file to the file."""
    made: dict[str, str] = {}
    shorter: tuple[Callable[[PurePosixPath], str], ...] = (
        lambda way: way.stem,
        lambda way: way.name,
        lambda way: way.with_suffix("").as_posix(),
    )
    for shorten in shorter:
        seen: dict[str, str | None] = {}
        for file in files:
            short = shorten(PurePosixPath(file))
            seen[short] = None if short in seen else file
        made |= {short: file for short, file in seen.items() if file is not None}
    return made | {file: file for file in files}
