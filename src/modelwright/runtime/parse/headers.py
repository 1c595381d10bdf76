"""What the first bytes of a picture say, read without a decoder."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PGM: Final = re.compile(rb"P5\n([1-9][0-9]{0,4}) ([1-9][0-9]{0,4})\n255\n")


def pgm(content: bytes) -> npt.NDArray[np.uint8] | None:
    """The pixels [height, width] of a plain PGM file, as idx files are read; None for all others."""
    head = PGM.match(content[:32])
    if head is None:
        return None
    width, height = int(head.group(1)), int(head.group(2))
    if len(content) != head.end() + width * height:
        return None
    return np.frombuffer(content, np.uint8, offset=head.end()).reshape(height, width)


def orientation_of(picture: Any) -> int:
    """How a camera was held, 1 to 8: EXIF tag 274 of a Pillow image.

    Read here, since Pillow parses the whole EXIF block, and warns or fails where any of it is broken.
    """
    tags = getattr(picture, "tag_v2", None)
    if tags is not None:
        found = tags.get(274, 1)
        return found if isinstance(found, int) and 1 <= found <= 8 else 1
    exif = picture.info.get("exif", b"")
    if not isinstance(exif, bytes):
        return 1
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "little", b"MM": "big"}.get(exif[:2])
    if order is None or len(exif) < 10:
        return 1

    def number(place: int, size: int) -> int:
        return int.from_bytes(exif[place : place + size], "little" if order == "little" else "big")

    start = number(4, 4)
    for entry in range(min(number(start, 2), 200)):
        place = start + 2 + 12 * entry
        if number(place, 2) == 274:
            found = number(place + 8, 2)
            return found if 1 <= found <= 8 else 1
    return 1
