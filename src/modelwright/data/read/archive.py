"""Archives: the members that are asked for, unpacked into a folder of their own for as long as they are read.

``data.zip#2024/*.csv`` names members; without names every file of the archive is one, if all have one suffix.
Nothing is unpacked whose name leads out of the archive, no link and no device is followed, and what swells to
a thousand times the size of the archive is refused.
"""

from __future__ import annotations

import fnmatch
import glob
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from modelwright.core.errors import BadData
from modelwright.data.read.source import MOST_BYTES, MOST_RATIO, existing

_TAR = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
_MOST_MEMBERS = 100_000
_FREE = 64 * 1024**2
_PIECE = 1 << 20


def parted(source: str) -> tuple[Path, str] | None:
    """The archive that a source names, and its members (a pattern, or nothing); None where it names none.

    A zip with one file in it is that file, compressed, and no archive, unless the member is named.
    """
    if "://" in source:
        return None
    file, mark, members = (source, "", "") if Path(source).exists() else source.partition("#")
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
    except (zipfile.BadZipFile, OSError):
        return None  # the reader of its suffix says what is wrong with it
    return (Path(file), "") if several else None


@contextmanager
def unpacked(archive: Path, members: str) -> Iterator[str]:
    """The members as a path, or a pattern of paths, that a reader can be given."""
    path = existing(str(archive))
    with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
        try:
            if path.name.lower().endswith(".zip"):
                with zipfile.ZipFile(path) as zipped:
                    found = _unzip(zipped, path, members, Path(folder))
            else:
                with tarfile.open(path) as tarred:
                    found = _untar(tarred, path, members, Path(folder))
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
            raise BadData(
                f"{path.name} is not a whole archive: {type(error).__name__}",
                code="data.compressed",
                hint="the file is damaged or cut short; copy it again",
            ) from error
        if len(found) == 1:
            yield str(found[0])
        else:
            yield f"{glob.escape(folder)}/**/*"


def _unzip(archive: zipfile.ZipFile, path: Path, members: str, folder: Path) -> list[Path]:
    infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    for info in infos.values():
        _check_name(info.filename, path)
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise _link(info.filename, path)
    wanted = _wanted(list(infos), members, path)
    for name in wanted:
        if infos[name].flag_bits & 1:
            raise BadData(
                f"{path.name}: {name} is encrypted",
                code="data.encrypted",
                hint="unpack it with its password, and name the file",
            )
    left = _Left(path)
    made = []
    for name in wanted:
        with archive.open(infos[name]) as stream:
            made.append(left.copy(stream, name, folder))
    return made


def _untar(archive: tarfile.TarFile, path: Path, members: str, folder: Path) -> list[Path]:
    infos: dict[str, tarfile.TarInfo] = {}
    left = _Left(path)
    for info in archive:  # headers only; what lies between them is passed over
        _check_name(info.name, path)
        if info.issym() or info.islnk() or info.isdev():
            raise _link(info.name, path)
        left.take(info.size)
        if info.isfile():
            infos[info.name] = info
        if len(infos) > _MOST_MEMBERS:
            raise _too_many(path)
    wanted = _wanted(list(infos), members, path)
    left = _Left(path)
    made = []
    for name in wanted:
        stream = archive.extractfile(infos[name])
        if stream is not None:
            with stream:
                made.append(left.copy(stream, name, folder))
    return made


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

    def copy(self, stream: IO[bytes], name: str, folder: Path) -> Path:
        target = folder / PurePosixPath(name.replace("\\", "/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while piece := stream.read(_PIECE):
                self.take(len(piece))
                file.write(piece)
        return target


def _check_name(name: str, path: Path) -> None:
    way = PurePosixPath(name.replace("\\", "/"))
    if way.is_absolute() or ".." in way.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise BadData(
            f"{path.name} holds {name!r}, whose name leads out of the archive",
            code="data.archive-path",
            hint="nothing of it was unpacked; do not trust this archive, or pack it again with plain names",
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
    return not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith(".")


def _wanted(names: Sequence[str], members: str, path: Path) -> list[str]:
    if len(names) > _MOST_MEMBERS:
        raise _too_many(path)
    there = sorted(name for name in names if _counts(name))
    listed = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
    if members:
        found = [name for name in there if name == members or fnmatch.fnmatchcase(name, members)]
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
