"""``modelwright labels`` and what ``modelwright label`` says before it serves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call
from modelwright.labels.begin import begin
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.project import Asked, asked, joined
from modelwright.labels.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three rows, two of them labelled by ada."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("id,n\n7,1\n8,2\n9,3\n", encoding="utf-8")
    begun = begin(joined(asked({"classes": ["a", "b"], "id": "id"}, Path(), "o"), Asked({}, "t.csv")), None)
    take(begun.store, Read((Incoming("7", "ada", "a"), Incoming("8", "ada", "b"))))
    begun.store.close()
    return Path("t.labels")


def test_export_and_import(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["labels", "export", str(store)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows == [{"id": "7", "n": "1", "label": "a"}, {"id": "8", "n": "2", "label": "b"}]
    assert call(["labels", "export", str(store), "--format", "label-studio", "-o", "ls.json"]) == 0
    assert call(["labels", "import", str(store), "ls.json"]) == 0
    assert len(json.loads(Path("ls.json").read_text())) == 3
    Path("more.csv").write_text("item,annotator,label\n9,ben,a\n10,ben,a\n7,ben,z\n", encoding="utf-8")
    capsys.readouterr()
    assert call(["labels", "import", str(store), "more.csv"]) == 0
    said = capsys.readouterr()
    assert said.out == "1 labels\n"
    assert "1 items of the file are not in the store: 10" in said.err
    assert "line 4" in said.err
    assert call(["labels", "export", str(store), "--format", "coco"]) == 2
    assert call(["labels", "export", str(store), "--consensus", "majorty"]) == 2
    assert "majority" in capsys.readouterr().err


def test_the_guide_lists_the_formats_of_import(
    store: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["labels", "import", str(store), "t.csv", "--format", "excel"]) == 2
    known = capsys.readouterr().err.partition("there are ")[2].strip().split(", ")
    assert known == ["csv", "label-studio", "coco"]
    guide = (root / "docs" / "how-to" / "label.md").read_text(encoding="utf-8")
    said = guide.partition("Import takes three formats")[2].partition("Labels are kept once")[0]
    assert [word for word in known if f"`{word}`" in said] == known
    # labels-csv writes what csv reads, and what is known already is kept once
    assert call(["labels", "export", str(store), "--format", "labels-csv", "-o", "each.csv"]) == 0
    assert call(["labels", "import", str(store), "each.csv"]) == 0
    assert capsys.readouterr().out.endswith("0 labels, 2 known already\n")


def test_show_token_and_dismiss(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["labels", "show", str(store)]) == 0
    assert "2 of 3 items finished, 2 labels" in capsys.readouterr().out
    assert call(["labels", "show", str(store), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["people"][0]["person"] == "ada"
    assert call(["labels", "token", str(store), "ben", "--reviewer", "-q"]) == 0
    token = capsys.readouterr().out.strip()
    from modelwright.labels import people

    opened = Store.at(store)
    with opened.reading() as connection:
        ben = people.enter(connection, "ben", token)
        assert ben is not None
        assert ben.reviewer
        assert people.enter(connection, "ben", token + "x") is None
    assert call(["labels", "dismiss", str(store), "ben"]) == 0
    with opened.reading() as connection:
        assert people.enter(connection, "ben", token) is None
    opened.close()
    assert call(["labels", "dismiss", str(store), "bne"]) == 2
    assert "did you mean 'ben'" in capsys.readouterr().err


def test_a_password_comes_from_the_environment(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "short")
    assert call(["labels", "token", str(store), "eva", "--password", "env:WORD"]) == 2
    assert call(["labels", "token", str(store), "eva", "--password", "a-long-password"]) == 2
    monkeypatch.setenv("WORD", "long enough for this")
    assert call(["labels", "token", str(store), "eva", "--password", "env:WORD"]) == 0
    assert "long enough" not in capsys.readouterr().out
    assert b"long enough" not in store.read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gone.csv", "--classes", "a"], "no file gone.csv"),
        (["t.csv", "--store", "new.labels"], "nothing to choose from"),
        (["gone.labels"], "there is no store"),
        (["t.csv", "--store", "t.csv", "--classes", "a"], "no store of labels"),
        (["t.labels", "--rating", "1-5"], "asks for classes"),
        (["t.csv", "--rating", "five"], "low, high and ends"),
        (["t.csv", "--classes", "a", "--host", "0.0.0.0", "--port", "0"], "without a name"),
        (["t.csv", "--classes", "a", "--suggest", "gone"], "gone"),
    ],
)
def test_what_cannot_be_served(
    store: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert call(["label", *words]) == 2
    assert told in capsys.readouterr().err


def test_new_rows_are_added_and_labels_stay(store: Path) -> None:
    Path("t.csv").write_text("id,n\n5,0\n7,1\n8,2\n9,3\n", encoding="utf-8")
    begun = begin(Asked({}, "t.csv"), None)
    assert begun.added == 1
    assert begun.project.id == "id"
    begun.store.close()


def test_a_goal_trains_on_a_store(store: Path) -> None:
    from modelwright.data.read.door import read

    found = read(str(store))
    assert found.frame.columns == ["id", "n", "label"]
    assert found.frame["label"].to_list() == ["a", "b"]
    assert (found.facts.format, found.facts.details["consensus"]) == ("labels", "majority")
    before: Any = found.facts.digest
    opened = Store.at(store)
    opened.close()
    assert read(str(store)).facts.digest == before
    assert read(str(store), "agreed").frame.height == 2
    from modelwright.core.errors import BadData

    with pytest.raises(BadData, match="no way to settle"):
        read(str(store), "select 1")


def test_a_password_that_is_not_there_changes_nothing(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOPE", raising=False)
    assert call(["labels", "token", str(store), "ada", "--password", "env:NOPE"]) == 2
    assert "NOPE is not set" in capsys.readouterr().err
    opened = Store.at(store)
    try:
        assert not any(p.enters for p in opened.people())
    finally:
        opened.close()


def test_pages_behind_another_name_need_people(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["label", str(store), "--name", "label.example", "--port", "0"]) == 2
    assert "everybody who reaches label.example could label" in capsys.readouterr().err
