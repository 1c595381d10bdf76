"""What data becomes which items, and what is said of data that cannot."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import project as projects
from modelwright.labels import tables
from modelwright.labels.begin import begin
from modelwright.labels.items import items, look
from modelwright.labels.project import Asked, Choice, Project, asked, settled

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + b"\0" * 17
LONG = "a text that has more than five words in it"


def made(data: Path, **given: Any) -> tuple[Project, list[Any]]:
    wish = asked(given, data.parent, "the options")
    found = look(str(data), wish)
    project = settled(wish, "t", None, found.facts)
    return project, list(items(found, project))


def table(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_one_column_of_texts_gives_texts(tmp_path: Path) -> None:
    project, found = made(
        table(tmp_path, f"id,words,day\n7,{LONG},Monday\n8,{LONG} too,Tuesday\n"), classes=["a"]
    )
    assert (project.item, project.content) == ("text", "words")
    assert found[0].content == {"id": "7", "words": LONG, "day": "Monday"}


def test_a_table_of_facts_gives_rows(tmp_path: Path) -> None:
    project, found = made(table(tmp_path, "a,b\n1,x\n2,y\n"), classes=["a"])
    assert (project.item, project.content) == ("row", "")
    assert len(found) == 2


def test_keys_stay_when_rows_are_added_in_between(tmp_path: Path) -> None:
    _, before = made(table(tmp_path, "a,b\n1,x\n1,x\n2,y\n"), classes=["a"])
    _, after = made(table(tmp_path, "a,b\n0,w\n1,x\n1,x\n2,y\n"), classes=["a"])
    assert [i.key for i in after][1:] == [i.key for i in before]
    assert before[1].key == before[0].key + "#2"  # equal rows are two items


def test_a_column_that_comes_later_makes_no_new_items(tmp_path: Path) -> None:
    data, store = table(tmp_path, "a,b\n1,x\n1,x\n2,y\n"), str(tmp_path / "t.labels")
    wish = Asked({"choices": (Choice("a"),)}, str(data))

    def again() -> tuple[int, tuple[str, ...], list[dict[str, Any]]]:
        begun = begin(wish, store)
        try:
            with begun.store.reading() as connection:
                rows = connection.execute(sa.select(tables.items.c.content).order_by(tables.items.c.n)).all()
            return begun.added, begun.notes, [json.loads(row.content) for row in rows]
        finally:
            begun.store.close()

    assert again()[0] == 3
    table(tmp_path, "c,a,b\nnew,1,x\nother,1,x\n,2,y\n,3,z\n")
    added, notes, content = again()
    assert added == 1
    assert "the column 'c' has come later" in notes[0]
    assert content[0] == {"c": "new", "a": "1", "b": "x"}
    table(tmp_path, "c,a\nnew,1\n")
    with pytest.raises(BadInput, match="no column 'b' any more"):
        again()


def test_a_column_may_name_the_rows(tmp_path: Path) -> None:
    _, found = made(table(tmp_path, "a,b\n1,x\n2,y\n"), classes=["a"], id="a")
    assert [i.key for i in found] == ["1", "2"]
    with pytest.raises(BadInput, match="the 'b' 'x' names two rows"):
        made(table(tmp_path, "a,b\n1,x\n2,x\n"), classes=["a"], id="b")


def test_a_folder_of_images(tmp_path: Path) -> None:
    (tmp_path / "p" / "deep").mkdir(parents=True)
    (tmp_path / "p" / "x.png").write_bytes(PNG)
    (tmp_path / "p" / "deep" / "y.png").write_bytes(PNG)
    (tmp_path / "p" / "notes.txt").write_text("no image")
    (tmp_path / "p" / ".hidden.png").write_bytes(PNG)
    project, found = made(tmp_path / "p", classes=["a"])
    assert project.item == "image"
    assert [i.key for i in found] == ["deep/y.png", "x.png"]


def test_a_column_of_files_gives_images(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(PNG)
    data = table(tmp_path, "photo,place\nx.png,north\n")
    assert made(data, classes=["a"])[0].item == "image"
    for name, told in (("../x.png", "leads out"), ("z.png", "no file"), ("t.csv", "names no image")):
        table(tmp_path, f"photo,place\nx.png,north\n{name},south\n")
        with pytest.raises(BadInput, match=told):
            made(data, classes=["a"], content="photo", item="image")


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(PNG)
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "x.png").symlink_to(tmp_path / "out.png")
    data = table(inner, "photo\nx.png\n")
    with pytest.raises(BadInput, match="leads out"):
        made(data, classes=["a"], content="photo", item="image")


def test_a_link_among_texts_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("a secret of somebody else")
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "a.txt").write_text("here")
    (inner / "b.txt").symlink_to(inner / "a.txt")
    assert [i.content["text"] for i in made(inner, classes=["a"])[1]] == ["here", "here"]
    (inner / "c.txt").symlink_to(tmp_path / "out.txt")
    for data in (inner, inner / "*.txt"):
        with pytest.raises(BadInput, match=r"'c.txt' is a link that leads out"):
            made(data, classes=["a"])


def test_known_answers_are_read_and_not_shown(tmp_path: Path) -> None:
    data = table(tmp_path, "x,truth\n1,a\n2,\n3,b\n")
    _, found = made(data, classes=["a", "b"], gold="truth")
    assert [i.gold for i in found] == ["a", None, "b"]
    assert "truth" not in found[0].content
    with pytest.raises(BadInput, match="known answer of row 1"):
        made(data, classes=["c"], gold="truth")
    data = table(tmp_path, "x,truth\n1,b|a\n2,\n")
    assert made(data, classes=["a", "b"], task="multiple", gold="truth")[1][0].gold == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"content": "wrods"}, "no column 'wrods'"),
        ({"show": ["z"]}, "no column 'z' to show"),
        ({"task": "boxes"}, "boxes are drawn on images"),
        ({"classes": None}, "expected a list of names"),
        ({"clases": ["a"]}, "did you mean 'classes'"),
        ({"overlap": 0}, "a whole number from 1 to 100"),
        ({"classes": ["a", "a"]}, "each class once"),
        ({"classes": [{"name": "a", "key": "u"}]}, "one character as a key"),
        ({"task": "rating"}, "no classes for a rating"),
        ({"guidelines": "gone.md"}, "a text file in UTF-8"),
        ({"rating": {"low": 5, "high": 1}}, "two whole numbers"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    data = table(tmp_path, f"id,words\n7,{LONG}\n8,{LONG} too\n")
    with pytest.raises(BadInput, match=told):
        made(data, **{"classes": ["a", "b"], **given})


def test_a_project_file(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text("# How\nLook well.", encoding="utf-8")
    file = table(
        tmp_path,
        "data: t.csv\nquestion: What is it?\nclasses:\n- {name: spam, hint: sold something, key: x}\n- ham\n"
        "overlap: 2\nguidelines: guide.md\nannotators: [ada]\ngold: {column: truth, every: 9}\n",
        "p.yaml",
    )
    wish = projects.read_file(file)
    assert wish.data == str(tmp_path / "t.csv")
    assert wish.annotators == ("ada",)
    project = settled(wish, "p", None, {"item": "row", "content": ""})
    assert [(c.name, c.key) for c in project.choices] == [("spam", "x"), ("ham", "1")]
    assert (project.guidelines, project.gold_every) == ("# How\nLook well.", 9)
    assert Project.from_json(project.to_json()) == project


def test_a_project_file_tells_every_mistake_with_its_line(tmp_path: Path) -> None:
    file = table(tmp_path, "data: t.csv\noverlap: none\ntask: clases\n", "p.yaml")
    with pytest.raises(BadInput) as caught:
        projects.read_file(file)
    assert "line 2, overlap" in caught.value.message
    assert "line 3, task" in caught.value.message
    assert "did you mean 'classes'" in caught.value.message


def test_the_question_of_a_store_stays() -> None:
    before = settled(Asked({"choices": ()} | {"low": 1}), "t", None, {"item": "row", "content": ""})
    assert before.task == "rating"
    wish = asked({"classes": ["a"], "task": "classes"}, Path(), "the options")
    with pytest.raises(BadInput, match="asks for rating"):
        settled(wish, "t", before, {"item": "row", "content": ""})
