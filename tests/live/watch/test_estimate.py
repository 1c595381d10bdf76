"""Accuracy before outcomes: near the truth where only inputs drift, and not trusted where it cannot be."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.codec import encode
from modelwright.core.records.evidence import Estimate
from modelwright.live.entries import Prediction
from modelwright.live.watch.estimate import estimated
from modelwright.live.watch.measures import measures
from modelwright.live.watch.rows import Batch, batch
from modelwright.live.watch.streams import streams
from modelwright.live.watch.watcher import _scored
from modelwright.runtime import load
from modelwright.runtime.model import Model

People = Callable[..., pl.DataFrame]
NOBODY: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def told(bundle: Path) -> Model:
    """The model, with what a test says of its calibration."""
    model = load(bundle)
    model.metadata = copy.deepcopy(model.metadata)
    model.metadata["test"]["metrics"] = [
        {"name": "ece", "estimate": encode(Estimate(0.01, 0.0, 0.02, 2000)), "about": "model"}
    ]
    model.metadata["test"]["criteria"].append(
        {"criterion": "f1 >= 0.5", "value": 0.86, "low": 0.84, "high": 0.88, "n": 900, "verdict": "met"}
    )
    return model


def answered(model: Model, frame: pl.DataFrame) -> tuple[Batch, Any, float]:
    """Rows as they were logged, with outcomes, and the accuracy that they really have."""
    inputs = frame.drop("good").to_dicts()
    made = model.predict_all(inputs)
    truth = [model.classes.index(t) for t in frame["good"].to_list()]
    rows = [
        Prediction(f"p{i}", i, "v1", "champion", row, str(label), tuple(float(p) for p in probabilities))
        for i, (row, label, probabilities) in enumerate(
            zip(inputs, made["prediction"], made["probabilities"], strict=True)
        )
    ]
    scored = _scored(
        model,
        [[float(t), p.prediction, list(p.probabilities or ())] for t, p in zip(truth, rows, strict=True)],
    )
    right = float(np.mean(made["label"] == np.array(truth)))
    return batch(model, list(enumerate(rows)), NOBODY), scored, right


def estimate_of(model: Model, part: Batch, labelled: Any = None) -> dict[str, Any]:
    reference = model.bundle.json("reference.json")
    found, _ = measures(model)
    watched = streams(model, reference, NOBODY).streams
    return estimated(model, found, reference, watched, part, labelled)


NEAR, FAR = (pl.col("size") - 10).abs() < 1.5, (pl.col("size") - 10).abs() > 2.0
"""Rows whose class is hard to tell, or easy: the inputs drift, what they mean does not."""


@pytest.mark.parametrize("kept", [pl.lit(value=True), NEAR, FAR, pl.col("age") > 45])
def test_it_is_near_the_truth_when_inputs_drift(told: Model, people: People, kept: pl.Expr) -> None:
    part, scored, right = answered(told, people(9000, 11).filter(kept).head(2000))
    found = estimate_of(told, part)
    assert found["low"] <= right <= found["high"]
    assert abs(found["value"] - right) < 0.03
    assert found["high"] - found["low"] < 0.12
    assert found["trusted"], found["why"]
    # Outcomes that agree do not take the trust away.
    assert estimate_of(told, part, scored.take(np.arange(400)))["trusted"]


def test_the_truth_changes_under_the_drift_that_it_follows(told: Model, people: People) -> None:
    """Else the test above would show nothing."""
    easy, hard = (answered(told, people(6000, 11).filter(kept))[2] for kept in (FAR, NEAR))
    assert easy - hard > 0.2


def test_other_metrics_are_estimated_too(told: Model, people: People) -> None:
    part, scored, _ = answered(told, people(2000, 12))
    found = estimate_of(told, part)
    (other,) = found["others"]
    truth = measures(told)[0][1].spec.compute(scored)
    assert other["metric"] == "f1 >= 0.5"
    assert other["low"] <= truth <= other["high"]


def test_outcomes_that_disagree_take_the_trust(told: Model, people: People) -> None:
    part, scored, right = answered(told, people(2000, 13, flip=0.3))
    blind = estimate_of(told, part)
    assert blind["trusted"]  # nothing but outcomes can show it
    assert blind["low"] > right
    seen = estimate_of(told, part, scored.take(np.arange(300)))
    assert not seen["trusted"]
    assert "outcomes" in seen["why"]
    assert estimate_of(told, part, scored.take(np.arange(20)))["trusted"]  # too few to say


def test_rows_outside_of_the_reference_take_the_trust(told: Model, people: People) -> None:
    part, _, _ = answered(told, people(1000, 14, age=200.0))
    found = estimate_of(told, part)
    assert not found["trusted"]
    assert "outside" in found["why"]
    strange = people(1000, 14).with_columns(
        colour=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("violet")).otherwise("colour")
    )
    assert "20% of recent rows" in estimate_of(told, answered(told, strange)[0])["why"]


def test_few_rows_take_the_trust(told: Model, people: People) -> None:
    found = estimate_of(told, answered(told, people(60, 15))[0])
    assert not found["trusted"]
    assert "60 recent rows" in found["why"]


def test_without_a_tested_calibration_it_is_not_trusted(model: Model, people: People) -> None:
    found = estimate_of(model, answered(model, people(500, 16))[0])
    assert not found["trusted"]
    assert "was not measured" in found["why"]


def test_a_model_of_numbers_says_that_it_cannot(told: Model, people: People) -> None:
    class Numbers:
        classes = ()

    part, _, _ = answered(told, people(100, 17))
    found = estimated(Numbers(), (), {}, (), part, None)  # type: ignore[arg-type]
    assert found["value"] is None
    assert found["why"].startswith("not available")
