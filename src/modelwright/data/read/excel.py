"""Excel workbooks: one sheet, with its header found below title rows. ``file.xlsx#Sheet`` names a sheet."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import to_polars
from modelwright.data.read.reader import Read
from modelwright.data.read.source import digest, existing, modified

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_LOOKED_AT = 30


class ExcelReader:
    """Numbers are numbers; dates and other cells are text, as is a column that mixes numbers with words."""

    name = "excel"

    def suits(self, source: str) -> bool:
        return "://" not in source and Path(_parted(source)[0]).suffix.lower() in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        file, sheet = _parted(source)
        path = existing(file)
        rows, sheet, others = _sheet(path, sheet)
        start, width = _header(rows)
        if start is None:
            raise BadData(
                f"the sheet {sheet!r} of {path.name} holds no table",
                code="data.no-rows",
                hint=f"name another sheet, as in {path.name}#{others[0]}" if others else "name another file",
            )
        body = [row[:width] for row in rows[start + 1 :]]
        body = [row for row in body if any(value not in (None, "") for value in row)]
        if not body:
            raise BadData(
                f"the sheet {sheet!r} of {path.name} has a header and no rows",
                code="data.no-rows",
                hint="name another sheet, or another file",
            )
        header = [_name(value) for value in rows[start][:width]]
        names, notes = column_names.settle(header)
        frame = to_polars({name: [row[k] for row in body] for k, name in enumerate(names)})[0]
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


def _sheet(path: Path, wanted: str | None) -> tuple[list[tuple[Any, ...]], str, list[str]]:
    """All cells of a sheet row by row, its name, and the names of the others."""
    import fastexcel

    try:
        book = fastexcel.read_excel(str(path))
        sheets = list(book.sheet_names)
        if wanted is not None and wanted not in sheets:
            near = difflib.get_close_matches(wanted, sheets, 1, 0.5)
            raise BadData(
                f"{path.name} has no sheet {wanted!r}",
                code="data.sheet",
                hint=(f"did you mean {path.name}#{near[0]}? " if near else "")
                + f"the sheets are: {', '.join(sheets)}",
            )
        # Everything as text: the header is text, so a column with it would be of mixed types else.
        name = wanted if wanted is not None else sheets[0]
        texts = book.load_sheet(name, header_row=None, dtypes="string").to_polars()
    except BadData:
        raise
    except Exception as error:  # the library raises its own kinds for each way a workbook can be damaged
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadData(
            f"{path.name} cannot be read as a workbook: {first}",
            code="data.excel",
            hint="open it in a spreadsheet program and save it again as .xlsx, or export the sheet as CSV",
        ) from error
    return _cells(texts), name, [other for other in sheets if other != name]


def _cells(texts: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Cells by row; texts that are numbers become numbers."""
    columns = [[_value(text) for text in column.to_list()] for column in texts.get_columns()]
    return list(zip(*columns, strict=True))


def _value(text: str | None) -> str | float | int | None:
    """A cell's text as the number that it shows."""
    if text is None or not text.strip():
        return None
    from modelwright.runtime.parse.number import plain_number

    number = plain_number(text)
    # Codes such as 007 and long identifiers stay text.
    if number is not None and repr(number).removesuffix(".0") == text.removesuffix(".0"):
        return int(number) if number == int(number) and abs(number) < 2**53 else number
    return text


def _header(rows: list[tuple[Any, ...]]) -> tuple[int | None, int]:
    """Row of the header and the width of the table.

    The first row that fills nearly as many cells as the widest of the first rows, with texts; title rows
    above it fill one or two.
    """
    if not rows:
        return None, 0
    filled = [sum(1 for value in row if value not in (None, "")) for row in rows[:_LOOKED_AT]]
    widest = max(filled)
    if not widest:
        return None, 0
    start = next(k for k, count in enumerate(filled) if count >= max(1, 0.6 * widest))
    columns = [k for k in range(len(rows[0])) if any(row[k] not in (None, "") for row in rows[start:])]
    return start, max(columns) + 1


def _name(value: Any) -> str:
    from modelwright.runtime.parse.values import plain, render

    made = plain(value)
    return "" if made is None else render(made)
