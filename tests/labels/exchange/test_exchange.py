"""Labels out and in again: nothing is lost or doubled on the way."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadInput
from modelwright.labels import review
from modelwright.labels.exchange import coco, label_studio
from modelwright.labels.exchange import csv as tables
from modelwright.labels.exchange.everything import singles
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.exchange.moments import iso, micros
from modelwright.labels.final import finals
from modelwright.labels.items import Item
from modelwright.labels.pixels import size_of
from modelwright.labels.project import Project
from modelwright.labels.queue import Queue
from modelwright.labels.store import Store
from modelwright.testing.labelled import classes, person

TEXTS = ("Ada 🦊 met Ben", 'a, comma; and "quotes"\nand a line', "third")
BOX = {"x": 10.0, "y": 5.0, "width": 20.5, "height": 10.0, "label": "a"}
ANSWERS: dict[str, list[Any]] = {
    "classes": ["a", "b", "a"],
    "multiple": [["a", "b"], [], ["b"]],
    "rating": [1, 5, 3],
    "spans": [[{"start": 6, "end": 9, "label": "a"}], [], [{"start": 0, "end": 5, "label": "b"}]],
    "boxes": [[BOX], [], [{**BOX, "label": "b"}, BOX | {"x": 0.0}]],
}


def png(path: Path, wide: int = 40, high: int = 30) -> None:
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + wide.to_bytes(4, "big") + high.to_bytes(4, "big") + b"\0" * 8
    )


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    opened: list[Store] = []

    def make(task: str, said: bool = True) -> Store:
        project = replace(classes("a", "b"), task=task)
        given = [Item(f"k{n}", {"text": t, "n": n}) for n, t in enumerate(TEXTS)]
        if task == "boxes":
            project = replace(project, item="image", content="file")
            given = [Item(f"{n}.png", {"file": f"{n}.png"}) for n in range(3)]
            for n in range(3):
                png(tmp_path / f"{n}.png")
        store = Store.at(tmp_path / f"s{len(opened)}.labels", make=True)
        opened.append(store)
        store.set_project(project, tmp_path)
        store.add(given, project)
        if said:
            queue, ada = Queue(store), person(store, "ada")
            for answer in ANSWERS[task]:
                handed = queue.next(ada)
                assert handed is not None
                queue.answer(ada, handed.item, answer, seconds=2.25, note="a, note")
        return store

    yield make
    for store in opened:
        store.close()


def project_of(store: Store) -> Project:
    return store.must()[1]


def stands(store: Store) -> list[tuple[Any, ...]]:
    return [(s.item, s.person, s.answer, s.at, s.seconds) for s in singles(store)]


@pytest.mark.parametrize("task", list(ANSWERS))
def test_single_labels_as_csv_and_back(made: Any, tmp_path: Path, task: str) -> None:
    first, second = made(task), made(task, said=False)
    file = tmp_path / "labels.csv"
    file.write_text(tables.labels_table(first, project_of(first)), encoding="utf-8")
    done = take(second, tables.read(file, project_of(second)))
    assert (done.kept, done.known, done.unmatched, done.wrong) == (3, 0, (), ())
    assert stands(second) == stands(first)
    assert {s.note for s in singles(second)} == {"a, note"}
    again = take(second, tables.read(file, project_of(second)))
    assert (again.kept, again.known) == (0, 3)


@pytest.mark.parametrize("task", list(ANSWERS))
def test_label_studio_and_back(made: Any, tmp_path: Path, task: str) -> None:
    first, second = made(task), made(task, said=False)
    file = tmp_path / "tasks.json"
    tasks = label_studio.tasks(first, project_of(first))
    file.write_text(json.dumps(tasks), encoding="utf-8")
    done = take(second, label_studio.read(file, project_of(second)))
    assert (done.kept, done.unmatched, done.wrong) == (3, (), ())
    assert stands(second) == stands(first)
    ET.fromstring(label_studio.interface(project_of(first)))


def test_label_studio_counts_as_browsers_do(made: Any) -> None:
    (region,) = label_studio.tasks(made("spans"), project_of(made("spans", said=False)))[0]["annotations"][0][
        "result"
    ]
    assert (region["value"]["start"], region["value"]["end"], region["value"]["text"]) == (7, 10, "met")


def test_label_studio_spans_whose_own_text_says_where(made: Any, tmp_path: Path) -> None:
    store = made("spans", said=False)
    value = {"start": 6, "end": 9, "text": "met", "labels": ["a"]}  # counted in code points
    task = {
        "data": {"text": TEXTS[0]},
        "annotations": [{"completed_by": 7, "result": [{"type": "labels", "value": value}]}],
    }
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([task]), encoding="utf-8")
    take(store, label_studio.read(file, project_of(store)))
    (one,) = singles(store)
    assert (one.person, one.answer) == ("annotator 7", [{"start": 6, "end": 9, "label": "a"}])


def test_predictions_become_suggestions(made: Any, tmp_path: Path) -> None:
    store = made("classes", said=False)
    result = [{"type": "choices", "value": {"choices": ["b"]}}]
    task = {
        "data": {"text": TEXTS[2]},
        "predictions": [{"model_version": "m1", "score": 0.7, "result": result}],
    }
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([task]), encoding="utf-8")
    assert take(store, label_studio.read(file, project_of(store))).suggested == 1
    assert review.case(store, 3).suggested == "b"


def test_coco_and_back(made: Any, tmp_path: Path) -> None:
    first, second = made("boxes"), made("boxes", said=False)
    dataset = coco.dataset(first, project_of(first))
    assert next((i["file_name"], i["width"], i["height"]) for i in dataset["images"]) == ("0.png", 40, 30)
    assert dataset["annotations"][0]["bbox"] == [10.0, 5.0, 20.5, 10.0]
    assert dataset["annotations"][0]["area"] == 205.0
    file = tmp_path / "coco.json"
    file.write_text(json.dumps(dataset), encoding="utf-8")
    take(second, coco.read(file, project_of(second)))
    assert [s.answer for s in singles(second)] == [s.answer for s in singles(first)]
    with pytest.raises(BadInput, match="for boxes"):
        coco.dataset(made("classes"), project_of(made("classes", said=False)))


def test_items_with_their_label(made: Any) -> None:
    store = made("classes")
    rows = list(csv.DictReader(io.StringIO(tables.items_table(store, project_of(store), "majority"))))
    assert [r["label"] for r in rows] == ["a", "b", "a"]
    assert rows[1]["text"] == TEXTS[1]
    assert tables.label_column(["label", "x"]) == "label_by_hand"


def test_what_cannot_be_taken_is_told(made: Any, tmp_path: Path) -> None:
    store = made("classes", said=False)
    given = Read((Incoming("k0", "ada", "z"), Incoming("gone", "ada", "a"), Incoming("k1", "ada", "b")))
    done = take(store, given)
    assert (done.kept, done.unmatched) == (1, ("gone",))
    assert "expected one of a, b" in done.wrong[0]
    file = tmp_path / "bad.csv"
    for text, told in (("a,b\n1,2\n", "no column 'item'"), ("item,b\n1,2\n", "no column 'label'")):
        file.write_text(text)
        with pytest.raises(BadInput, match=told):
            tables.read(file, project_of(store))
    for text in ("{", "{}", "[1]"):
        file.write_text(text)
        with pytest.raises(BadInput):
            label_studio.read(file, project_of(store))
    for text in ("{}", "[]", '{"images": [{}], "annotations": [], "categories": []}'):
        file.write_text(text)
        with pytest.raises(BadInput):
            coco.read(file, project_of(made("boxes", said=False)))


def test_who_decides_where_people_differ(made: Any) -> None:
    store = made("classes", said=False)
    votes = [("k0", "aab"), ("k1", "ab"), ("k2", "bb")]
    given = [
        Incoming(key, name, v) for key, said in votes for name, v in zip(("p", "q", "r"), said, strict=False)
    ]
    take(store, Read(tuple(given)))
    project = project_of(store)
    assert [(f.answer, f.why) for f in finals(store, project)] == [
        ("a", "majority"), (None, "undecided"), ("b", "agreed"),
    ]  # fmt: skip
    assert [f.answer for f in finals(store, project, "agreed")] == [None, None, "b"]
    model = list(finals(store, project, "dawid-skene"))
    assert next(f.answer for f in model) == "a"
    assert all(f.certainty is not None for f in model)
    review.settle(store, person(store, "rev", reviewer=True), 2, "b")
    assert [(f.answer, f.why) for f in finals(store, project)][1] == ("b", "settled")


def test_ratings_and_several_labels_have_their_majority(made: Any) -> None:
    rated = made("rating", said=False)
    take(rated, Read(tuple(Incoming("k0", n, v) for n, v in (("p", 1), ("q", 4), ("r", 5)))))
    assert next(finals(rated, project_of(rated))).answer == 4
    many = made("multiple", said=False)
    said = (("p", ["a"]), ("q", ["a", "b"]), ("r", []))
    take(many, Read(tuple(Incoming("k0", n, v) for n, v in said)))
    assert next(finals(many, project_of(many))).answer == ["a"]


@given(st.text(), st.integers(0, 50))
def test_offsets_go_there_and_back(text: str, at: int) -> None:
    at = min(at, len(text))
    assert label_studio.points(text, label_studio.units(text, at)) == at


@given(st.integers(0, 4 * 10**15))
def test_moments_go_there_and_back(at: int) -> None:
    assert micros(iso(at)) == at


def test_sizes_of_images(tmp_path: Path) -> None:
    jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x1e\0\x28" + b"\0" * 12
    gif = b"GIF89a\x28\0\x1e\0" + b"\0" * 30
    bmp = b"BM" + b"\0" * 16 + (40).to_bytes(4, "little") + (30).to_bytes(4, "little") + b"\0" * 8
    webp = (
        b"RIFF\0\0\0\0WEBPVP8X"
        + b"\0" * 8
        + (39).to_bytes(3, "little")
        + (29).to_bytes(3, "little")
        + b"\0\0"
    )
    for name, content in (("j.jpg", jpeg), ("g.gif", gif), ("b.bmp", bmp), ("w.webp", webp)):
        (tmp_path / name).write_bytes(content)
        assert size_of(tmp_path / name) == (40, 30), name
        (tmp_path / name).write_bytes(content[:8])
        assert size_of(tmp_path / name) is None, name
    assert size_of(tmp_path / "gone.png") is None


def test_an_old_export_does_not_take_back_what_was_said_since(made: Any, tmp_path: Path) -> None:
    store = made("classes")
    file = tmp_path / "labels.csv"
    file.write_text(tables.labels_table(store, project_of(store)), encoding="utf-8")
    first = next(singles(store))
    queue = Queue(store)
    queue.answer(person(store, "ada"), first.item, "b" if first.answer == "a" else "a")
    before = stands(store)
    done = take(store, tables.read(file, project_of(store)))
    assert (done.kept, done.known, len(done.wrong)) == (0, 2, 1)
    assert "since then" in done.wrong[0]
    assert stands(store) == before


ONE = '[{"data": {"modelwright_key": "k0"}, %s}]'
CHOSEN = '"result": [{"type": "choices", "value": {"choices": ["%s"]}}]'


@pytest.mark.parametrize(
    ("given", "kept", "suggested", "wrong"),
    [
        ('"annotations": 5', 0, 0, 0),
        ('"predictions": {"a": 1}', 0, 0, 0),
        (f'"annotations": [{{{CHOSEN % "a"}}}], "predictions": [{{{CHOSEN % "zebra"}}}]', 1, 0, 1),
        (f'"predictions": [{{{CHOSEN % "a"}, "model_version": "\\ud800", "score": NaN}}]', 0, 1, 0),
        (f'"annotations": [{{{CHOSEN % "a"}, "lead_time": {"1" * 400}}}]', 1, 0, 0),
        (f'"annotations": [{{{CHOSEN % "a"}, "lead_time": 1e999}}]', 1, 0, 0),
    ],
)
def test_odd_exports_of_label_studio(
    made: Any, tmp_path: Path, given: str, kept: int, suggested: int, wrong: int
) -> None:
    store = made("classes", said=False)
    file = tmp_path / "odd.json"
    file.write_text(ONE % given, encoding="utf-8")
    done = take(store, label_studio.read(file, project_of(store)))
    assert (done.kept, done.suggested, len(done.wrong)) == (kept, suggested, wrong)
    assert all(s.seconds is None for s in singles(store))


def test_odd_numbers_of_marks(made: Any, tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    value = '{"start": 1e999, "end": 3, "labels": ["a"]}'
    span = f'"annotations": [{{"result": [{{"type": "labels", "value": {value}}}]}}]'
    file.write_text(ONE % span, encoding="utf-8")
    assert len(label_studio.read(file, replace(classes("a"), task="spans")).wrong) == 1
    boxes = made("boxes")
    file.write_text(
        '{"images": [{"id": 1, "file_name": "0.png"}], "categories": [{"id": 1, "name": "a"}], '
        f'"annotations": [{{"image_id": 1, "category_id": 1, "bbox": [{"1" * 401}, 0, 1, 1]}}]}}',
        encoding="utf-8",
    )
    with pytest.raises(BadInput, match="COCO"):
        coco.read(file, project_of(boxes))


def test_boxes_of_a_class_that_is_no_longer_offered_are_exported(made: Any) -> None:
    store = made("boxes")
    store.set_project(replace(project_of(store), choices=project_of(store).choices[:1]), None)
    found = coco.dataset(store, project_of(store))
    assert [c["name"] for c in found["categories"]] == ["a", "b"]
    assert {b["category_id"] for b in found["annotations"]} == {1, 2}
