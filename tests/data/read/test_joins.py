"""Joins along foreign keys, on a real database and by hand."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call
from modelwright.core.errors import BadData, BadInput
from modelwright.data.read import read
from modelwright.data.read.joins import propose


def test_chinook(shared_data: Path) -> None:
    source = str(shared_data / "dirty/chinook_sqlite/Chinook_Sqlite.sqlite")
    found = propose(source, "invoice")
    made = read(source, found.query).frame
    assert made.height == 412
    assert {"Total", "Customer.Country", "Customer.Employee.Title", "InvoiceLine.count"} <= set(made.columns)
    assert made["InvoiceLine.count"].sum() == 2240
    track = propose(source, "Track")
    tracks = read(source, track.query).frame
    assert tracks.height == 3503
    assert {"Genre.Name", "Album.Artist.Name", "InvoiceLine.Quantity.sum", "PlaylistTrack.count"} <= set(
        tracks.columns
    )
    customers = propose(source, "Customer")
    assert customers.later == ["Invoice"]
    assert read(source, customers.query).frame["Invoice.Total.sum"].sum() == pytest.approx(2328.6)


def test_nothing_from_after_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table loan (id integer primary key, asked date);"
            "create table call (id integer primary key, loan integer references loan(id), at datetime, "
            "ended datetime, minutes real);"
            "insert into loan values (1, '2024-01-10'), (2, '2024-01-20'), (3, null);"
            "insert into call values (1, 1, '2024-01-09', null, 1), (2, 1, '2024-01-11', null, 2), "
            "(3, 2, '2024-01-11', '2024-01-12', 4), (4, 2, '2024-01-19', '2024-01-21', 8), "
            "(5, 2, null, null, 16), (6, 3, '2024-01-01', null, 32);"
        )
    connection.close()
    assert call(["data", "joins", str(path), "loan"]) == 0
    out = capsys.readouterr()
    assert "only rows from before asked are counted" in out.err
    made = read(str(path), out.out).frame
    assert made.select("id", "call.count", "call.minutes.sum").rows() == [
        (1, 1, 1.0),
        (2, 1, 4.0),
        (3, 0, None),
    ]
    assert propose(str(path), "loan").later == []
    with pytest.raises(BadInput, match="the table loan has no column 'askd'"):
        propose(str(path), "loan", "askd")


@pytest.mark.slow  # Starting a database server takes some two seconds.
def test_postgres_from_before(postgres: Any) -> None:
    import psycopg

    with psycopg.connect(postgres.url) as connection:
        connection.execute(
            "create table loan (id int primary key, asked timestamptz); "
            "create table phoned (id int primary key, loan int references loan(id), at timestamptz, "
            "minutes int); "
            "insert into loan values (1, '2024-01-10'), (2, '2024-01-20'); "
            "insert into phoned values (1, 1, '2024-01-09', 1), (2, 1, '2024-01-11', 2), "
            "(3, 2, '2024-01-11', 4), (4, 2, '2024-01-20', 8)"
        )
    made = read(postgres.url, propose(postgres.url, "loan").query).frame.sort("id")
    assert made.select("phoned.count", "phoned.minutes.sum").rows() == [(1, 1), (1, 4)]


def test_two_ways_to_one_table_and_a_circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table town (id integer primary key, name text, mayor integer references person(id));"
            "create table person (id integer primary key, born integer references town(id), "
            "lives integer references town(id), size real);"
            "insert into town values (1, 'A', 1), (2, 'B', null);"
            "insert into person values (1, 1, 2, 1.5), (2, null, 2, 2.5);"
        )
    connection.close()
    assert call(["data", "joins", str(path), "person", "--quiet"]) == 0
    made = read(str(path), capsys.readouterr().out).frame
    assert made.rows(named=True) == [
        {"id": 1, "born": 1, "lives": 2, "size": 1.5, "town by born.name": "A", "town by lives.name": "B",
         "town.count": 1},
        {"id": 2, "born": None, "lives": 2, "size": 2.5, "town by born.name": None,
         "town by lives.name": "B", "town.count": 0},
    ]  # fmt: skip
    with pytest.raises(BadInput, match="has no table 'persn'") as caught:
        propose(str(path), "persn")
    assert "did you mean person?" in caught.value.hint
    (tmp_path / "no.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(BadData, match="cannot be read as a database"):
        propose(str(tmp_path / "no.sqlite"), "x")
