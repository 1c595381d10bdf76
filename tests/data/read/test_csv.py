"""CSV: the dialect, the header, broken rows; and the fast path against the slow one."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadData
from modelwright.data.read import batches, read
from modelwright.data.read.dialect import Dialect
from modelwright.data.read.records import is_regular, read_fast, read_slow, split_records


def write(tmp_path: Path, text: str | bytes, name: str = "t.csv") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


# What a careful writer may put into cells: everything but control characters that no CSV file holds.
_CELL = st.text(
    st.one_of(
        st.sampled_from(list(',;"\n ab1é')), st.characters(min_codepoint=32, blacklist_categories=["Cs"])
    ),
    max_size=6,
)


@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), min_size=1)
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    every=st.booleans(),
)
def test_fast_and_slow_give_the_same_rows(
    rows: list[list[str]], delimiter: str, ends: str, every: bool
) -> None:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(rows)
    text = out.getvalue().encode()
    dialect = Dialect(delimiter, width=len(rows[0]))
    names = [f"c{k}" for k in range(len(rows[0]))]
    slow, broken = read_slow(text, names, dialect, "t", 1)
    assert slow.rows() == [tuple(row) for row in rows]
    assert not broken
    assert is_regular(text, dialect)
    assert read_fast(text, names, dialect).rows() == slow.rows()


@given(text=st.text(st.sampled_from(list('a1,"\n\r')), max_size=30), width=st.integers(1, 3))
def test_what_counts_as_regular_is_read_alike(text: str, width: int) -> None:
    """On any text: the fast path is only taken where it agrees."""
    raw = text.encode()
    dialect = Dialect(",", width=width)
    names = [f"c{k}" for k in range(width)]
    if is_regular(raw, dialect):
        slow, broken = read_slow(raw, names, dialect, "t", 1)
        assert not broken
        assert read_fast(raw, names, dialect).rows() == slow.rows()


@given(text=st.text(st.sampled_from(list('a1,"\n')), max_size=40), cut=st.integers(1, 7))
def test_pieces_end_where_records_end(text: str, cut: int) -> None:
    raw = text.encode()
    parts = [raw[k : k + cut] for k in range(0, len(raw), cut)]
    pieces = list(split_records(iter(parts), Dialect(",")))
    whole = b"".join(pieces)
    assert whole in (raw, raw + b"\n")
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(piece.count(b'"') % 2 == 0 for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a,b\n1,2\n", ["a", "b"], [("1", "2")]),
        ("a;b\n1,5;2\n3;4\n", ["a", "b"], [("1,5", "2"), ("3", "4")]),
        ("a\tb\nx y\t2\n", ["a", "b"], [("x y", "2")]),
        ("a|b\n1|2\n", ["a", "b"], [("1", "2")]),
        ("1,2\n3,4\n", ["c0", "c1"], [("1", "2"), ("3", "4")]),
        ("country,2010,2011\nA,1,2\n", ["country", "2010", "2011"], [("A", "1", "2")]),
        ("a\n1\n2\n", ["a"], [("1",), ("2",)]),
        ('"a","b"\n"x, y","q ""z"""\n', ["a", "b"], [("x, y", 'q "z"')]),
        ('a,b\n"line\nbreak",2\n', ["a", "b"], [("line\nbreak", "2")]),
        ("a, b\n 1 ,  2\n", ["a", "b"], [(" 1 ", "  2")]),
        ('a,b\n"x", "y, z"\n"p", "q, r"\n', ["a", "b"], [("x", "y, z"), ("p", "q, r")]),
        ("'a';'b'\n'x;y';'2'\n", ["a", "b"], [("x;y", "2")]),
        ("a,b\r1,2\r3,4\r", ["a", "b"], [("1", "2"), ("3", "4")]),
        ("\n\na,b\n\n1,2\n\n", ["a", "b"], [("1", "2")]),
        ("a,,a,a_2\n1,2,3,x\n", ["a", "c1", "a_3", "a_2"], [("1", "2", "3", "x")]),
        ("x,y\n1,5,6\n2,7,8\n", ["row_name", "x", "y"], [("1", "5", "6"), ("2", "7", "8")]),
        ('n,why\n1,"so; he, too"\n2,"no; it"\n', ["n", "why"], [("1", "so; he, too"), ("2", "no; it")]),
        ('"a;""b"""\n"1;""x"""\n"2;""y"""\n', ["a", "b"], [("1", "x"), ("2", "y")]),
        ("a,b\n,\n1,\n", ["a", "b"], [("", ""), ("1", "")]),
    ],
)
def test_dialects(tmp_path: Path, text: str, names: list[str], rows: list[tuple[str, ...]]) -> None:
    made = read(write(tmp_path, text))
    assert made.frame.columns == names
    assert made.frame.rows() == rows
    assert all(dtype == pl.String for dtype in made.frame.dtypes)
    assert not made.quarantine


def test_broken_rows_are_kept_with_their_lines(tmp_path: Path) -> None:
    text = 'name,size\nann,1\nbob\n"x\ny",2\ncid,3,4\n5" pipe,6\n"open,7\nlast,8\n'
    made = read(write(tmp_path, text))
    assert made.frame.rows() == [("ann", "1"), ("x\ny", "2"), ('5" pipe', "6"), ("last", "8")]
    assert [(row.line, row.reason, row.text) for row in made.quarantine] == [
        (3, "1 field where 2 are expected", "bob"),
        (6, "3 fields where 2 are expected", "cid,3,4"),
        (8, "a quote is opened and never closed", '"open,7'),
    ]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le"), ("cp1252", "cp1252")],
)
def test_encodings(tmp_path: Path, encoding: str, name: str) -> None:
    rows = "".join(f"Müller {k},süß\n" for k in range(40))
    made = read(write(tmp_path, ("name,taste\n" + rows).encode(encoding)))
    assert made.frame.row(0) == ("Müller 0", "süß")
    assert made.facts.details["encoding"] == name


def test_a_few_invalid_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    text = b"name,n\n" + "".join(f"Müller é,{k}\n" for k in range(40)).encode() + b"bad\xff,1\n"
    made = read(write(tmp_path, text))
    assert made.frame["name"].to_list()[-1] == "bad\N{REPLACEMENT CHARACTER}"
    assert made.frame["name"][0] == "Müller é"
    assert any("not valid UTF-8" in note for note in made.notes)


def test_compressed(tmp_path: Path) -> None:
    raw = b"a,b\n1,2\n"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("inner.csv", raw)
    for name, data in (
        ("t.csv.gz", gzip.compress(raw)),
        ("t.csv.bz2", bz2.compress(raw)),
        ("t.csv.xz", lzma.compress(raw)),
        ("t.csv.zip", zipped.getvalue()),
    ):
        assert read(write(tmp_path, data, name)).frame.rows() == [("1", "2")]


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * 70_000_000)
    with pytest.raises(BadData) as caught:
        read(write(tmp_path, bomb, "t.csv.gz"))
    assert caught.value.code == "data.too-large"


def test_batches_are_the_rows_in_order(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f'{k},"t{k}"\n' for k in range(1000)) + "broken\n"
    path = write(tmp_path, text)
    parts = list(batches(path, rows=300))
    assert [part.frame.height for part in parts] == [300, 300, 300, 100]
    assert pl.concat([part.frame for part in parts]).equals(read(path).frame)
    assert [row.line for part in parts for row in part.quarantine] == [1002]


def test_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunks of a file may end anywhere, within quotes and letters too."""
    text = "a,b\n" + "".join(f'{k},"é\n{k}"\n' for k in range(200)) + "bad\n" + "1,2\n"
    path = write(tmp_path, text)
    whole = read(path)
    monkeypatch.setattr("modelwright.data.read.encoding.CHUNK", 7)
    again = read(path)
    assert again.frame.equals(whole.frame)
    assert again.quarantine == whole.quarantine
    assert [row.line for row in whole.quarantine] == [402]


def test_patterns_of_files(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n", "p2.csv")
    write(tmp_path, "b,a\n4,3\n", "p1.csv")
    made = read(str(tmp_path / "p*.csv"))
    assert made.frame.columns == ["b", "a"]
    assert made.frame.rows() == [("4", "3"), ("2", "1")]
    write(tmp_path, "a,c\n1,2\n", "p3.csv")
    with pytest.raises(BadData, match="does not have the same columns as") as caught:
        read(str(tmp_path / "p*.csv"))
    assert caught.value.code == "data.columns-differ"


def test_real_sets(shared_data: Path) -> None:
    sound = read(str(shared_data / "tabular_binary/bank_marketing/bank-additional.csv"))
    mangled = read(str(shared_data / "dirty/bank_mangled_csv/bank-additional.csv"))
    assert sound.frame.shape == (4119, 21)
    assert mangled.frame.equals(sound.frame)
    adult = read(str(shared_data / "tabular_binary/adult_census/adult-train.csv"))
    assert adult.frame.shape == (32561, 15)
    assert adult.frame.columns == [f"c{k}" for k in range(15)]
