"""What is told of how a network was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Table
from modelwright.models import progress
from modelwright.models.fit import FitResult
from modelwright.models.journal import Entry
from modelwright.models.race import Trial

FACTS: dict[str, Any] = {
    "settings": {"optimiser": "adamw", "schedule": "one-cycle", "clip": 1.0, "ema": None, "augment": 1.3},
    "initialisation": "uniform of Kaiming",
    "weights": 120_000,
    "batch": 64,
    "rate": 0.01,
    "mixing": ["mixup"],
    "rates": [[epoch, 0.01 / epoch] for epoch in range(1, 251)],
    "events": [
        {"step": 30, "epoch": 2, "name": "loss spike", "sentence": "the loss rose from 1 to 4",
         "action": "lower"}
    ],
    "augmentation": ["pictures mirrored sideways are shown too"],
}  # fmt: skip


def told(*settings: dict[str, Any]) -> list[Any]:
    trial = Trial(1, "small_cnn", {}, False, tuple(range(len(settings))), 0)
    for fold, facts in enumerate(settings):
        trial.entries[fold] = Entry(Path(), FitResult("small_cnn", {}, fold, settings=facts))
    book = Book()
    progress.report(trial, book)
    return list(book.items)


def test_rates_events_and_settings_are_told() -> None:
    rates, events, settings = told(FACTS, {**FACTS, "events": []})
    assert isinstance(rates, Figure)
    assert 50 <= len(rates.series[0].x) <= 101
    assert (rates.series[0].x[0], rates.series[0].x[-1]) == (1.0, 250.0)
    assert rates.series[0].y[-1] == pytest.approx(0.01 / 250)
    assert isinstance(events, Table)
    assert events.rows == ((0, 2, 30, "loss spike", "the loss rose from 1 to 4", "lower"),)
    assert isinstance(settings, Table)
    lines = dict(settings.rows)
    assert lines["first weights"] == "uniform of Kaiming"
    assert lines["mixing of rows"] == "mixup"
    assert lines["augmentation"] == "pictures mirrored sideways are shown too"
    assert "ema" not in lines


def test_what_is_no_network_tells_nothing() -> None:
    assert told({}) == []


def test_a_training_without_events_has_no_table_of_them() -> None:
    assert [item.code for item in told({**FACTS, "events": []})] == ["loss-curve-rate", "settings"]


def test_many_events_are_cut_and_counted() -> None:
    events = FACTS["events"] * 60
    (table,) = [item for item in told({**FACTS, "events": events}) if item.code == "training-events"]
    assert len(table.rows) == progress.MOST_EVENTS
    assert table.note.endswith("The first 40 of 60.")
