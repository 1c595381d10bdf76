"""Files that carry the sha256 of themselves: JSON with one line of its own for the digest.

The digest is that of the bytes without that line, so a reader can take the line out and count again. It
detects damage. It does not detect tampering: whoever changes the file can count again too; for that there is
the signature.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

_LINE = re.compile(rb'^ "sha256": "([0-9a-f]{64})",?\n', re.MULTILINE)
LARGEST = 64 * 2**20
"""Bytes of a manifest that are read at most."""


def sealed(data: dict[str, Any]) -> bytes:
    """The object as JSON bytes (sorted keys, one entry a line) with the line ``sha256`` over all the rest.

    Raises ``ValueError`` for a key named "sha256", and for numbers that JSON does not have.
    """
    if "sha256" in data:
        raise ValueError("the key 'sha256' is written by the seal")
    digest = hashlib.sha256(_without_line(_dump({**data, "sha256": "0" * 64}))[0]).hexdigest()
    return _dump({**data, "sha256": digest})


def unbroken(content: bytes) -> bool:
    """Whether the bytes have exactly one such line, and it is right."""
    rest, found = _without_line(content)
    return found is not None and hashlib.sha256(rest).hexdigest() == found


def _dump(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def _without_line(content: bytes) -> tuple[bytes, str | None]:
    """The bytes without the line, and the digest that it says; None unless there is just one."""
    found = list(_LINE.finditer(content))
    if len(found) != 1:
        return content, None
    start, end = found[0].span()
    return content[:start] + content[end:], found[0].group(1).decode()
