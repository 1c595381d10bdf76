"""Cells of media as JSON can hold them, on their way to a column's parser: text for bytes, lists."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

import numpy as np

LONGEST: Final = 96 * 1024**2
"""Characters of a text that is decoded: 72 MB."""
_DATA: Final = re.compile(r"data:[^,]{0,200};base64,", re.ASCII | re.IGNORECASE)


def content(text: str) -> bytes | None:
    """The bytes of base64 text (standard or for URLs, line ends allowed) or of a data URI; None of others."""
    head = _DATA.match(text)
    body = text[head.end() :] if head else text
    if not body or len(body) > LONGEST or not body.isascii():
        return None
    plain = "".join(body.split()).translate({45: 43, 95: 47})
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def arrived(kind: str, value: Any) -> Any:
    """The cell that a parser takes: sounds as bytes, images given as lists of pixels as an array. None where
    the text or the lists hold no such thing."""
    if kind == "audio" and isinstance(value, str):
        return content(value)
    if kind == "image" and isinstance(value, (list, tuple)):
        try:
            made = np.asarray(value)
        except ValueError:
            return None
        return made if made.dtype.kind in "iu" and made.ndim in (2, 3) else None
    return value
