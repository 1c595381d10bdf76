"""idx: arrays in the format of the MNIST database, images and their labels in files of their own.

The header is two zero bytes, the type, the number of dimensions, and each dimension as four bytes, most
significant first; then the values (LeCun, Cortes and Burges, "The MNIST database"). Every image becomes the
bytes of a portable grey or colour map (PGM, PPM): a file of its own that nothing was lost in.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read.limits import check_media
from modelwright.data.read.reader import Batch, Read, Said
from modelwright.data.read.source import digest, existing, modified, opened
from modelwright.data.split.given import PARTS
from modelwright.goal.sections import ReadingSection

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"(\.idx|[-.]ubyte)(\.gz|\.bz2|\.xz)?$", re.IGNORECASE)
_IMAGES = re.compile(r"images?", re.IGNORECASE)
_RANK = re.compile(r"idx[34]", re.IGNORECASE)
_KNOWN_PARTS = {**PARTS, "t10k": "test"}


class IdxReader:
    """A file of images (its labels are found beside it), or a folder of such pairs, one for each part."""

    name = "idx"
    takes: frozenset[str] = frozenset()

    def suits(self, source: str) -> bool:
        if "://" in source:
            return False
        path = Path(source)
        if path.is_dir():
            return any(_is_images(p) for p in _files(path))
        return _NAME.search(path.name) is not None

    def read(self, source: str, query: str | None = None) -> Read:
        return self.read_all([source], ReadingSection())

    def read_all(
        self,
        sources: Sequence[str],
        wishes: ReadingSection,
        target: str | None = None,
        plan: Mapping[str, Any] | None = None,
    ) -> Read:
        paths = [path for source in sources for path in _images_of(source)]
        frames, used = [], []
        for path in paths:
            labels = labels_beside(path)
            frames.append(_frame(path, labels))
            used += [path] if labels is None else [path, labels]
        labelled = ["label" in frame.columns for frame in frames]
        if any(labelled) and not all(labelled):
            lacking = paths[labelled.index(False)]
            raise BadData(
                f"{lacking.name} has no labels beside it, as the other images have",
                code="data.idx-labels",
                hint=f"put {_labels_name(lacking.name)} into the same folder, or name one file of images",
            )
        parts = [_part(path.name) for path in paths]
        said: tuple[Said, ...] = ()
        part = None
        if len(paths) > 1 and {"train", "test"} <= set(parts):
            part = "part"
            frames = [
                frame.with_columns(pl.lit(name).alias("part"))
                for frame, name in zip(frames, parts, strict=True)
            ]
            count = sum(f.height for f, p in zip(frames, parts, strict=True) if p == "test")
            said = (
                Said(
                    "collect.parts",
                    "note",
                    f"the names of the files part the rows: the {count:,} of "
                    f"{paths[parts.index('test')].name} are the test",
                    "Name one of the files as the source if the rows should be parted anew.",
                ),
            )
        frame = pl.concat(frames)
        digests = [digest(path) for path in used]
        facts = SourceFacts(
            name=Path(sources[0]).name,
            format=self.name,
            rows=frame.height,
            columns=frame.width,
            bytes=sum(path.stat().st_size for path in used),
            digest=hashlib.sha256("".join(digests).encode()).hexdigest(),
            modified=max(modified(path) for path in used),
            details={"media": "image", "idx files": ", ".join(path.name for path in used)},
        )
        beside = ("file",) if part is None else ("file", part)
        return Read(frame, facts, (), (), said, None, beside, part)

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        yield from (Batch(part) for part in self.read(source).frame.iter_slices(rows))


def content_digest(source: str) -> str:
    """That of :attr:`SourceFacts.digest` for the source as it is now."""
    used: list[Path] = []
    for path in _images_of(source):
        labels = labels_beside(path)
        used += [path] if labels is None else [path, labels]
    return hashlib.sha256("".join(digest(path) for path in used).encode()).hexdigest()


def parse(content: bytes, name: str) -> npt.NDArray[Any]:
    """The array of an idx file, of the shape and type that its header says, in native byte order.

    Raises :class:`BadData` where the header is none, or the values are fewer or more than it says.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES or content[3] == 0:
        raise BadData(
            f"{name} is no idx file: it begins with {content[:4].hex(' ') or 'nothing'}",
            code="data.idx",
            hint="idx files begin with 00 00, a type (08 for bytes) and the number of dimensions",
        )
    rank, dtype = content[3], np.dtype(TYPES[content[2]])
    start = 4 + 4 * rank
    shape = tuple(int.from_bytes(content[4 + 4 * k : 8 + 4 * k], "big") for k in range(rank))
    expected = math.prod(shape) * dtype.itemsize  # Python's integers: a header may say any number
    if len(content) < start or len(content) - start != expected:
        raise BadData(
            f"{name} is not whole: its header says {' x '.join(str(n) for n in shape)} values, "
            f"{expected:,} bytes, and {max(0, len(content) - start):,} follow",
            code="data.idx",
            hint="the file is damaged or cut short; copy it again",
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def as_maps(images: npt.NDArray[Any], name: str) -> list[bytes]:
    """Each image as a PGM (grey) or PPM (three channels) file.

    ``images``: uint8 [n, height, width] or [n, height, width, 3], or integers of 0 to 65535.
    """
    grey = images.ndim == 3
    if not grey and not (images.ndim == 4 and images.shape[3] == 3):
        raise BadData(
            f"{name} holds an array of {' x '.join(map(str, images.shape))}, and no images",
            code="data.idx",
            hint="images are count x height x width, or count x height x width x 3",
        )
    height, width = images.shape[1:3]
    if images.dtype.kind not in "iu" or (images.size and (images.min() < 0 or images.max() > 65_535)):
        raise BadData(
            f"{name} holds values of the type {images.dtype} that are no levels of grey or colour",
            code="data.idx",
            hint="write images as bytes of 0 to 255",
        )
    deep = images.dtype != np.uint8 and bool(images.size) and int(images.max()) > 255
    check_media(images.size * (2 if deep else 1), name)
    values = images.astype(">u2" if deep else np.uint8)
    head = f"P{5 if grey else 6}\n{width} {height}\n{65_535 if deep else 255}\n".encode()
    return [head + image.tobytes() for image in values]


def labels_beside(images: Path) -> Path | None:
    """The file of labels that belongs to a file of images; None where there is none."""
    wanted = _labels_name(images.name)
    folder = {p.name: p for p in _files(images.parent)}
    stem = _NAME.sub("", wanted)
    near = [p for name, p in folder.items() if _NAME.search(name) and _NAME.sub("", name) == stem]
    return folder.get(wanted) or (near[0] if len(near) == 1 else None)


def _labels_name(name: str) -> str:
    return _RANK.sub("idx1", _IMAGES.sub("labels", name))


def _is_images(path: Path) -> bool:
    return _NAME.search(path.name) is not None and _IMAGES.search(path.name) is not None


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _images_of(source: str) -> list[Path]:
    path = Path(source)
    if not path.is_dir():
        return [existing(source)]
    return [p for p in _files(path) if _is_images(p)]


def _part(name: str) -> str:
    first = re.split(r"[-_.]", name.lower())[0]
    return _KNOWN_PARTS.get(first, "train")


def _content(path: Path) -> bytes:
    pieces, size = [], 0
    with opened(existing(str(path))) as file:
        while piece := file.read(1 << 20):
            pieces.append(piece)
            size += len(piece)
            check_media(size, path.name)
    return b"".join(pieces)


def _frame(path: Path, labels: Path | None) -> pl.DataFrame:
    images = parse(_content(path), path.name)
    if images.ndim == 1:
        raise BadData(
            f"{path.name} holds labels, and no images",
            code="data.idx",
            hint="name the file of images; its labels are found beside it",
        )
    maps = as_maps(images, path.name)
    if not maps:
        raise BadData(f"{path.name} holds no images", code="data.no-rows", hint="name another file")
    columns = [
        pl.Series("file", [f"{path.name}#{k}" for k in range(len(maps))], dtype=pl.String),
        pl.Series("image", maps, dtype=pl.Binary),
    ]
    if labels is not None:
        values = parse(_content(labels), labels.name)
        if values.shape != (len(maps),):
            raise BadData(
                f"{labels.name} holds {len(values):,} labels for {len(maps):,} images of {path.name}",
                code="data.idx-labels",
                hint="put the labels beside the images that they belong to",
            )
        columns.append(pl.Series("label", [str(v) for v in values.tolist()], dtype=pl.String))
    return pl.DataFrame(columns)
