"""Paths as people give them: missing, empty, folders, compressed, binary; and what to say of each."""

from __future__ import annotations

import bz2
import difflib
import errno
import gzip
import hashlib
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from modelwright.core.errors import BadData

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
MOST_BYTES = 64 * 1024**3
"""Of a decompressed file: what goes beyond is taken for a decompression bomb."""
MOST_RATIO = 250
"""Of decompressed to compressed bytes, beyond the first 64 MiB. Tables come to 5 to 50, deflate to 1032."""
_FREE = 64 * 1024**2

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
)


DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
)  # fmt: skip
"""What the decompressors of the standard library raise for bytes that are not what they should be."""


def exists(source: str) -> bool:
    """Whether there is such a file or folder. Raises :class:`BadData` where the path itself cannot be."""
    try:
        return Path(source).exists()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise BadData(
                f"the path {source[:40]}... is too long to be one ({len(source):,} characters)",
                code="data.missing-file",
                hint="check the source: name a file, a pattern of files, or a database",
            ) from error
        raise BadData(
            f"{Path(source).name} cannot be looked for: {error.strerror}",
            code="data.permission",
            hint="give this user the right to read the folder",
        ) from error


def _part_of_a_database(path: Path) -> str:
    """For ``shop.db#orders``, where the file is there: how a table of a database is named; else nothing."""
    name, _, table = path.name.partition("#")
    if not (name and table and path.with_name(name).is_file()):
        return ""
    with path.with_name(name).open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            return ""
    query = f"`query: select * from {table}`"
    return f"{name} is a database: leave out #{table}, and write {query} beside the source"


def existing(source: str) -> Path:
    """The path of a file that exists and is not empty; anything else raises :class:`BadData`."""
    there = exists(source)
    path = Path(source)
    if path.is_dir():
        raise BadData(
            f"{path.name} is a folder, and not a file of rows",
            code="data.folder",
            hint=f"name a file in it, or a pattern such as {path.name}/*.csv",
        )
    if not there:
        near: list[str] = []
        if path.parent.is_dir():
            near = difflib.get_close_matches(path.name, sorted(p.name for p in path.parent.iterdir()), 1, 0.5)
        where = f" in {path.parent.name}/" if path.parent.name and not path.parent.is_dir() else ""
        raise BadData(
            f"there is no file {path.name}{where and f': the folder {path.parent.name}/ does not exist'}",
            code="data.missing-file",
            hint=_part_of_a_database(path)
            or (f"did you mean {near[0]}?" if near else "check the path; it is relative to the goal file"),
        )
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except PermissionError as error:
        raise BadData(
            f"{path.name} may not be read: permission denied",
            code="data.permission",
            hint="give this user the right to read the file",
        ) from error
    if size == 0:
        raise BadData(
            f"{path.name} is empty (0 bytes)",
            code="data.empty",
            hint="write the data again, or name another file",
        )
    return path


def plain_suffix(source: str) -> str:
    """The suffix that says the format, in lower case: ``.csv`` for ``x.CSV.gz`` too."""
    path = Path(source)
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in COMPRESSED else suffix


def modified(path: Path) -> str:
    """When the file was last written, ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(int(path.stat().st_mtime), tz=UTC).isoformat()


def digest(path: Path) -> str:
    """sha256 of the file as it lies on disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Bounded:
    """Reads a decompressing stream and refuses one that swells without end."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._path = path
        self._read = 0
        self._most = min(MOST_BYTES, max(_FREE, MOST_RATIO * path.stat().st_size))

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except DAMAGED as error:
            raise BadData(
                f"{self._path.name} cannot be decompressed: {error}",
                code="data.compressed",
                hint="the file is damaged or cut short; copy it again",
            ) from error
        self._read += len(data)
        if self._read > self._most:
            raise BadData(
                f"{self._path.name} decompresses to more than {self._most // 10**6} MB",
                code="data.too-large",
                hint="decompress it yourself if it is meant to be so large",
            )
        return data


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed where its name or its first bytes say so."""
    with path.open("rb") as raw:
        head = raw.read(6)
        raw.seek(0)
        stream = decompressing(raw, head)
        if stream is None and head.startswith(b"PK\x03\x04") and path.suffix.lower() == ".zip":
            stream = _only_member(raw, path)
        if stream is None:
            yield raw
            return
        with stream:
            yield cast(IO[bytes], _Bounded(stream, path))


def decompressing(raw: IO[bytes], head: bytes) -> IO[bytes] | None:
    """The decompressed bytes of gzip, bzip2 or xz, by the first bytes; nothing where it is none of them."""
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if head.startswith(b"BZh"):
        return cast(IO[bytes], bz2.BZ2File(raw))
    if head.startswith(b"\xfd7zXZ\x00"):
        return cast(IO[bytes], lzma.LZMAFile(raw))
    return None


def _only_member(raw: IO[bytes], path: Path) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(raw)
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise BadData(
                f"{path.name} holds {len(members)} files: {', '.join(m.filename for m in members[:5])}",
                code="data.several-members",
                hint="unpack the archive and name the file",
            )
        return member(archive, members[0], path)
    except NotImplementedError as error:
        raise unknown_method(path, error) from error
    except DAMAGED as error:
        raise BadData(
            f"{path.name} is not a whole zip archive: {error}",
            code="data.compressed",
            hint="the file is damaged or cut short; copy it again",
        ) from error


def member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> IO[bytes]:
    """One member, opened. Raises :class:`BadData` where it is encrypted."""
    if info.flag_bits & 1:
        raise BadData(
            f"{path.name}: {info.filename} is encrypted",
            code="data.encrypted",
            hint="unpack it with its password, and name the file",
        )
    return archive.open(info)


def unknown_method(path: Path, error: NotImplementedError) -> BadData:
    """For a zip archive that is packed in a way which Python's zipfile does not know."""
    return BadData(
        f"{path.name} is packed in a way that cannot be read here: {error}",
        code="data.compressed",
        hint="pack it again with the usual compression (deflate), or unpack it and name the file",
    )


def refuse_binary(head: bytes, path: Path) -> None:
    """Refuse what is no text, by its first bytes; UTF-16 text is text."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise BadData(
                f"{path.name} is not text: it is {what}",
                code="data.binary",
                hint="give the file its right suffix, or export the table as CSV",
            )
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    control = sum(head.count(bytes([c])) for c in range(32) if c not in (7, 8, 9, 10, 11, 12, 13, 26, 27))
    if b"\x00" in head or control > len(head) // 50:
        raise BadData(
            f"{path.name} is not text: it holds control bytes",
            code="data.binary",
            hint="export the table as CSV, or give the file its right suffix",
        )
