"""Increments: only what is new is read, and the rows are those of a whole read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call
from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW, Collected, Earlier
from modelwright.data.collect import collect
from modelwright.goal.sections import ReadingSection, SourceSection


def again(section: SourceSection, before: Collected | None = None) -> tuple[Collected, str]:
    """What is collected, and what is said of what was kept."""
    book = Book()
    made = collect(section, book, earlier=Earlier(before))
    said = [one.message for one in book.items if getattr(one, "code", "") == "collect.increment"]
    assert len(said) == 1
    whole = collect(replace(section, increment=False), Book())
    one, other = made.table.get().drop(ROW), whole.table.get().drop(ROW)
    assert one.sort(one.columns).equals(other.sort(other.columns))
    assert made.digest == whole.digest
    assert made.quarantined == whole.quarantined
    assert sorted((made.quarantine.get() if made.quarantine else "").splitlines()) == sorted(
        (whole.quarantine.get() if whole.quarantine else "").splitlines()
    )
    return made, said[0]


def test_csv_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n;x\n1;a\n2;b;b\n3;\n" + "".join(f"{k};w\n" for k in range(50)))
    section = SourceSection(str(path), increment=True)
    first, said = again(section)
    assert said == "a.csv: nothing of it was read before: 52 rows were read."
    _, said = again(section, first)
    assert said == "a.csv: 52 rows were kept as they were read before, and 0 were added."
    with path.open("a") as file:
        file.write('9;"two\nlines"\n8;broken;broken\n7;z\n')
    second, said = again(section, first)
    assert said == (
        "a.csv: 52 rows were kept as they were read before, and 2 were added: a.csv grew by 2 rows behind "
        f"its first {first.sources[0].bytes} bytes."
    )
    with path.open("a") as file:
        file.write("5;not ended")
    third, said = again(section, second)
    assert "54 rows were kept" in said
    with path.open("a") as file:
        file.write("more\n4;z\n")
    fourth, said = again(section, third)
    assert "all of it was read again, since the last line of a.csv was not ended" in said
    path.write_text(path.read_text().replace("1;a", "1;b"))
    _, said = again(section, fourth)
    assert "since a.csv is not what it was in its first" in said
    path.write_text("n;x\n1;a\n")
    assert "since a.csv is not what it was" in again(section, fourth)[1]


def test_files_that_come(tmp_path: Path) -> None:
    section = SourceSection(str(tmp_path / "*.jsonl"), increment=True)
    (tmp_path / "b.jsonl").write_text('{"n": 1, "x": {"y": "a"}}\n{"n": 2, "x": {"y": "b"}}\n')
    first, _ = again(section)
    (tmp_path / "a.jsonl").write_text('{"n": 2.5, "x": {"y": "c"}}\nno record\n')
    with (tmp_path / "b.jsonl").open("a") as file:
        file.write('{"n": 3, "x": {"y": "d"}}\n')
    second, said = again(section, first)
    assert "2 rows were kept as they were read before, and 2 were added: a.jsonl is new (1 rows)" in said
    assert "b.jsonl grew by 1 rows" in said
    (tmp_path / "c.jsonl").write_text('{"n": 3, "z": 1}\n')
    third, said = again(section, second)
    (tmp_path / "a.jsonl").unlink()
    _, said = again(section, third)
    assert "since a.jsonl is not there any more" in said


def test_log_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    line = "2024-05-01 10:00:{:02d} INFO app - user {} logged in\n"
    path.write_text("".join(line.format(k, k * 7) for k in range(40)))
    section = SourceSection(str(path), increment=True)
    first, _ = again(section)
    with path.open("a") as file:
        file.write(line.format(50, 9) + line.format(51, 8))
    second, said = again(section, first)
    assert "40 rows were kept as they were read before, and 2 were added" in said
    with path.open("a") as file:
        file.write("  goes on\n")
    _, said = again(section, second)
    assert "goes on with a message" in said or "cannot be read by itself" in said
    windows = replace(section, reading=ReadingSection(window=10.0))
    first, _ = again(windows)
    with path.open("a") as file:
        file.write(line.format(52, 8))
    assert "windows of time may go on" in again(windows, first)[1]


def test_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table t (id integer, x text, at text)")
        connection.executemany(
            "insert into t values (?, ?, ?)", [(k, "a", f"2024-01-{k:02d}") for k in range(1, 9)]
        )
    for column in ("id", "at"):
        section = SourceSection(f"{path}", "select id, x, at from t where id > 2", increment=column)
        first, said = again(section)
        assert said.endswith("nothing of it was read before: 6 rows were read.") or column == "at"
        with connection:
            new = int(connection.execute("select max(id) from t").fetchone()[0]) + 1
            connection.execute("insert into t values (?, 'b', ?)", (new, f"2024-02-{new:02d}"))
        second, said = again(section, first)
        assert f"{first.rows} rows were kept as they were read before, and 1 were added" in said
        assert f"those whose {column} is above" in said
        with connection:
            connection.execute("delete from t where id = 3 or id = ?", (new - 2,))
        third, said = again(section, second)
        assert "rows have a" in said
        assert third.rows < second.rows
        with connection:
            connection.execute("insert into t values (3, 'a', '2024-01-03')")
            connection.execute("insert into t values (?, 'a', '2024-01-05')", (new - 2,))
    connection.close()


@pytest.mark.parametrize(
    ("source", "increment", "says"),
    [
        ("a.csv", "n", "names the column 'n', and the source is no database"),
        ("a.zip#a.csv", True, "says nothing for archives"),
        ("https://example.org/a.csv", True, "says nothing for archives"),
        ("a.sqlite", True, "names no column, and the source is a database"),
        ("a.sqlite", "z", "names the column 'z', which the query does not give"),
    ],
)
def test_refusals(tmp_path: Path, source: str, increment: Any, says: str) -> None:
    connection = sqlite3.connect(tmp_path / "a.sqlite")
    with connection:
        connection.execute("create table t (id integer)")
        connection.execute("insert into t values (1)")
    connection.close()
    (tmp_path / "a.csv").write_text("n\n1\n")
    place = source if "://" in source else str(tmp_path / source)
    with pytest.raises(BadData, match=says) as caught:
        collect(SourceSection(place, increment=increment), Book())
    assert caught.value.hint


@pytest.mark.slow  # Two whole runs.
def test_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{k % 7},{hashlib.sha256(str(k).encode()).digest()[0]},{'yn'[k % 7 > 3]}\n" for k in range(400)]
    Path("a.csv").write_text("a,b,y\n" + "".join(rows))
    Path("g.yaml").write_text(
        "data: {source: a.csv, target: y, increment: true}\nsearch: {trials: 1, families: [logistic]}\n"
    )
    kept = []
    for more in ("", "1,2,y\n5,6,n\n"):
        with Path("a.csv").open("a") as file:
            file.write(more)
        assert call(["run", "g.yaml", "--json", "--quiet"]) in (0, 3)
        run = max(Path("runs").glob("g-*"), key=lambda path: path.stat().st_mtime_ns)
        lines = [json.loads(line) for line in (run / "evidence.jsonl").read_text().splitlines()]
        kept += [line["message"] for line in lines if line.get("code") == "collect.increment"]
    assert "nothing of it was read before: 400 rows" in kept[0]
    assert "400 rows were kept as they were read before, and 2 were added" in kept[1]
    capsys.readouterr()
