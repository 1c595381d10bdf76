"""Agreement over a store: the right coefficients of the right answers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.labels.agreement import measure
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.items import Item
from modelwright.labels.reader import LabelsReader
from modelwright.labels.store import Store
from modelwright.testing.labelled import classes


def measured(folder: Path, project: Any, said: dict[str, list[Any]], gold: list[Any] | None = None) -> Any:
    items = len(next(iter(said.values())))
    store = Store.at(folder / "t.labels", make=True)
    store.set_project(project, None)
    known = gold or [None] * items
    store.add([Item(f"k{n}", {"text": "some text here"}, known[n]) for n in range(items)], project)
    take(
        store,
        Read(tuple(Incoming(f"k{n}", who, a) for who, given in said.items() for n, a in enumerate(given))),
    )
    try:
        return measure(store, project)
    finally:
        store.close()


def test_classes(tmp_path: Path) -> None:
    said = {"ada": list("aabbaabbab"), "ben": list("aabbaabbab"), "cy": list("aabbaabbba")}
    found = measured(tmp_path, classes("a", "b"), said, ["a", None, "b"] + [None] * 7)
    # Krippendorff by hand: 6 of 30 pairs differ, in 2 items of 10; margins 15 and 15 of 30 answers.
    assert found.main.value == pytest.approx(1 - (4 / 30) / (2 * 15 * 15 / (30 * 29)), abs=1e-9)
    assert {(a, b): round(k.value, 6) for a, b, k in found.pairs} == {
        ("ada", "ben"): 1.0, ("ada", "cy"): 0.6, ("ben", "cy"): 0.6,
    }  # fmt: skip
    judged = {p.name: p for p in found.people}
    assert (judged["cy"].others.right, judged["cy"].others.judged) == (8, 10)
    assert (judged["cy"].gold.right, judged["cy"].gold.judged) == (2, 2)
    assert ("a", "b", 1) in judged["cy"].often
    assert found.differing == ()


def test_agreement_goes_with_the_rows_that_a_goal_reads(tmp_path: Path) -> None:
    measured(tmp_path, classes("a", "b"), {"ada": list("aabbaabbab"), "ben": list("aabbaabbba")})
    details = LabelsReader().read(str(tmp_path / "t.labels")).facts.details
    assert details["agreement"].startswith("Krippendorff's alpha, nominal 0.6")
    assert details["agreement"].endswith("over 10 items with two answers or more, by custom not reliable")
    alone = tmp_path / "alone"
    alone.mkdir()
    measured(alone, classes("a", "b"), {"ada": list("ab")})
    assert "agreement" not in LabelsReader().read(str(alone / "t.labels")).facts.details


def test_nobody_can_agree_alone(tmp_path: Path) -> None:
    found = measured(tmp_path, classes("a", "b"), {"ada": list("ab")})
    assert math.isnan(found.main.value)
    assert found.main.why == "no item has two answers"
    assert found.word == "not known"


def test_several_labels_each_by_itself(tmp_path: Path) -> None:
    project = replace(classes("a", "b"), task="multiple")
    said = {"ada": [["a"], [], ["a", "b"], ["b"]], "ben": [["a"], [], ["a"], []]}
    found = measured(tmp_path, project, said)
    assert [a.name for a in found.whole[1:]] == ["a", "b"]
    assert found.whole[1].value == 1.0
    assert found.whole[2].value < 1


def test_spans_and_boxes_by_f1(tmp_path: Path) -> None:
    spans = replace(classes("a"), task="spans")
    one, two = {"start": 0, "end": 4, "label": "a"}, {"start": 5, "end": 9, "label": "a"}
    found = measured(tmp_path, spans, {"ada": [[one, two], []], "ben": [[one], []]})
    assert found.main.value == pytest.approx(
        (2 + 2) / (3 + 2)
    )  # of 3 marks 1 is shared; none is agreed on none
    boxes = replace(classes("a"), task="boxes", item="image", content="text")
    box = {"x": 0.0, "y": 0.0, "width": 10.0, "height": 10.0, "label": "a"}
    (tmp_path / "b").mkdir()
    near = {"ada": [[box]], "ben": [[{**box, "x": 2.0}, {**box, "x": 50.0}]]}
    assert measured(tmp_path / "b", boxes, near).main.value == pytest.approx(2 / 3)
