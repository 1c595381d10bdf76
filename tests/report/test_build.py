from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright import report
from modelwright.core.errors import BadData
from modelwright.report.build import demand

Write = Callable[[Path, str, Any], None]


def test_a_finished_run_is_read_whole(finished_run: Path) -> None:
    view = report.build(finished_run)
    assert view.notes == ()
    assert (view.name, view.state, view.verdict.verdict, view.verdict.released) == (
        "income", "finished", "unproven", False,
    )  # fmt: skip
    assert len(view.steps) == 30
    assert len(view.leaderboard) == 8
    written = (finished_run / "evidence.jsonl").read_text(encoding="utf-8").count("\n")
    assert len(view.findings) + len(view.metrics) + len(view.figures) + len(view.tables) == written
    assert {f.item.code: f.item.kind for f in view.figures}["trials"] == "scatter"


def test_criteria_carry_their_threshold_in_base_units(finished_run: Path) -> None:
    by_text = {c.text: c for c in report.build(finished_run).verdict.criteria}
    assert (by_text["latency_p99 <= 20ms"].threshold, by_text["latency_p99 <= 20ms"].unit) == (
        0.02,
        "seconds",
    )
    assert by_text["size <= 50MB"].low is None, "NaN is no number"
    assert by_text["recall >= 0.6 by sex"].more_rows == 5200


def test_findings_are_worst_first_and_accepted_ones_last(finished_run: Path) -> None:
    found = [(f.item.severity, f.item.accepted is not None) for f in report.build(finished_run).findings]
    assert found == [("warning", False), ("note", False), ("warning", True)]


def test_advice_asks_for_the_rows_that_settle_it(finished_run: Path) -> None:
    view = report.build(finished_run)
    assert view.next[0].title == "Collect about 5,200 more test rows"
    assert any("best baseline (majority) has 0.500" in sentence for sentence in view.why)


def test_an_unfinished_run_says_what_it_has(finished_run: Path) -> None:
    for name in ("verdict.json", "timings.json", "leaderboard.csv"):
        (finished_run / name).unlink()
    for stage in ("train", "compress", "test", "safeguard"):
        shutil.rmtree(finished_run / stage)
    view = report.build(finished_run)
    assert (view.state, view.verdict.verdict) == ("unfinished", "unfinished")
    assert view.reached[-1] == "choose"
    assert [c.verdict for c in view.verdict.criteria] == ["not judged"] * 4
    assert view.next[0].command.startswith("modelwright resume ")


def test_only_a_goal_is_enough(tmp_path: Path, folder_writer: Write) -> None:
    folder_writer(tmp_path, "goal.yaml", "name: small\nsuccess: accuracy >= 0.9\ndata: {source: a.csv}\n")
    view = report.build(tmp_path)
    assert (view.name, [c.threshold for c in view.verdict.criteria]) == ("small", [0.9])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        report.build(tmp_path)
    assert caught.value.code == "run.absent"


def test_damage_is_noted_and_the_rest_is_shown(finished_run: Path) -> None:
    evidence = finished_run / "evidence.jsonl"
    evidence.write_text(evidence.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    (finished_run / "steps.json").write_text('[{"step": "one"}, 3', encoding="utf-8")
    (finished_run / "profile" / "record.json").write_text('{"rows": "many"}', encoding="utf-8")
    view = report.build(finished_run)
    assert len(view.notes) == 3
    assert view.records.profile is None
    assert view.records.trained is not None


def test_a_figure_may_say_how_it_is_drawn_in_several_places(tmp_path: Path, folder_writer: Write) -> None:
    body = {
        "code": "c",
        "title": "t",
        "x_label": "",
        "y_label": "",
        "series": [{"name": "s", "x": ["a"], "y": [1.0]}],
    }
    lines = [
        {"stage": "test", **body, "kind": "step"},
        {"stage": "test", "kind": "figure", **body},
        {"stage": "test", "kind": "figure", "drawn": "scatter", **body},
        {"stage": "test", "kind": "figure", "data": {**body, "kind": "line"}},
    ]
    folder_writer(tmp_path, "goal.yaml", "name: x\n")
    folder_writer(tmp_path, "evidence.jsonl", "\n".join(json.dumps(line) for line in lines))
    view = report.build(tmp_path)
    assert view.notes == ()
    assert [f.item.kind for f in view.figures] == ["step", "bar", "scatter", "line"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy >= 85%", (0.85, "higher", "")),
        ("latency_p50 < 1.5 s", (1.5, "lower", "seconds")),
        ('recall(macro) > 0.5 for "a >= 3" by b', (0.5, "higher", "")),
        ("rmse <= 2e3", (2000.0, "lower", "")),
        ("beats the best baseline", (None, None, "")),
    ],
)
def test_demand(text: str, expected: tuple[float | None, str | None, str]) -> None:
    assert demand(text) == expected


@given(st.text(max_size=80))
def test_demand_never_fails(text: str) -> None:
    threshold, direction, _ = demand(text)
    assert (threshold is None) == (direction is None)
