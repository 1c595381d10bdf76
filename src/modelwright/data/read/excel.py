"""Excel workbooks: one sheet, with its header found below title rows. ``file.xlsx#Sheet`` names a sheet."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import flat
from modelwright.data.read.reader import Read
from modelwright.data.read.source import digest, existing, modified

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_LOOKED_AT = 30
_OLD = b"\xd0\xcf\x11\xe0"
"""An OLE compound file: old workbooks, and the shell around an encrypted new one (MS-OFFCRYPTO)."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class ExcelReader:
    """Cells keep their types: numbers, dates, texts; a column that mixes numbers with words is text."""

    name = "excel"

    def suits(self, source: str) -> bool:
        return "://" not in source and Path(_parted(source)[0]).suffix.lower() in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        file, sheet = _parted(source)
        path = existing(file)
        book, sheet, others = _workbook(path, sheet)
        texts = _load(path, book, sheet, None)
        start, width = _header(texts)
        if start is None:
            raise BadData(
                f"the sheet {sheet!r} of {path.name} holds no table",
                code="data.no-rows",
                hint=f"name another sheet, as in {path.name}#{others[0]}" if others else "name another file",
            )
        names, notes = column_names.settle([value or "" for value in texts.row(start)[:width]])
        frame = _body(texts.slice(start + 1), _load(path, book, sheet, start + 1), names)
        if not frame.height:
            raise BadData(
                f"the sheet {sheet!r} of {path.name} has a header and no rows",
                code="data.no-rows",
                hint="name another sheet, or another file",
            )
        details = {"sheet": sheet, "header row": str(start + 1)}
        if others:
            details["other sheets"] = ", ".join(others)
            notes.append(f"Sheet {sheet!r} was read; there are also {', '.join(repr(o) for o in others)}.")
        if start:
            notes.append(f"{start} rows above the header of sheet {sheet!r} were left out.")
        facts = SourceFacts(
            name=path.name,
            format="excel",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
            details=details,
        )
        return Read(frame, facts, (), tuple(notes))


def _parted(source: str) -> tuple[str, str | None]:
    """Path and sheet; a file whose own name holds ``#`` is taken whole."""
    if "#" in source and not Path(source).exists():
        file, _, sheet = source.rpartition("#")
        return file, sheet
    return source, None


def _workbook(path: Path, wanted: str | None) -> tuple[Any, str, list[str]]:
    """The workbook, the name of the sheet to read, and the names of the others."""
    import fastexcel

    try:
        book = fastexcel.read_excel(str(path))
    except Exception as error:  # the library has its own kind for each way in which a workbook can be damaged
        raise _damaged(path, error) from error
    sheets = list(book.sheet_names)
    name = wanted if wanted is not None else sheets[0]
    if name not in sheets:
        near = difflib.get_close_matches(name, sheets, 1, 0.5)
        raise BadData(
            f"{path.name} has no sheet {name!r}",
            code="data.sheet",
            hint=(f"did you mean {path.name}#{near[0]}? " if near else "")
            + f"the sheets are: {', '.join(sheets)}",
        )
    return book, name, [other for other in sheets if other != name]


def _load(path: Path, book: Any, sheet: str, skip: int | None) -> pl.DataFrame:
    """Cells of a sheet: all as text, or typed after so many rows."""
    try:
        if skip is None:
            made = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        else:
            made = book.load_sheet(sheet, header_row=None, skip_rows=skip, schema_sample_rows=None)
        frame: pl.DataFrame = made.to_polars()
    except Exception as error:  # as above
        raise _damaged(path, error) from error
    return frame


def _damaged(path: Path, error: Exception) -> BadData:
    with path.open("rb") as file:
        head = file.read(1 << 20)
    if head.startswith(_OLD) and _ENCRYPTED in head:
        return BadData(
            f"{path.name} is protected with a password",
            code="data.encrypted",
            hint="open it in a spreadsheet program, take the password off and save it again as .xlsx",
        )
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadData(
        f"{path.name} cannot be read as a workbook: {first}",
        code="data.excel",
        hint="open it in a spreadsheet program and save it again as .xlsx, or export the sheet as CSV",
    )


def _body(texts: pl.DataFrame, typed: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Rows below the header, blank ones left out.

    Typed cells have all digits of their numbers; their texts have the fifteen that Excel shows.
    """
    same = typed.height == texts.height and typed.width == texts.width
    columns = []
    for place, name in enumerate(names):
        shown = texts.to_series(place)
        series = typed.to_series(place) if same else shown
        # The library makes nulls of some words ("NA") among numbers; that is for cleaning to do and say.
        lost = series.is_null() & (shown.fill_null("").str.strip_chars() != "")
        columns.append((shown if series.dtype == pl.String or lost.any() else series).rename(name))
    frame = pl.DataFrame(columns)
    blank = texts.select(pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "").alias("blank"))[
        "blank"
    ]
    return flat(frame.filter(~blank))


def _header(texts: pl.DataFrame) -> tuple[int | None, int]:
    """Row of the header and the width of the table; ``None`` where there is nothing.

    The header is the first row that fills nearly as many cells as the widest of the first rows; title rows
    above it fill one or two.
    """
    rows = [[bool(value and value.strip()) for value in row] for row in texts.rows()]
    filled = [sum(row) for row in rows[:_LOOKED_AT]]
    if not filled or not max(filled):
        return None, 0
    start = next(k for k, count in enumerate(filled) if count >= max(1, 0.6 * max(filled)))
    return start, max(k for row in rows[start:] for k, full in enumerate(row) if full) + 1
