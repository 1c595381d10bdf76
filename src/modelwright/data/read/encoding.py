"""Which encoding a text file is in, found from its bytes; and its bytes as UTF-8, chunk by chunk."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from modelwright.core.errors import BadData
from modelwright.data.read.source import opened, refuse_binary

CHUNK = 8 * 1024**2
_SAMPLE = 256 * 1024
# What charset-normalizer may choose from: with every codec of Python allowed, short files come out exotic.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "shift_jis", "euc_jp", "gb18030", "big5",
    "euc_kr",
]  # fmt: skip


WESTERN = "modelwright.western"


def _western(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 stands in a line that was pasted from a file of the old western encoding; more
    of them are a character that was cut off, and a byte of ones alone is damage."""
    assert isinstance(error, UnicodeDecodeError)
    alone = error.object[error.start : error.end]
    letter = len(alone) == 1 and alone != b"\xff"
    return (alone.decode("cp1252", "replace") if letter else "\ufffd"), error.end


codecs.register_error(WESTERN, _western)


@dataclass(frozen=True, slots=True)
class Encoding:
    name: str
    """Name of a Python codec."""
    skip: int = 0
    """Bytes of a byte order mark at the start."""
    lossy: bool = False
    """Whether some bytes are not valid UTF-8: single ones are read as Windows-1252, others as U+FFFD."""


def find(path: Path) -> Encoding:
    """Byte order mark first, then UTF-8 over the whole file, then the likeliest of the old encodings.

    Raises :class:`BadData` for a binary file and for text in no encoding that is known here.
    """
    with opened(path) as file:
        head = _full(file, 64 * 1024)
        refuse_binary(head, path)
        if head.startswith(codecs.BOM_UTF8):
            skip, name = 3, "utf-8"
        elif head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            name = "utf-16-le" if head[:2] == codecs.BOM_UTF16_LE else "utf-16-be"
            _whole(path, head[2:], file, name)
            return Encoding(name, 2)
        else:
            skip, name = 0, "utf-8"
        sample = _not_utf8(head[skip:], file)
    if sample is None:
        return Encoding(name, skip)
    replaced = sample.decode("utf-8", errors="replace")
    broken = replaced.count("\ufffd")
    valid = sum(1 for c in replaced if c > "\x7f" and c != "\ufffd")
    if skip or valid >= broken:  # by chance only few pairs of bytes of an old encoding are UTF-8
        return Encoding("utf-8", skip, lossy=True)
    return Encoding(_old(sample, path), 0)


def _full(file: IO[bytes], size: int) -> bytes:
    parts = []
    while size > 0:
        part = file.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _whole(path: Path, first: bytes, file: IO[bytes], name: str) -> None:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        part = first
        while part:
            decoder.decode(part)
            part = file.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path.name} begins as {name.upper()} text, but is not that throughout ({error.reason})",
            code="data.encoding",
            hint="the file is damaged or cut short; save it again as UTF-8",
        ) from error


def _not_utf8(first: bytes, file: IO[bytes]) -> bytes | None:
    """``None`` if all is UTF-8; else bytes around the first place that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    part, before = first, b""
    while part:
        try:
            decoder.decode(part)
        except UnicodeDecodeError as error:
            start = max(0, error.start - 1024)
            sample = bytes(error.object[start:])
            if len(sample) < _SAMPLE:
                sample += file.read(_SAMPLE - len(sample))
            return sample[:_SAMPLE]
        before = part[-8:]
        part = file.read(CHUNK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return before
    return None


def _old(sample: bytes, path: Path) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    if best is not None:
        # Where the common encoding says the same it is the likelier one for the rest of the file.
        western = sample.decode("cp1252", errors="replace")
        return "cp1252" if western == sample.decode(best.encoding, errors="replace") else str(best.encoding)
    for name in ("cp1252", "latin-1"):
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        if sum(1 for c in text if "\x7f" <= c < "\xa0") * 50 <= len(text):
            return name
    raise BadData(
        f"{path.name} is text in no encoding that is known here",
        code="data.encoding",
        hint="save the file again as UTF-8",
    )


def utf8(path: Path, encoding: Encoding, start: int = 0) -> Iterator[bytes]:
    """The file's text as UTF-8 bytes without a byte order mark, in chunks of about 8 MiB.

    ``start``: the byte of an uncompressed file where a line begins, to leave out what stands before it.
    """
    with opened(path) as file:
        if start:
            file.seek(start)
        elif encoding.skip:
            file.read(encoding.skip)
        if encoding.name == "utf-8" and not encoding.lossy:
            while part := file.read(CHUNK):
                yield part
            return
        errors = WESTERN if encoding.lossy else "replace"
        decoder = codecs.getincrementaldecoder(encoding.name)(errors=errors)
        while part := file.read(CHUNK):
            yield decoder.decode(part).encode()
        yield decoder.decode(b"", final=True).encode()
