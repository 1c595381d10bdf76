"""Collecting: one table, where it came from, and what was kept aside."""

from __future__ import annotations

import json
from pathlib import Path

from modelwright.core.book import Book
from modelwright.core.records.data import ROW
from modelwright.core.records.evidence import Finding
from modelwright.data.collect import collect
from modelwright.goal.sections import SourceSection


def test_rows_and_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,c\n1,x\n2\n3,z\n")
    (tmp_path / "b.csv").write_text("c,n\ny,9\n")
    book = Book()
    source = SourceSection(
        str(tmp_path / "a.csv"), test=str(tmp_path / "b.csv"), licence="CC0", consent="asked"
    )
    made = collect(source, book)
    assert made.table.get().rows() == [(0, "1", "x"), (1, "3", "z"), (2, "9", "y")]
    assert made.table.get().columns == [ROW, "n", "c"]
    assert (made.rows, made.test_rows, made.columns) == (3, 1, ("n", "c"))
    assert (made.licence, made.consent) == ("CC0", "asked")
    assert [facts.name for facts in made.sources] == ["a.csv", "b.csv"]
    assert made.sources[1].details["part"] == "test"
    assert made.quarantined == 1
    assert made.quarantine is not None
    assert json.loads(made.quarantine.get()) == {
        "source": "a.csv", "line": 3, "reason": "1 field where 2 are expected", "text": "2",
    }  # fmt: skip
    findings = [item for item in book.items if isinstance(item, Finding)]
    assert [(f.code, f.severity) for f in findings] == [("collect.broken-rows", "warning")]
    assert "line 3" in findings[0].message.replace("lines", "line")


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("a\n1\n")
    two.write_text("a\n1\n")
    first = collect(SourceSection(str(one)), Book())
    assert collect(SourceSection(str(two)), Book()).digest == first.digest
    two.write_text("a\n2\n")
    assert collect(SourceSection(str(two)), Book()).digest != first.digest
    assert collect(SourceSection(str(one), test=str(two)), Book()).digest != first.digest


def test_frames_and_sources_keep_their_types(tmp_path: Path) -> None:
    made = collect(SourceSection("frame"), Book(), {"n": [1, 2], "c": ["x", None]})
    assert made.table.get().rows() == [(0, 1, "x"), (1, 2, None)]
    (tmp_path / "test.csv").write_text("n,c\n3,y\n")
    mixed = collect(
        SourceSection("frame", test=str(tmp_path / "test.csv")), Book(), {"n": [1, 2], "c": ["x", None]}
    )
    assert mixed.table.get().rows() == [(0, "1", "x"), (1, "2", None), (2, "3", "y")]


def test_what_was_guessed_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("1;Müller\n2;Weiß\n".encode("cp1252"))
    book = Book()
    collect(SourceSection(str(tmp_path / "a.csv")), book)
    codes = [item.code for item in book.items if isinstance(item, Finding)]
    assert codes == ["collect.encoding", "collect.columns"]
