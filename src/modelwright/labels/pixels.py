"""The width and height of an image, from the first bytes of its file: PNG, JPEG, GIF, WebP, BMP.

The formats' own specifications: PNG (W3C, 11.2.2 IHDR), JPEG (ITU-T T.81, B.2.2 frame header; the
orientation of Exif is not read), GIF89a (logical screen descriptor), WebP (RFC 9649), BMP (BITMAPINFOHEADER).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels; None where the file is none of these, or damaged."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
            if head.startswith(b"\x89PNG\r\n\x1a\n"):
                return _pair(struct.unpack(">II", head[16:24]))
            if head.startswith((b"GIF87a", b"GIF89a")):
                return _pair(struct.unpack("<HH", head[6:10]))
            if head.startswith(b"BM"):
                wide, high = struct.unpack("<ii", head[18:26])
                return _pair((wide, abs(high)))
            if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
                return _webp(head)
            if head.startswith(b"\xff\xd8"):
                file.seek(2)
                while True:
                    marker = file.read(2)
                    if len(marker) < 2 or marker[0] != 0xFF:
                        return None
                    if marker[1] == 0xFF:
                        file.seek(-1, 1)
                        continue
                    (length,) = struct.unpack(">H", file.read(2))
                    if marker[1] in _FRAMES:
                        high, wide = struct.unpack(">HH", file.read(5)[1:])
                        return _pair((wide, high))
                    file.seek(length - 2, 1)
    except (OSError, struct.error):
        return None
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return _pair((int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1))
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return _pair(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
    if kind == b"VP8 ":
        wide, high = struct.unpack("<HH", head[26:30])
        return _pair((wide & 0x3FFF, high & 0x3FFF))
    return None


def _pair(found: tuple[int, ...]) -> tuple[int, int] | None:
    wide, high = found
    return (wide, high) if wide > 0 and high > 0 else None
