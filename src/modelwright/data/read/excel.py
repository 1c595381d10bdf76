"""Excel workbooks: a sheet, or all that are alike, with the header found below title rows.

``file.xlsx#Sheet`` names a sheet. Merged cells (of .xlsx) fill their range where they are labels; a header
may be of two rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import merged
from modelwright.data.read import names as column_names
from modelwright.data.read import survey as surveys
from modelwright.data.read.frame import flat
from modelwright.data.read.limits import LARGEST_CELL, check_columns, too_large
from modelwright.data.read.reader import Batch, Read, Said
from modelwright.data.read.source import digest, existing, modified
from modelwright.data.read.stacked import stack
from modelwright.data.read.survey import Survey
from modelwright.goal.sections import ReadingSection

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_LOOKED_AT = 30
_OLD = b"\xd0\xcf\x11\xe0"
"""An OLE compound file: old workbooks, and the shell around an encrypted new one (MS-OFFCRYPTO)."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DEEPEST_HEADER = 3


@dataclass(slots=True)
class _Table:
    """The table of one sheet. ``header``: its rows, the first counted from 1."""

    sheet: str
    frame: pl.DataFrame
    header: tuple[int, int]
    notes: list[str] = field(default_factory=list)
    survey: Survey | None = None


class ExcelReader:
    """Cells keep their types: numbers, dates, texts; a column that mixes numbers with words is text."""

    name = "excel"
    takes = frozenset({"sheets"})

    def __init__(self) -> None:
        self.wishes = ReadingSection()

    def suits(self, source: str) -> bool:
        return "://" not in source and Path(_parted(source)[0]).suffix.lower() in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        return self._read(source, None)

    def planned(self, source: str, rows: int, plan: Mapping[str, Any]) -> Iterator[Batch]:
        """Rows of an export of a survey, as those of the one that the plan was made of."""
        made = self._read(source, Survey.from_json(plan))
        for part in made.frame.iter_slices(rows):
            yield Batch(part)

    def _read(self, source: str, survey: Survey | None) -> Read:
        file, sheet = _parted(source)
        path = existing(file)
        merged.refuse_bomb(path)
        book = _workbook(path)
        sheets = list(book.sheet_names)
        if sheet is not None and sheet not in sheets:
            near = difflib.get_close_matches(sheet, sheets, 1, 0.5)
            raise BadData(
                f"{path.name} has no sheet {sheet!r}",
                code="data.sheet",
                hint=(f"did you mean {path.name}#{near[0]}? " if near else "")
                + f"the sheets are: {', '.join(sheets)}",
            )
        table, passed = _first(path, book, [sheet] if sheet is not None else sheets, survey)
        others = [one for one in sheets if one != table.sheet]
        notes = list(table.notes)
        beside: tuple[str, ...] = ()
        details = {"sheet": table.sheet, "header row": "-".join(map(str, dict.fromkeys(table.header)))}
        frame = table.frame
        if self.wishes.sheets == "all" and sheet is None:
            frame, names, left = _joined(path, book, table, others)
            beside = ("sheet",) if "sheet" not in table.frame.columns else ()
            details["sheet"] = ", ".join(names)
            others = left
            notes.append(f"The sheets {', '.join(map(repr, names))} were put one under the other.")
            if left:
                notes.append(f"Left out, with other columns or none: {', '.join(map(repr, left))}.")
        elif others:
            why = f", the first with a table (before it: {', '.join(map(repr, passed))})" if passed else ""
            notes.append(
                f"Sheet {table.sheet!r} was read{why}; there are also {', '.join(repr(o) for o in others)}."
            )
        if others:
            details["other sheets"] = ", ".join(others)
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
        said: tuple[Said, ...] = ()
        plan = None
        if table.survey is not None and self.wishes.sheets is None:
            said, plan = (table.survey.said(),), table.survey.to_json()
        return Read(frame, facts, (), tuple(notes), said, plan, beside)


def _first(path: Path, book: Any, sheets: list[str], survey: Survey | None) -> tuple[_Table, list[str]]:
    """The table of the first sheet that has one of several columns (else of the first with any), and the
    sheets before it. Raises :class:`BadData` where none has."""
    best: tuple[_Table, list[str]] | None = None
    reason: BadData | None = None
    for k, name in enumerate(sheets):
        try:
            found = _table(path, book, name, survey)
        except BadData as error:
            if error.code != "data.no-rows":
                raise
            reason = reason or error
            continue
        if found.frame.width > 1:
            return found, sheets[:k]
        best = best or (found, sheets[:k])
    if best is not None:
        return best
    assert reason is not None
    raise reason


def _joined(
    path: Path, book: Any, first: _Table, others: list[str]
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The sheets with the columns of the first, in the order of the workbook, with a column that names them;
    their names; and those of the others."""
    names, frames, left = [first.sheet], [first.frame], []
    for name in others:
        try:
            one = _table(path, book, name, None)
        except BadData as error:
            if error.code != "data.no-rows":
                raise
            left.append(name)
            continue
        if set(one.frame.columns) == set(first.frame.columns):
            names.append(name)
            frames.append(one.frame.select(first.frame.columns))
        else:
            left.append(name)
    if "sheet" not in first.frame.columns:
        frames = [f.with_columns(pl.lit(n).alias("sheet")) for f, n in zip(frames, names, strict=True)]
    return stack(frames), names, left


def _table(path: Path, book: Any, sheet: str, known: Survey | None) -> _Table:
    """The table of a sheet. Raises :class:`BadData` where it has none."""
    texts = _load(path, book, sheet, None)
    check_columns(texts.width, f"{path.name}, sheet {sheet!r}")
    _check_cells(texts, path.name, sheet)
    others = [name for name in book.sheet_names if name != sheet]
    found = merged.ranges(path, sheet) if path.suffix.lower() in (".xlsx", ".xlsm") else []
    rows = [list(row) for row in texts.rows()]
    headings = {one.top for one in found if merged.title(rows, one)}
    filled = merged.fill(rows, found)
    start, width = _header(rows)
    if start is None:
        raise BadData(
            f"the sheet {sheet!r} of {path.name} holds no table",
            code="data.no-rows",
            hint=f"name another sheet, as in {path.name}#{others[0]}" if others else "name another file",
        )
    last = _last_of_header(start, rows, found)
    given = [_named([rows[k][place] for k in range(start, last + 1)]) for place in range(width)]
    names, notes = column_names.settle(given)
    shown = pl.DataFrame(
        [pl.Series(str(k), [row[k] for row in rows[last + 1 :]], dtype=pl.String) for k in range(width)]
    )
    keep = pl.Series([k not in headings for k in range(last + 1, len(rows))], dtype=pl.Boolean)
    survey: Survey | None = None
    if last == start and not filled:
        body = shown.fill_null("")
        survey = surveys.find(given, body) if known is None else known
        survey = survey if survey is not None and survey.headed(body) else None
    if survey is not None:
        frame = survey.apply(body.slice(1))
    else:
        frame = _body(shown, _load(path, book, sheet, last + 1), names, keep)
    if not frame.height:
        raise BadData(
            f"the sheet {sheet!r} of {path.name} has a header and no rows",
            code="data.no-rows",
            hint="name another sheet, or another file",
        )
    if start:
        notes.append(f"{start} rows above the header of sheet {sheet!r} were left out.")
    if last > start:
        shown_as = next((name for name in given if ": " in name), given[-1])
        notes.append(f"The header of sheet {sheet!r} has {last - start + 1} rows, joined as in {shown_as!r}.")
    if filled:
        notes.append(
            f"{filled} blank cells of merged ranges of sheet {sheet!r} got the value of their range."
        )
    if out := len([k for k in headings if k > last]):
        notes.append(f"{out} rows of sheet {sheet!r} are headings over its whole width, and were left out.")
    return _Table(sheet, frame, (start + 1, last + 1), notes, survey)


def _check_cells(texts: pl.DataFrame, name: str, sheet: str) -> None:
    for place, series in enumerate(texts.get_columns(), 1):
        longest = series.str.len_bytes().max()
        if isinstance(longest, int) and longest > LARGEST_CELL:
            raise too_large(name, f"sheet {sheet!r}, column {place}")


def _last_of_header(start: int, rows: list[list[str | None]], found: list[merged.Range]) -> int:
    """The last row of the header: as far as its merged cells reach down, and one below a cell that is merged
    over several columns."""
    last = start
    for one in found:
        if one.top > start or one.bottom < start or merged.title(rows, one):
            continue
        last = max(last, one.bottom, one.bottom + 1 if one.width > 1 else 0)
    last = min(last, start + _DEEPEST_HEADER - 1, len(rows) - 1)
    while last > start and sum(bool(value and value.strip()) for value in rows[last]) < 2:
        last -= 1
    return last


def _named(parts: list[str | None]) -> str:
    """One name out of the rows of a header; a cell merged over several of them is named once."""
    return ": ".join(dict.fromkeys(" ".join(part.split()) for part in parts if part and part.strip()))


def _parted(source: str) -> tuple[str, str | None]:
    """Path and sheet; a file whose own name holds ``#`` is taken whole."""
    if "#" in source and not Path(source).exists():
        file, _, sheet = source.rpartition("#")
        return file, sheet
    return source, None


def _workbook(path: Path) -> Any:
    import fastexcel

    try:
        return fastexcel.read_excel(str(path))
    except Exception as error:  # the library has its own kind for each way in which a workbook can be damaged
        raise _damaged(path, error) from error


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


def _body(shown: pl.DataFrame, typed: pl.DataFrame, names: list[str], keep: pl.Series) -> pl.DataFrame:
    """Rows below the header; blank ones and headings left out.

    Typed cells have all digits of their numbers; their texts have the fifteen that Excel shows.
    """
    same = typed.height == shown.height and typed.width >= shown.width
    columns = []
    for place, name in enumerate(names):
        text = shown.to_series(place)
        series = typed.to_series(place) if same else text
        # The library makes nulls of some words ("NA") among numbers; that is for cleaning to do and say. And
        # what fills a merged range is known by its text alone.
        lost = series.is_null() & (text.fill_null("").str.strip_chars() != "") & keep
        columns.append((text if series.dtype == pl.String or lost.any() else series).rename(name))
    frame = pl.DataFrame(columns)
    blank = shown.select(pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "").alias("blank"))
    return flat(frame.filter(~blank["blank"] & keep))


def _header(rows: list[list[str | None]]) -> tuple[int | None, int]:
    """Row of the header and the width of the table; ``None`` where there is nothing.

    The header is the first row that fills nearly as many cells as the widest of the first rows; title rows
    above it fill one or two.
    """
    full = [[bool(value and value.strip()) for value in row] for row in rows]
    filled = [sum(row) for row in full[:_LOOKED_AT]]
    if not filled or not max(filled):
        return None, 0
    start = next(k for k, count in enumerate(filled) if count >= max(1, 0.6 * max(filled)))
    return start, max(k for row in full[start:] for k, is_full in enumerate(row) if is_full) + 1
