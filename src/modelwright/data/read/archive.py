"""Archives: the members that are asked for, unpacked into a folder of their own for as long as they are read.

``data.zip#2024/*.csv`` names members; without names every file of the archive is one, if all have one suffix.
Nothing is unpacked whose name leads out of the archive, no link and no device is followed, and what swells to
hundreds of times the size of the archive is refused, as are headers that would fill the memory.
"""

from __future__ import annotations

import errno
import fnmatch
import glob
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from modelwright.core.errors import BadData, Stopped
from modelwright.data.read.limits import check_media
from modelwright.data.read.source import (
    DAMAGED,
    MOST_BYTES,
    MOST_RATIO,
    decompressing,
    existing,
    exists,
    member,
    unknown_method,
)

_TAR = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
_MOST_MEMBERS = 100_000
_FREE = 64 * 1024**2
_PIECE = 1 << 20
_MOST_HEADER = 1 << 20
"""Bytes that tell of one member of a tar archive: its name, its times, its attributes."""


def parted(source: str) -> tuple[Path, str] | None:
    """The archive that a source names, and its members (a pattern, or nothing); None where it names none.

    A zip with one file in it is that file, compressed, and no archive, unless the member is named.
    """
    if "://" in source:
        return None
    file, mark, members = (source, "", "") if exists(source) else source.partition("#")
    lower = file.lower()
    if lower.endswith(_TAR):
        return Path(file), members
    if not lower.endswith(".zip") or not Path(file).is_file():
        return (Path(file), members) if mark and lower.endswith(".zip") else None
    if mark:
        return Path(file), members
    try:
        with zipfile.ZipFile(file) as archive:
            several = sum(_counts(info.filename) and not info.is_dir() for info in archive.infolist()) != 1
    except (*DAMAGED, NotImplementedError):
        return None  # the reader of its suffix says what is wrong with it
    # people.csv.zip is people.csv, compressed; people.zip says nothing of what it holds.
    return (Path(file), "") if several or not Path(file[: -len(".zip")]).suffix else None


Choose = Callable[[list[str]], list[str] | None]
"""Which of the files of these names are wanted; None where that is for the archive to say."""


@contextmanager
def unpacked(archive: Path, members: str) -> Iterator[str]:
    """The members as a path, or a pattern of paths, that a reader can be given."""
    with files(archive, members) as found:
        yield place(found)


def place(found: Mapping[str, Path | bytes]) -> str:
    """Members that were unpacked, as a path or a pattern of paths."""
    paths = [path for path in found.values() if isinstance(path, Path)]
    return str(paths[0]) if len(paths) == 1 else f"{glob.escape(str(paths[0].parent.parent))}/*/*"


@contextmanager
def files(
    archive: Path, members: str, choose: Choose = lambda names: None
) -> Iterator[dict[str, Path | bytes]]:
    """The members by their names, each unpacked into a folder of its own.

    Those that ``choose`` wants are held in memory instead: thousands of small files are slow to write.
    """
    path = existing(str(archive))

    def wanted(names: list[str]) -> tuple[list[str], bool]:
        there = sorted(n for n in names if _counts(n) and (not members or _matches(n, members)))
        chosen = choose(there)
        return (_wanted(names, members, path), False) if chosen is None else (chosen, True)

    with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
        try:
            if path.name.lower().endswith(".zip"):
                with zipfile.ZipFile(path) as zipped:
                    found = _unzip(zipped, path, wanted, Path(folder))
            else:
                with path.open("rb") as raw:
                    found = _untar(_Sipped(raw, path), path, wanted, Path(folder))
        except NotImplementedError as error:
            raise unknown_method(path, error) from error
        except (*DAMAGED, tarfile.TarError, LookupError, ArithmeticError, RecursionError) as error:
            raise _damaged(path, error) from error
        yield found


_Chosen = Callable[[list[str]], tuple[list[str], bool]]
"""The names that are wanted, and whether they are to be held in memory."""


def _unzip(archive: zipfile.ZipFile, path: Path, choose: _Chosen, folder: Path) -> dict[str, Path | bytes]:
    infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    for info in infos.values():
        _check_name(info.filename, path)
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise _link(info.filename, path)
    if len(infos) > _MOST_MEMBERS:
        raise _too_many(path)
    wanted, held = choose(list(infos))
    left = _Left(path)
    left.take(sum(infos[name].file_size for name in wanted))  # as the archive says; then as it is
    left = _Left(path)
    made: dict[str, Path | bytes] = {}
    for number, name in enumerate(wanted):
        with member(archive, infos[name], path) as stream:
            made[name] = left.content(stream) if held else left.copy(stream, name, number, folder)
    return made


class _Sipped:
    """The bytes of a tar archive, as tarfile reads them: never many at once, and few for each header.

    The headers of a member may themselves hold texts of any length (PAX, GNU), and tarfile reads each of them
    whole before the member is seen, so that this is the place to refuse them.
    """

    def __init__(self, raw: IO[bytes], path: Path) -> None:
        head = raw.read(6)
        raw.seek(0)
        self._stream = decompressing(raw, head) or raw
        self._path = path
        self._left: int | None = _MOST_HEADER

    def next_header(self) -> None:
        """What is read from here on belongs to another member."""
        self._left = _MOST_HEADER

    def contents(self) -> None:
        """What is read from here on are the members themselves, in pieces that the reader bounds."""
        self._left = None

    def read(self, size: int) -> bytes:
        if size < 0:
            raise tarfile.ReadError("a header of negative length")
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise BadData(
                    f"{self._path.name} tells more than {_MOST_HEADER // 1024**2} MB about one of its files",
                    code="data.too-large",
                    hint="pack the files again, without extended attributes",
                )
        return self._stream.read(size)

    def seek(self, place: int) -> int:
        return self._stream.seek(place)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


def _untar(stream: _Sipped, path: Path, choose: _Chosen, folder: Path) -> dict[str, Path | bytes]:
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as archive:
        infos: dict[str, tarfile.TarInfo] = {}
        left = _Left(path)
        seen = 0
        for info in archive:  # headers only; what lies between them is passed over
            stream.next_header()
            _check_name(info.name, path)
            if info.issym() or info.islnk() or info.isdev():
                raise _link(info.name, path)
            left.take(max(0, info.size))
            info.pax_headers = {}  # a copy for each member, and applied already
            if info.isfile():
                infos[info.name] = info
            seen += 1 + len(getattr(info, "sparse", None) or ())
            if seen > _MOST_MEMBERS:
                raise _too_many(path)
        wanted, in_memory = choose(list(infos))
        stream.contents()
        left = _Left(path)
        made: dict[str, Path | bytes] = {}
        numbers = {name: number for number, name in enumerate(wanted)}
        # In the order of the archive: to go back in it is to decompress it from its start.
        for name in sorted(wanted, key=lambda name: infos[name].offset):
            held = archive.extractfile(infos[name])
            if held is not None:
                with held:
                    made[name] = (
                        left.content(held) if in_memory else left.copy(held, name, numbers[name], folder)
                    )
        return {name: made[name] for name in wanted if name in made}


class _Left:
    """How many bytes may still be unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._most = min(MOST_BYTES, max(_FREE, MOST_RATIO * path.stat().st_size))
        self._taken = 0

    def take(self, size: int) -> None:
        self._taken += size
        if self._taken > self._most:
            raise BadData(
                f"{self._path.name} unpacks to more than {self._most // 10**6} MB",
                code="data.too-large",
                hint="unpack it yourself if it is meant to be so large, and name the files",
            )

    def content(self, stream: IO[bytes]) -> bytes:
        pieces = []
        while piece := self._piece(stream):
            self.take(len(piece))
            check_media(self._taken, self._path.name)
            pieces.append(piece)
        return b"".join(pieces)

    def copy(self, stream: IO[bytes], name: str, number: int, folder: Path) -> Path:
        """The member in a folder of its own: no name hides another, and none is hidden (``.a/b.csv``)."""
        target = folder / f"{number:06d}" / _base(name)
        try:
            target.parent.mkdir()
            with target.open("wb") as file:
                while piece := self._piece(stream):
                    self.take(len(piece))
                    file.write(piece)
        except OSError as error:
            raise self._no_room(name, error) from error
        return target

    def _piece(self, stream: IO[bytes]) -> bytes:
        try:
            return stream.read(_PIECE)
        except (*DAMAGED, tarfile.TarError) as error:
            raise _damaged(self._path, error) from error

    def _no_room(self, name: str, error: OSError) -> BadData | Stopped:
        if error.errno == errno.ENAMETOOLONG:
            return BadData(
                f"{self._path.name} holds a file whose name is too long: {name[:40]}...",
                code="data.archive-path",
                hint="pack it again with a shorter name",
            )
        return Stopped(
            f"{self._path.name} cannot be unpacked: {error.strerror}",
            code="stopped.system",
            hint="make room in the folder for temporary files, or unpack it yourself and name the files",
        )


def _check_name(name: str, path: Path) -> None:
    way = PurePosixPath(name.replace("\\", "/"))
    if way.is_absolute() or ".." in way.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise BadData(
            f"{path.name} holds {name!r}, whose name leads out of the archive",
            code="data.archive-path",
            hint="nothing of it was unpacked; do not trust this archive, or pack it again with plain names",
        )


def _damaged(path: Path, error: Exception) -> BadData:
    return BadData(
        f"{path.name} is not a whole archive: {type(error).__name__}",
        code="data.compressed",
        hint="the file is damaged or cut short; copy it again",
    )


def _link(name: str, path: Path) -> BadData:
    return BadData(
        f"{path.name} holds {name!r}, which is a link or a device, and no file",
        code="data.archive-path",
        hint="pack the files themselves",
    )


def _too_many(path: Path) -> BadData:
    return BadData(
        f"{path.name} holds more than {_MOST_MEMBERS:,} files",
        code="data.too-large",
        hint="unpack it yourself, and name the files",
    )


def _counts(name: str) -> bool:
    """Whether a member is one of the data, and nothing that a system put there."""
    return not name.startswith("__MACOSX/") and not _base(name).startswith(".") and bool(_base(name))


def _matches(name: str, members: str) -> bool:
    return name == members or fnmatch.fnmatchcase(name, members)


def _base(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _wanted(names: Sequence[str], members: str, path: Path) -> list[str]:
    if len(names) > _MOST_MEMBERS:
        raise _too_many(path)
    there = sorted(name for name in names if _counts(name))
    listed = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
    if members:
        found = [name for name in there if _matches(name, members)]
        if not found:
            raise BadData(
                f"{path.name} holds no file {members}",
                code="data.no-match",
                hint=f"there are: {listed}" if there else "it is empty",
            )
        return found
    if not there:
        raise BadData(f"{path.name} holds no files", code="data.empty", hint="name another file")
    if len({PurePosixPath(name).suffix.lower() for name in there}) > 1:
        raise BadData(
            f"{path.name} holds {len(there)} files of several kinds: {listed}",
            code="data.several-members",
            hint=f"name one, as in {path.name}#{there[0]}, or a pattern: "
            f"{path.name}#*{PurePosixPath(there[0]).suffix}",
        )
    return there
