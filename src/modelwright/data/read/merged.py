"""Merged cells of a workbook (.xlsx): where they are, and how their values fill them.

The reader of workbooks gives a merged range as one filled cell and blanks. Here the ranges are read out of
the sheet's XML (ECMA-376, 18.3.1.55 mergeCells) with patterns over its bytes: no entity is ever looked at.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwright.core.errors import BadData
from modelwright.runtime.parse.number import PLAIN

_PIECE = 1 << 20
_OVERLAP = 512
_FREE = 64 * 1024**2
_MOST_RATIO = 100
"""Of unpacked to packed bytes of a workbook, beyond the first 64 MiB: real ones have ten to twenty."""
_MOST_NAMES = 16 * 1024**2
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']"
)
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=\"([A-Z]{1,3})\d{1,7}\"[^>]*(?<!/)>")


@dataclass(frozen=True, slots=True)
class Range:
    """A merged range: rows and columns from 0, both ends within."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def width(self) -> int:
        return self.right - self.left + 1


def refuse_bomb(path: Path) -> None:
    """Raises :class:`BadData` for a workbook that swells without measure when it is unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as book:
        unpacked = sum(info.file_size for info in book.infolist())
    if unpacked > max(_FREE, _MOST_RATIO * path.stat().st_size):
        raise BadData(
            f"{path.name} unpacks to {unpacked // 10**6:,} MB, "
            f"{unpacked // path.stat().st_size:,} times its size",
            code="data.too-large",
            hint="open it in a spreadsheet program and export the sheet as CSV if it is meant to be so large",
        )


def ranges(path: Path, sheet: str) -> list[Range]:
    """The merged ranges of a sheet, by the columns as they are given (the first filled one is 0).

    Empty for other formats than .xlsx, and where the workbook does not say where the sheet is.
    """
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as book:
        part = _part(book, sheet)
        if part is None:
            return []
        found = [
            Range(int(top) - 1, _column(left), int(bottom) - 1, _column(right))
            for piece in _pieces(book, part)
            for left, top, right, bottom in _MERGED.findall(piece)
        ]
        if not found:
            return []
        first = min(
            (_column(name) for piece in _pieces(book, part) for name in _CELL.findall(piece)), default=0
        )
    unique = {(r.top, r.left): r for r in found if r.bottom >= r.top and r.left >= first}
    return [Range(r.top, r.left - first, r.bottom, r.right - first) for _, r in sorted(unique.items())]


def _pieces(book: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    rest = b""
    with book.open(part) as stream:
        while piece := stream.read(_PIECE):
            yield rest + piece
            rest = piece[-_OVERLAP:]


def _part(book: zipfile.ZipFile, sheet: str) -> str | None:
    """The name in the archive of the sheet's XML."""
    names = set(book.namelist())
    start = "xl/workbook.xml"
    links = "xl/_rels/workbook.xml.rels"
    if not {start, links} <= names or max(book.getinfo(n).file_size for n in (start, links)) > _MOST_NAMES:
        return None
    wanted = ""
    for found in _SHEET.finditer(book.read(start)):
        given = _attributes(found[1])
        if given.get("name") == sheet:
            wanted = next((value for key, value in given.items() if key.endswith(":id")), "")
    for found in _RELATION.finditer(book.read(links)):
        given = _attributes(found[1])
        if wanted and given.get("Id") == wanted:
            target = given.get("Target", "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            return place if place in names else None
    return None


def _attributes(text: bytes) -> dict[str, str]:
    return {
        key.decode(): html.unescape((one or other).decode("utf-8", errors="replace"))
        for key, one, other in _ATTRIBUTE.findall(text)
    }


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def fill(rows: list[list[str | None]], found: Sequence[Range]) -> int:
    """Put the value of each range into all its cells, where it is a label; how many cells got one.

    What stands alone in its row is a title, and stays as it is. So does a number that is merged over rows,
    unless most of its column is: three rows with one sum have no sum each. Ranges that hold more cells than
    there are lie over each other, which no spreadsheet program writes: nothing is filled then, since it could
    take hours.
    """
    filled = 0
    width = max(map(len, rows), default=0)
    covered = sum(
        max(0, min(one.bottom + 1, len(rows)) - one.top) * max(0, min(one.right + 1, width) - one.left)
        for one in found
    )
    if covered > len(rows) * width:
        return 0
    merged = Counter[int]()
    for one in found:
        if one.width == 1:
            merged[one.left] += one.bottom - one.top + 1
    for one in found:
        if one.top >= len(rows) or one.left >= len(rows[one.top]):
            continue
        value = rows[one.top][one.left]
        if value is None or not value.strip() or title(rows, one):
            continue
        of_number = PLAIN.fullmatch(value.strip()) is not None
        if of_number and one.bottom > one.top and 2 * merged[one.left] < len(rows):
            continue
        for row in rows[one.top : one.bottom + 1]:
            for place in range(one.left, min(one.right + 1, len(row))):
                if row[place] is None:
                    row[place] = value
                    filled += 1
    return filled


def title(rows: Sequence[Sequence[str | None]], one: Range) -> bool:
    """Whether a range is a title or a heading: wider than a cell, and nothing stands beside it."""
    if one.width < 2 or one.top >= len(rows):
        return False
    row = rows[one.top]
    return all(
        value is None or not value.strip()
        for place, value in enumerate(row)
        if not one.left <= place <= one.right
    )
