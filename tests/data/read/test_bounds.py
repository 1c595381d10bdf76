"""What is too large to keep in a folder of bad cases: each is refused in words."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.data.collect import collect
from modelwright.goal.sections import SourceSection

CELL = "x" * (10 << 20)


def of_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table t (a text, n int)")
        connection.execute("insert into t values (?, 1)", (CELL,))
    connection.close()


def of_parquet(path: Path) -> None:
    pl.DataFrame({"a": [CELL, "b"], "n": [1, 2]}).write_parquet(path)


def of_dump(path: Path) -> None:
    path.write_text(f"create table t (a text, n int);\ninsert into t values ('b', 1), ('{CELL}', 2);\n")


def of_dump_without_end(path: Path) -> None:
    path.write_text("create table t (a text);\ninsert into t values ('" + "x" * (70 << 20))


def of_csv(path: Path) -> None:
    one = gzip.compress(b"1,2\n" * (4 << 20), mtime=0)
    path.write_bytes(gzip.compress(b"a,b\n", mtime=0) + one * 12)


def of_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, b"1,2\n" * (10 << 20))


def of_one_file(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../a.csv", b"1,2\n")


@pytest.mark.slow  # Each writes tens of megabytes.
@pytest.mark.parametrize(
    ("name", "write", "says"),
    [
        ("a.sqlite", of_sqlite, "column 'a': one cell is larger than 8 MB"),
        ("a.parquet", of_parquet, "column 'a': one cell is larger than 8 MB"),
        ("a.sql", of_dump, "line 2: one cell is larger than 8 MB"),
        ("b.sql", of_dump_without_end, "b.sql has no sound row; the first broken one is on line 2"),
        ("a.csv.gz", of_csv, "a.csv.gz decompresses to more than"),
        ("a.zip", of_zip, "a.zip unpacks to more than 67 MB"),
        ("b.zip", of_one_file, "whose name leads out of the archive"),
    ],
)
def test_a_bound(tmp_path: Path, name: str, write: Callable[[Path], None], says: str) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(BadData) as caught:
        collect(SourceSection(str(path)), Book())
    assert says in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2
