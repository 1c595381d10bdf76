"""Workbooks as people make them: several sheets, merged cells, two header rows, exports of surveys."""

from __future__ import annotations

import re
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import batches, merged, read
from modelwright.goal.sections import ReadingSection

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Sheet = tuple[dict[str, Any], tuple[str, ...]]
"""Cells by their names, and merged ranges."""


def workbook(path: Path, sheets: dict[str, Sheet]) -> Path:
    """A workbook as Excel writes it, in the parts that are needed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(
            f'<sheet name="{escape(name)}" sheetId="{k}" r:id="r{k}"/>' for k, name in enumerate(sheets, 1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="r{k}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        )
        for k, (cells, merges) in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{k}.xml", _sheet(cells, merges))
    return path


def _sheet(cells: dict[str, Any], merges: tuple[str, ...]) -> str:
    rows: dict[int, str] = {}
    for name, value in sorted(cells.items(), key=lambda item: (int(re.sub(r"\D", "", item[0])), item[0])):
        row = int(re.sub(r"\D", "", name))
        cell = (
            f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
            if isinstance(value, str)
            else f'<c r="{name}"/>'
            if value is None
            else f'<c r="{name}"><v>{value!r}</v></c>'
        )
        rows[row] = rows.get(row, "") + cell
    body = "".join(f'<row r="{row}">{text}</row>' for row, text in sorted(rows.items()))
    merged = "".join(f'<mergeCell ref="{one}"/>' for one in merges)
    merged = f'<mergeCells count="{len(merges)}">{merged}</mergeCells>' if merges else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{merged}</worksheet>'


def table(rows: list[list[Any]], at: str = "A1") -> dict[str, Any]:
    column, row = ord(at[0]), int(at[1:])
    return {
        f"{chr(column + j)}{row + i}": value
        for i, line in enumerate(rows)
        for j, value in enumerate(line)
        if value is not None
    }


SALES: Sheet = (
    table(
        [
            ["Sales & more"],
            [],
            ["Region", "Shop", 2020, None, 2021, None, "Sum"],
            [None, None, "Q1", "Q2", "Q1", "Q2"],
            ["North", "a", 1.5, 2, 3, 4, 30],
            [None, "b", 5, 6, 7, 8],
            ["South", "c", 1, 2, 3, 4, 10],
            ["Others below"],
            ["West", "d", 1, 2, 3, 4, 10],
        ],
        "B2",
    ),
    ("B2:H2", "B4:B5", "C4:C5", "D4:E4", "F4:G4", "H4:H5", "B6:B7", "H6:H7", "B9:H9"),
)


def test_merged_cells_and_two_header_rows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Notes": ({"A1": "made by hand"}, ()), "S & x": SALES})
    made = read(str(path))
    assert made.frame.columns == ["Region", "Shop", "2020: Q1", "2020: Q2", "2021: Q1", "2021: Q2", "Sum"]
    assert made.frame.rows() == [
        ("North", "a", 1.5, 2.0, 3.0, 4.0, 30.0),
        ("North", "b", 5.0, 6.0, 7.0, 8.0, None),
        ("South", "c", 1.0, 2.0, 3.0, 4.0, 10.0),
        ("West", "d", 1.0, 2.0, 3.0, 4.0, 10.0),
    ]
    assert made.facts.details == {"sheet": "S & x", "header row": "4-5", "other sheets": "Notes"}
    assert made.notes == (
        "3 rows above the header of sheet 'S & x' were left out.",
        "The header of sheet 'S & x' has 2 rows, joined as in '2020: Q1'.",
        "6 blank cells of merged ranges of sheet 'S & x' got the value of their range.",
        "1 rows of sheet 'S & x' are headings over its whole width, and were left out.",
        "Sheet 'S & x' was read, the first with a table (before it: 'Notes'); there are also 'Notes'.",
    )
    assert next(iter(batches(str(path)))).frame.equals(made.frame)


def test_sheets_with_the_same_columns(tmp_path: Path) -> None:
    sheets: dict[str, Sheet] = {
        "2020": (table([["n", "x"], [1, "a"], [2, "b"]]), ()),
        "about": (table([["key", "value"], ["made", "2021"]]), ()),
        "2021": (table([["Title"], ["x", "n"], ["c", 3]]), ()),
        "empty": ({}, ()),
    }
    path = workbook(tmp_path / "a.xlsx", sheets)
    assert read(str(path)).frame.height == 2
    made = read(str(path), wishes=ReadingSection(sheets="all"))
    assert made.frame.rows() == [(1.0, "a", "2020"), (2.0, "b", "2020"), (3.0, "c", "2021")]
    assert made.beside == ("sheet",)
    assert made.notes == (
        "The sheets '2020', '2021' were put one under the other.",
        "Left out, with other columns or none: 'about', 'empty'.",
    )
    assert made.facts.details["other sheets"] == "about, empty"
    with pytest.raises(BadData, match=r"the sheet 'empty' of a.xlsx holds no table"):
        read(f"{path}#empty")


def test_a_survey(tmp_path: Path) -> None:
    rows = [
        ["Age", None, "Which have you seen?", None, "Name"],
        ["18-29", "30-99", "One", "Two", "Response"],
        ["18-29", None, "One", "Two", "ann"],
        [None, "30-99", "One", None, "bob"],
        [None, "30-99", None, "Two", "cid"],
    ]
    path = workbook(tmp_path / "a.xlsx", {"S": (table(rows), ())})
    made = read(str(path))
    assert made.frame.columns == ["Age", "Which have you seen?: One", "Which have you seen?: Two", "Name"]
    assert made.frame.rows()[1] == ("30-99", "yes", "no", "bob")
    assert [one.code for one in made.said] == ["collect.survey"]
    other = workbook(tmp_path / "b.xlsx", {"S": (table(rows[:2] + rows[4:]), ())})
    assert next(iter(batches(str(other), plan=made.plan))).frame.rows() == [("30-99", "no", "yes", "cid")]


def test_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as out,
    ):
        for _ in range(80):
            out.write(b" " * (1 << 20))
    with pytest.raises(BadData, match=r"a.xlsx unpacks to 83 MB, ") as caught:
        read(str(path))
    assert caught.value.code == "data.too-large"


def test_ranges_that_lie_over_each_other_are_not_filled() -> None:
    rows: list[list[str | None]] = [["a", "b"], ["x", None], [None, None]]
    every = [merged.Range(top, 0, 1_048_575, 16_383) for top in range(3)] * 1000
    assert merged.fill(rows, every) == 0
    assert merged.fill(rows, [merged.Range(1, 0, 2, 0)]) == 1
