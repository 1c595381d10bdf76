"""Failures and latency, through the log and a look."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.live.watch import files
from modelwright.live.watch import look as looking
from modelwright.live.watch.look import look
from modelwright.runtime import load

People = Callable[..., pl.DataFrame]


def test_failures_open_and_clear(live: Callable[..., Any], people: People) -> None:
    one = live()
    one.send(people(500, 1))
    for n in range(10):
        one.fail(4)
        one.send(people(30, n + 2))
    found = look(one.place, one.settings, one.database).latest
    assert ("service.failures", None) in {(c["code"], c["column"]) for c in found["conditions"]}
    service = found["service"]
    assert (service["requests"], service["failed"], service["refused"]) == (800, 40, 0)
    assert service["failure_low"] < 40 / 840 < service["failure_high"]
    one.send(people(1500, 20))
    look(one.place, one.settings, one.database)
    told = [e["state"] for e in files.alarms(one.place) if e["code"] == "service.failures"]
    assert told == ["open", "cleared"]


def test_what_clients_get_wrong_is_no_failure_of_the_service(
    live: Callable[..., Any], people: People
) -> None:
    one = live()
    one.send(people(200, 1))
    one.fail(200, status=422)
    found = look(one.place, one.settings, one.database).latest
    assert found["conditions"] == []
    assert found["service"]["refused"] == 200


@pytest.fixture
def slow(live: Callable[..., Any], bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A live model whose goal asked for answers within 10 ms."""
    model = load(bundle)
    model.metadata = copy.deepcopy(model.metadata)
    model.metadata["test"]["criteria"].append(
        {"criterion": "latency_p99 <= 10ms", "value": 0.002, "low": 0.001, "high": 0.003, "n": 500}
    )
    monkeypatch.setattr(looking, "model_of", lambda place, version: model)
    return live()


def test_latency_is_held_against_the_goal(slow: Any, people: People) -> None:
    slow.send(people(800, 1))
    found = look(slow.place, slow.settings, slow.database).latest["service"]
    assert found["goal"] == [{"criterion": "latency_p99 <= 10ms", "verdict": "met"}]
    assert (
        found["latency"]["p50"]["low"] <= found["latency"]["p50"]["value"] <= found["latency"]["p99"]["value"]
    )
    rows = slow.predictions(people(1500, 2))
    slow.add([replace(p, micros=30_000 if i % 10 == 0 else p.micros) for i, p in enumerate(rows)])
    found = look(slow.place, slow.settings, slow.database).latest
    assert ("service.latency", "latency_p99 <= 10ms") in {
        (c["code"], c["column"]) for c in found["conditions"]
    }
    assert found["service"]["goal"][0]["verdict"] == "not met"


def test_rows_of_one_request_are_one_request(slow: Any, people: People) -> None:
    """One slow request with many rows is one slow answer, in whatever pieces its rows are read."""
    slow.send(people(600, 1))
    rows = slow.predictions(people(400, 2))
    slow.add([replace(p, micros=30_000, request="many") for p in rows[:150]])
    look(slow.place, slow.settings, slow.database)
    slow.add([replace(p, micros=30_000, request="many") for p in rows[150:]])
    found = look(slow.place, slow.settings, slow.database).latest
    assert found["conditions"] == []
    assert found["service"]["requests"] == 601
