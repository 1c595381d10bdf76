"""Documents: a text file that is one cell."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from modelwright.data.read import encoding as encodings
from modelwright.data.read.limits import LARGEST_CELL, too_large


def document(content: bytes, file: str) -> tuple[str, str]:
    """The text of a file of that name, and its encoding: by its byte order mark, UTF-8, or the likeliest.

    Line ends become line feeds. Raises :class:`~modelwright.core.errors.BadData` where it is no text, or is
    larger than a cell may be.
    """
    name = "utf-8"
    try:
        if b"\0" in content[:65_536]:
            raise UnicodeDecodeError("utf-8", b"", 0, 0, "zero bytes")
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
            path = Path(folder) / (PurePosixPath(file).name or "document")
            path.write_bytes(content)
            found = encodings.find(path)
            name = found.name
            text = b"".join(encodings.utf8(path, found)).decode("utf-8", errors="replace")
    if len(text) > LARGEST_CELL:
        raise too_large(file, "the document")
    return text.replace("\r\n", "\n").replace("\r", "\n"), name
