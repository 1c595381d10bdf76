"""Parquet, JSON, JSON lines, Excel, SQLite and frames from Python."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import batches, find_reader, read
from modelwright.data.read.door import READERS
from modelwright.data.read.frame import content_digest, read_frame

ROWS = [("ann", 1, 1.5), ("bob", None, 2.0)]


def small() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema={"name": pl.String, "n": pl.Int64, "x": pl.Float64}, orient="row")


def test_readers_enter_through_the_registry() -> None:
    assert list(READERS)[:8] == ["csv", "parquet", "jsonl", "json", "xml", "log", "excel", "database"]
    for source, name in (
        ("a.csv", "csv"), ("a.TSV.gz", "csv"), ("a.parquet", "parquet"), ("a.json", "json"),
        ("a.jsonl", "jsonl"), ("a.xml.gz", "xml"), ("a.xlsx#S", "excel"), ("a.sqlite", "database"),
        ("postgresql://h/d", "database"), ("sqlite:///a.b", "database"),
    ):  # fmt: skip
        assert find_reader(source).name == name


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = small().with_columns(tags=pl.Series([["a", "b"], []]), when=pl.Series([date(2024, 5, 1), None]))
    frame.write_parquet(path)
    made = read(str(path))
    assert made.frame.rows()[0] == ("ann", 1, 1.5, '["a", "b"]', date(2024, 5, 1))
    assert made.facts.rows == 2
    parts = [batch.frame for batch in batches(str(path), rows=1)]
    assert pl.concat(parts).equals(made.frame)


def test_json_layouts(tmp_path: Path) -> None:
    records = [{"name": "ann", "n": 1, "x": 1.5}, {"name": "bob", "x": 2, "deep": {"k": [1]}}]
    layouts: list[Any] = [records, {"rows": records}]
    for layout in layouts:
        (tmp_path / "t.json").write_text(json.dumps(layout))
        assert read(str(tmp_path / "t.json")).frame.rows() == [
            ("ann", 1, 1.5, None),
            ("bob", None, 2.0, 1),
        ]
    for columns in ({"a": [1, 2], "b": ["x", None]}, {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": None}}):
        (tmp_path / "t.json").write_text(json.dumps(columns))
        assert read(str(tmp_path / "t.json")).frame.rows() == [(1, "x"), (2, None)]
    (tmp_path / "t.json").write_text('{"a": 1}\n{"a": 2}\n')
    assert read(str(tmp_path / "t.json")).facts.format == "jsonl"


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n\nno\n{"a": 2, "b": "x"}\n[1]\n{"a": 3}')
    made = read(str(path))
    assert made.frame.rows() == [(1, None), (2, "x"), (3, None)]
    assert [(row.line, row.reason) for row in made.quarantine] == [
        (3, "not JSON: Expecting value at column 1"),
        (5, "JSON, but no record"),
    ]
    parts = list(batches(str(path), rows=2))
    assert [part.frame.rows() for part in parts] == [[(1, None), (2, "x")], [(3, None)]]
    assert [len(part.quarantine) for part in parts] == [1, 1]


def workbook(path: Path, rows: list[list[str | float | None]]) -> None:
    """The least that is a workbook: one sheet with texts and numbers written into its cells."""
    cells = []
    for r, row in enumerate(rows, 1):
        made = "".join(
            f'<c r="{chr(65 + c)}{r}" t="inlineStr"><is><t>{value}</t></is></c>'
            if isinstance(value, str)
            else f'<c r="{chr(65 + c)}{r}"><v>{value!r}</v></c>'
            for c, value in enumerate(row)
            if value is not None
        )
        cells.append(f'<row r="{r}">{made}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            f'<Default Extension="rels" ContentType="{kind}package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="{kind}officedocument.spreadsheetml.sheet.main+xml"/>'
            "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>',
        )


def test_excel_finds_the_header_below_titles(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    workbook(
        path,
        [
            ["People of the year", None, None, None],
            [],
            ["name", "code", "size", "mixed"],
            ["ann", "007", 1.5, 3],
            ["bob", "012", 0.1 + 0.2, "NA"],
            ["cid", "100", 12, 4],
        ],
    )
    made = read(str(path))
    assert made.frame.columns == ["name", "code", "size", "mixed"]
    assert made.frame.rows() == [
        ("ann", "007", 1.5, "3"),
        ("bob", "012", 0.1 + 0.2, "NA"),
        ("cid", "100", 12.0, "4"),
    ]
    assert made.facts.details == {"sheet": "People", "header row": "3"}
    assert read(f"{path}#People").frame.equals(made.frame)
    with pytest.raises(BadData, match="has no sheet 'Peopel'") as caught:
        read(f"{path}#Peopel")
    assert "did you mean t.xlsx#People?" in caught.value.hint


def test_excel_real(shared_data: Path) -> None:
    path = shared_data / "dirty/off_year_turnout_xlsx/off-year-turnout-2023.xlsx"
    heights = {name: read(f"{path}#{name}").frame.shape for name in ("Virginia", "Kentucky", "Pennsylvania")}
    assert heights == {"Virginia": (134, 33), "Kentucky": (120, 27), "Pennsylvania": (67, 34)}


def database(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table people (name text, n integer, x real, at text)")
        connection.execute("insert into people values ('ann', 1, 1.5, '10:30'), ('bob', null, 2.0, '11:45')")
    connection.close()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_sqlite(tmp_path: Path, form: str) -> None:
    path = tmp_path / "people of 2024.db"
    database(path)
    before = path.read_bytes()
    made = read(form.format(path))
    assert made.frame.rows() == [("ann", 1, 1.5, "10:30"), ("bob", None, 2.0, "11:45")]
    assert str(tmp_path) not in json.dumps(made.facts.details) + made.facts.name
    chosen = read(form.format(path), "select name, n as name from people where at = '10:30';")
    assert chosen.frame.rows() == [("ann", 1)]
    assert chosen.frame.columns == ["name", "name_2"]
    with pytest.raises(BadData, match="does not read rows"):
        read(form.format(path), "drop table people")
    with pytest.raises(BadData, match="refuses the query"):
        read(form.format(path), "with a as (select 1) insert into people (n) select * from a")
    assert path.read_bytes() == before


def test_chinook(shared_data: Path) -> None:
    query = (
        "select t.Milliseconds, t.UnitPrice, g.Name as Genre from Track t join Genre g using (GenreId) "
        "where t.Name <> ':'"
    )
    made = read(str(shared_data / "dirty/chinook_sqlite/Chinook_Sqlite.sqlite"), query)
    assert made.frame.shape == (3503, 3)


def frames() -> dict[str, Any]:
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    columns = {"name": ["ann", "bob"], "n": [1, None], "x": [1.5, 2.0]}
    return {
        "polars": small(),
        "lazy": small().lazy(),
        "pandas": pandas.DataFrame(
            {"name": ["ann", "bob"], "n": pandas.array([1, None], "Int64"), "x": [1.5, 2.0]}
        ),
        "arrow": pyarrow.table(columns),
        "dict": columns,
        "dict of arrays": {"name": np.array(["ann", "bob"]), "n": [1, None], "x": np.array([1.5, 2.0])},
        "records": [{"name": "ann", "n": 1, "x": 1.5}, {"name": "bob", "n": None, "x": 2.0}],
    }


def test_frames_from_python() -> None:
    digests = set()
    for kind, frame in frames().items():
        made = read_frame(frame)
        assert made.frame.rows() == ROWS, kind
        assert made.frame.dtypes == [pl.String, pl.Int64, pl.Float64], kind
        digests.add(made.facts.digest)
    assert len(digests) == 1


def test_arrays_and_rows() -> None:
    assert read_frame(np.array([[1.0, np.nan], [3.0, 4.0]])).frame.rows() == [(1.0, None), (3.0, 4.0)]
    assert read_frame([[1, "a"], [2, None]]).frame.rows() == [(1, "a"), (2, None)]
    mixed = read_frame({"x": [1, "a", 2.0, True, None, date(2024, 5, 1)]})
    assert mixed.frame["x"].to_list() == ["1", "a", "2", "true", None, "2024-05-01"]
    moments = read_frame({"x": [datetime(2024, 5, 1, tzinfo=UTC), None]})
    assert moments.frame["x"].dtype == pl.Datetime("us", "UTC")


def test_pandas_oddities() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "c": pandas.Categorical(["a", None, "b"]),
            "d": pandas.to_datetime(["2024-05-01", None, "2024-05-02"]),
            "b": [True, False, True],
            "f": [1.0, float("nan"), 3.0],
        },
        index=[5, 6, 7],
    )
    frame.columns = ["c", "d", "b", "b"]
    made = read_frame(frame)
    assert made.frame.columns == ["c", "d", "b", "b_2"]
    assert made.frame["c"].to_list() == ["a", None, "b"]
    assert made.frame["d"].to_list() == [datetime(2024, 5, 1), None, datetime(2024, 5, 2)]  # noqa: DTZ001
    assert made.frame["b_2"].to_list() == [1.0, None, 3.0]
    assert made.notes


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (7, "data.frame"),
        ("text", "data.frame"),
        ([], "data.frame"),
        ({"a": [1], "b": [1, 2]}, "data.shape"),
        ([[1], [1, 2]], "data.shape"),
        (np.zeros(3), "data.shape"),
        (pl.DataFrame(), "data.no-rows"),
        (pl.DataFrame({"a": []}), "data.no-rows"),
    ],
)
def test_bad_frames(frame: Any, code: str) -> None:
    with pytest.raises(BadData) as caught:
        read_frame(frame)
    assert caught.value.code == code


def test_digests_tell_values_and_types_apart() -> None:
    a, b = pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [1, 3]})
    made = {
        content_digest(f)
        for f in (a, b, a.cast(pl.String), a.rename({"x": "y"}), a.with_columns(x=pl.lit(None)))
    }
    assert len(made) == 5
    assert content_digest(a) == content_digest(a.clone())
