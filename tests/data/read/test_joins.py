"""Joins along foreign keys, on a real database and by hand."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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
