"""Counts of several workers, and what /metrics says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from modelwright.live.serve.counters import BUCKETS, SLOTS, Counters, forget

Site = Any
Make = Callable[..., Site]


def test_any_worker_tells_the_totals_of_all(tmp_path: Path) -> None:
    one, other = Counters(tmp_path, "w0"), Counters(tmp_path, "w1")
    other.count("modelwright_feedback_total", "elsewhere")
    one.count("modelwright_feedback_total", "shop", by=3)
    other.count("modelwright_feedback_total", "shop", by=4)
    slot = other.slot("modelwright_request_seconds", "shop", "predict")
    for micros in (100, 700, 10**9):
        other.observe(slot, micros)
    for counters in (one, other):
        totals = counters.totals()
        assert totals["modelwright_feedback_total", ("shop",)] == [7]
        assert totals["modelwright_feedback_total", ("elsewhere",)] == [1]
        figures = totals["modelwright_request_seconds", ("shop", "predict")]
        assert figures[0] == 1
        assert figures[BUCKETS.index(0.001)] == 1
        assert figures[len(BUCKETS)] == 1
        assert figures[-1] == 10**9 + 800


def test_a_worker_that_starts_again_goes_on(tmp_path: Path) -> None:
    first = Counters(tmp_path, "w0")
    first.count("modelwright_feedback_total", "shop", by=3)
    first.count("modelwright_in_flight", "shop", by=2)
    # It was killed while it wrote a name.
    with (tmp_path / "w0.series").open("ab") as out:
        out.write(b'[99, "modelwright_feedb')
    again = Counters(tmp_path, "w0")
    again.count("modelwright_feedback_total", "shop")
    again.count("modelwright_feedback_total", "new")
    totals = Counters(tmp_path, "w1").totals()
    assert totals["modelwright_feedback_total", ("shop",)] == [4]
    assert totals["modelwright_feedback_total", ("new",)] == [1]
    assert totals["modelwright_in_flight", ("shop",)] == [0], "what was at work died with the worker"
    forget(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_number_of_series_is_bounded() -> None:
    counters = Counters()
    for number in range(SLOTS + 100):
        counters.count("modelwright_failures_total", "shop", str(number))
    assert counters.values[counters.lost] > 100
    counters.count("modelwright_failures_total", "shop", "5")
    assert counters.totals()["modelwright_failures_total", ("shop", "5")] == [2]


def test_metrics_name_what_is_watched(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    label = shop.post("/predict", row).json()["prediction"]
    shop.place.monitor.mkdir()
    latest = {
        "at": 1_760_000_000_000_000,
        "columns": [
            {"name": "age", "e_value": 250.0, "drifted": True},
            {"name": "note", "e_value": None, "drifted": False},
        ],
        "joint": None,
        "prediction": {"e_value": 0.5, "drifted": False},
        "accuracy": {"accuracy": {"value": 0.9, "low": 0.85, "high": None, "n": 100}},
        "conditions": [
            {"code": "drift", "column": "age", "state": "open"},
            {"code": "x", "state": "cleared"},
        ],
    }
    (shop.place.monitor / "latest.json").write_text(json.dumps(latest))
    assert shop.metric("modelwright_drift_e_value", model="shop", column="age") == 250
    assert shop.metric("modelwright_drift", model="shop", column="age") == 1
    assert shop.metric("modelwright_drift_e_value", column="(prediction)") == 0.5
    assert shop.metric("modelwright_accuracy", metric="accuracy", bound="low") == 0.85
    assert shop.metric("modelwright_alarms", code="drift") == 1
    assert shop.metric("modelwright_alarms", code="x") == 0
    assert shop.metric("modelwright_info", version="v1", verdict="met") == 1
    assert shop.metric("modelwright_journal_bytes", model="shop") > 100
    assert shop.metric("modelwright_request_seconds_count", route="predict") == 1
    assert shop.metric("modelwright_predictions_total", version="v1", label=label) == 1


def test_a_finding_that_cannot_be_read_is_passed_over(site: Make, bundle: Path) -> None:
    shop = site(bundle)
    shop.place.monitor.mkdir()
    (shop.place.monitor / "latest.json").write_text('{"columns": [')
    assert shop.ask("GET", "/metrics").status_code == 200


def test_metrics_of_two_workers_add_up(site: Make, bundle: Path, row: dict[str, Any], tmp_path: Path) -> None:
    one, other = site(bundle, worker="w0"), site(bundle, worker="w1")
    one.post("/predict", row)
    other.post("/predict", {"rows": [row, row]})
    for worker in (one, other):
        assert worker.metric("modelwright_rows_total", model="shop") == 3


def test_the_text_is_what_prometheus_reads(site: Make, bundle: Path) -> None:
    answer = site(bundle).ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"modelwright_requests", "modelwright_in_flight", "modelwright_drift"} <= names
