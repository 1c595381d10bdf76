from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.goal.sections import CleanSection
from modelwright.live.entries import Prediction
from modelwright.live.watch.rows import batch
from modelwright.live.watch.streams import PARTS, streams, usual_range
from modelwright.runtime import load
from modelwright.runtime.model import Model
from modelwright.testing.bundles import make_run

NOBODY: frozenset[str] = frozenset()


def logged(inputs: list[dict[str, Any]]) -> list[tuple[int, Prediction]]:
    return [
        (n, Prediction(f"p{n}", n, "v1", "champion", row, "yes", (0.3, 0.7))) for n, row in enumerate(inputs)
    ]


def test_the_parts_sum_to_the_alarm_rate() -> None:
    classes = sum(part for kind, part in PARTS.items() if kind != "answers")
    numbers = sum(part for kind, part in PARTS.items() if kind not in ("labels", "confidence"))
    assert classes == pytest.approx(1.0)
    assert numbers == pytest.approx(1.0)


def test_every_column_is_tested_and_no_part_is_spent_twice(model: Model) -> None:
    found = streams(model, model.bundle.json("reference.json"), NOBODY)
    names = [s.name for s in found.streams]
    assert names == [
        "missing:size", "values:size", "range:size", "missing:weight", "values:weight", "range:weight",
        "missing:age", "values:age", "range:age", "missing:colour", "values:colour", "new:colour",
        "joint", "labels", "confidence",
    ]  # fmt: skip
    assert sum(s.part for s in found.streams) <= 1 - PARTS["accuracy"] - PARTS["service"]
    assert found.not_available == {}


def test_an_older_bundle_is_watched_without_joint_drift(model: Model) -> None:
    reference = copy.deepcopy(model.bundle.json("reference.json"))
    del reference["joint"]
    reference["version"] = 1
    found = streams(model, reference, NOBODY)
    assert "joint" not in {s.name for s in found.streams}
    assert found.not_available["joint"].startswith("the bundle is older")


def test_rows_fall_where_the_reference_counted_them(model: Model) -> None:
    found = streams(model, model.bundle.json("reference.json"), NOBODY)
    rows: list[dict[str, Any]] = [
        {"size": 10.0, "weight": 20.0, "age": 40.0, "colour": "red"},
        {"size": None, "weight": "20.0", "age": "unknown", "colour": "violet"},
        {"size": 1e6, "weight": -1e6, "age": 40, "colour": None},
    ]
    part = batch(model, logged(rows), NOBODY)
    told = {}
    for s in found.streams:
        values = s.values(part)
        assert values is not None
        told[s.name] = values.tolist()
    assert told["missing:size"] == [1.0, 2.0, 1.0]
    assert told["missing:age"] == [1.0, 2.0, 1.0]
    assert np.isnan(told["range:size"][1])
    assert told["range:size"][2] == 2.0
    assert told["new:colour"][:2] == [1.0, 0.0]
    assert np.isnan(told["new:colour"][2])
    assert told["labels"] == [1.0, 1.0, 1.0]
    assert told["confidence"] == pytest.approx([0.7] * 3)
    assert part.columns["age"].unreadable == 1


def test_live_cells_of_stable_rows_are_filled_as_at_release(
    model: Model, people: Callable[..., pl.DataFrame]
) -> None:
    found = streams(model, model.bundle.json("reference.json"), NOBODY)
    part = batch(model, logged(people(4000, 5).drop("good").to_dicts()), NOBODY)
    for s in found.streams:
        if s.cells is None:
            continue
        values = s.values(part)
        assert values is not None
        known = values[~np.isnan(values)].astype(np.int64)
        live = np.bincount(known, minlength=len(s.cells.counts)) / len(known)
        release = np.array(s.cells.counts) / s.cells.rows
        assert np.abs(live - release).sum() / 2 < 0.09, s.name


def test_values_that_the_log_does_not_hold_are_passed_over(model: Model) -> None:
    found = streams(model, model.bundle.json("reference.json"), NOBODY)
    part = batch(model, logged([{"size": 10.0, "weight": 20.0, "colour": "red"}] * 3), NOBODY)
    by_name = {s.name: s for s in found.streams}
    assert by_name["values:age"].values(part) is None
    assert by_name["joint"].values(part) is None
    assert by_name["values:size"].values(part) is not None


def test_of_personal_columns_only_their_absence_is_watched(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 400
    size = rng.normal(10, 3, n)
    frame = pl.DataFrame(
        {
            "size": size.round(2),
            "contact": [f"person{i % 40}@example.org" for i in range(n)],
            "good": np.where(size + rng.normal(0, 1, n) > 10, "yes", "no"),
        }
    )
    made = make_run(tmp_path / "run", frame, "good", section=CleanSection(personal="keep"))
    model = load(made.bundle)
    if "contact" not in model.tensors.names:
        pytest.fail("the column is no input, so that this shows nothing")
    private = frozenset({"contact"})
    found = streams(model, model.bundle.json("reference.json"), private)
    assert [s.name for s in found.streams if s.column == "contact"] == ["missing:contact"]
    assert "contact" not in str(model.bundle.json("reference.json")["joint"].get("columns", ""))
    part = batch(
        model, logged([{"size": 1.0, "contact": "<personal>"}, {"size": 1.0, "contact": None}]), private
    )
    assert part.columns["contact"].missing.tolist() == [False, True]
    assert "contact" not in part.typed()


def test_usual_ranges_of_dates_are_microseconds() -> None:
    ends = usual_range("1970-01-01T00:00:01+00:00", "1970-01-02T00:00:00+00:00")
    assert ends == (1e6, 86400e6)
    assert usual_range(None, 3.0) is None
