"""Outcomes that come back: values with intervals, and falls that are told."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.codec import encode
from modelwright.core.records.evidence import Estimate
from modelwright.goal.metrics import METRICS
from modelwright.live.entries import Feedback
from modelwright.live.log.outcomes import by_time
from modelwright.live.watch import files
from modelwright.live.watch.accuracy import demands
from modelwright.live.watch.look import look
from modelwright.live.watch.measures import measures, worst_at
from modelwright.runtime import load
from modelwright.runtime.model import Model

People = Callable[..., pl.DataFrame]


def with_criteria(bundle: Path, *results: tuple[str, float, float, float, int]) -> Model:
    """The model, as if its test had judged these criteria."""
    model = load(bundle)
    model.metadata = copy.deepcopy(model.metadata)
    model.metadata["test"]["criteria"] = [
        {"criterion": text, "value": value, "low": low, "high": high, "n": n, "verdict": "met"}
        for text, value, low, high, n in results
    ]
    return model


@pytest.mark.slow  # 6,500 rows with outcomes, through the log
def test_a_fall_is_told_once_and_its_end_too(live: Callable[..., Any], people: People) -> None:
    one = live()
    for n, (rows, flip) in enumerate([(1500, 0.0), (1500, 0.5), (3500, 0.0)]):
        one.send(people(rows, n + 1, flip=flip), outcomes=True)
        look(one.place, one.settings, one.database)
    told = [e for e in files.alarms(one.place) if e["code"].startswith("accuracy.")]
    assert [(e["code"], e["state"]) for e in told if e["code"] == "accuracy.fallen"] == [
        ("accuracy.fallen", "open"),
        ("accuracy.fallen", "cleared"),
    ]
    assert {e["code"] for e in told} == {"accuracy.fallen", "accuracy.below-goal"}
    assert 1500 < told[0]["rows"] < 2200
    assert "0.85" in told[0]["what"]


def test_the_state_of_a_fall_can_be_read(live: Callable[..., Any], people: People) -> None:
    one = live()
    one.send(people(1500, 1, flip=0.5), outcomes=True)
    found = look(one.place, one.settings, one.database).latest
    (accuracy,) = found["accuracy"].values()
    assert accuracy["fallen"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"] < 0.7
    assert accuracy["recent"]["value"] == pytest.approx(accuracy["value"])
    assert accuracy["recent"]["high"] - accuracy["recent"]["low"] < accuracy["high"] - accuracy["low"]
    assert {c["code"] for c in found["conditions"]} == {"accuracy.fallen", "accuracy.below-goal"}


@pytest.mark.slow  # 6,000 rows with outcomes, through the log
def test_metrics_that_are_no_means_are_followed_in_blocks(
    live: Callable[..., Any], people: People, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelwright.live.watch import look as looking

    model = with_criteria(
        bundle, ("roc_auc >= 0.85", 0.95, 0.93, 0.97, 600), ("recall >= 0.7", 0.87, 0.83, 0.9, 300)
    )
    monkeypatch.setattr(looking, "model_of", lambda place, version: model)
    one = live()
    for n, flip in enumerate([0.0, 0.5, 0.0, 0.0]):
        one.send(people(1500, n + 1, flip=flip), outcomes=True)
        found = look(one.place, one.settings, one.database).latest
        if flip:
            assert ("accuracy.below-goal", "roc_auc >= 0.85") in {
                (c["code"], c["column"]) for c in found["conditions"]
            }
    told = [(e["key"], e["state"]) for e in files.alarms(one.place)]
    assert told.count(("goal:roc_auc >= 0.85", "open")) == 1
    assert told.count(("goal:roc_auc >= 0.85", "cleared")) == 1
    assert ("goal:recall >= 0.7", "open") in told
    area = found["accuracy"]["roc_auc >= 0.85"]
    assert "one look" in area["method"]
    assert area["low"] < area["value"] < area["high"]
    # Recall of the positive class is a mean over its rows.
    assert "every look" in found["accuracy"]["recall >= 0.7"]["method"]
    assert found["accuracy"]["recall >= 0.7"]["n"] < found["labelled"]


def test_answers_that_were_withheld_count_as_on_the_test_rows(
    live: Callable[..., Any], people: People
) -> None:
    """The test judges every row by the class that it would name; so do alarms, and the pages' log."""
    one = live()
    frame = people(600, 1)
    rows = one.predictions(frame)
    unsure = [dataclasses.replace(p, abstained=max(p.probabilities) < 0.9) for p in rows]
    assert 50 < sum(p.abstained for p in unsure) < 550
    one.add(unsure)
    told = frame["good"].to_list()
    one.add([Feedback(p.id, p.at + 1, t) for p, t in zip(rows, told, strict=True)])
    right = sum(p.prediction == t for p, t in zip(rows, told, strict=True))
    (accuracy,) = look(one.place, one.settings, one.database).latest["accuracy"].values()
    assert (accuracy["n"], accuracy["value"]) == (600, pytest.approx(right / 600))
    seen = by_time(one.database, since=0, bucket=3600 * 10**6)
    assert (sum(r["n"] for r in seen), sum(r["right"] for r in seen)) == (600, right)


def test_what_is_followed_and_what_is_not(bundle: Path) -> None:
    model = with_criteria(
        bundle,
        ("accuracy >= 0.7 by colour", 0.8, 0.7, 0.9, 600),
        ("latency_p99 <= 20ms", 0.001, 0.001, 0.002, 600),
        ("better than the best baseline", 0.1, 0.05, 0.2, 600),
        ('precision >= 0.5 for "no"', 0.8, 0.7, 0.9, 300),
        ("cost <= 2", 1.0, 0.9, 1.1, 600),
    )
    estimate = Estimate(0.87, 0.84, 0.9, 600, 0.95)
    model.metadata["test"]["metrics"] = [{"name": "accuracy", "estimate": encode(estimate)}]
    found, absent = measures(model)
    assert [m.text for m in found] == [
        "accuracy >= 0.7 by colour",
        'precision >= 0.5 for "no"',
    ]
    assert set(absent) == {"accuracy >= 0.7 by colour", "cost <= 2"}
    # A criterion by slices says nothing of the value over all rows at the test; the test itself does.
    assert found[0].tested == estimate


def test_shares_of_the_budget_sum_to_the_part(bundle: Path) -> None:
    model = with_criteria(
        bundle, ("roc_auc >= 0.8", 0.95, 0.93, 0.97, 600), ("recall >= 0.7", 0.87, 0.83, 0.9, 300)
    )
    found, _ = measures(model)
    made = demands(found, 0.01, 0.16)
    paid = sum(d.part * (2 if d.code == "accuracy.fallen" else 1) for d in made)
    assert paid == pytest.approx(0.16)


def test_the_test_rows_own_error_is_allowed_for() -> None:
    """Over many tests the bound is above the truth as seldom as was asked, for a share of rows."""
    rng = np.random.default_rng(0)
    high = 0
    for hits in rng.binomial(300, 0.8, 4000):
        bound = worst_at(Estimate(hits / 300, 0.0, 1.0, 300), METRICS["accuracy"], 0.01)
        high += bound > 0.8
    assert high / 4000 <= 0.012
    wide = worst_at(Estimate(0.9, 0.86, 0.94, 200), METRICS["roc_auc"], 0.001)
    assert wide == pytest.approx(0.9 - 0.04 * 3.0902 / 1.95996, abs=1e-4)
    assert worst_at(Estimate(2.0, 1.5, 2.5, 200), METRICS["rmse"], 0.001) > 2.5
    assert math.isnan(worst_at(Estimate(0.9, math.nan, math.nan, 5), METRICS["roc_auc"], 0.01))


def test_an_estimate_of_the_test_survives_the_manifest(bundle: Path) -> None:
    model = with_criteria(bundle, ("f1 >= 0.5", 0.8, 0.7, 0.9, 600))
    model.metadata["test"]["metrics"] = [
        {"name": "accuracy", "estimate": encode(Estimate(0.88, 0.85, 0.9, 600)), "about": "model"}
    ]
    found, _ = measures(model)
    accuracy = next(m for m in found if m.text == "accuracy")
    assert accuracy.tested == Estimate(0.88, 0.85, 0.9, 600)
