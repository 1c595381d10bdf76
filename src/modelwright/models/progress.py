"""How the training of a network went: its learning rate, what its watchers saw, and its settings."""

from __future__ import annotations

import math
from typing import Any

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series, Table
from modelwright.models.race import Trial

MOST_EVENTS = 40
_PLAIN = (
    ("initialisation", "first weights"),
    ("weights", "weights"),
    ("learned_weights", "weights that are learned"),
    ("steps", "steps"),
    ("batch", "rows of a batch"),
    ("parts", "parts of a batch"),
    ("rate", "highest learning rate"),
    ("mixing", "mixing of rows"),
    ("best_epoch", "epoch whose weights were kept"),
    ("device", "device"),
    ("precision", "precision"),
)
"""Facts of the loop that are told, with their words."""
_SETTINGS = (
    "optimiser", "schedule", "warm_up", "decay", "loss", "smoothing", "clip", "ema", "mixup", "cutmix",
    "augment", "patience", "epochs", "rounds",
)  # fmt: skip


def report(trial: Trial, book: Book) -> None:
    """The learning rate of the best candidate's first fold beside its loss, what was seen in all of its
    folds, and how it was set. Nothing for what is no network."""
    facts = trial.results[0].settings
    if not facts:
        return
    _rates(trial.name, facts, book)
    _events(trial, book)
    _settings(trial.name, facts, book)


def _rates(name: str, facts: dict[str, Any], book: Book) -> None:
    rates = [(float(epoch), float(rate)) for epoch, rate in facts.get("rates", ())]
    if len(rates) < 2:
        return
    step = math.ceil(len(rates) / 100)
    kept = rates[::step] if (len(rates) - 1) % step == 0 else [*rates[::step], rates[-1]]
    book.figure(
        Figure(
            "loss-curve-rate",
            f"Learning rate of {name}",
            "line",
            "epoch",
            "learning rate",
            (Series("rate", tuple(e for e, _ in kept), tuple(r for _, r in kept)),),
            note="At the end of each epoch.",
        )
    )


def _events(trial: Trial, book: Book) -> None:
    """One line for each thing that watchers saw, fold by fold."""
    lines = [
        (
            result.fold,
            int(event.get("epoch", 0)),
            int(event.get("step", 0)),
            str(event.get("name", "")),
            str(event.get("sentence", "")),
            str(event.get("action", "")),
        )
        for result in trial.results
        for event in result.settings.get("events", ())
    ]
    if not lines:
        return
    more = f" The first {MOST_EVENTS} of {len(lines)}." if len(lines) > MOST_EVENTS else ""
    book.table(
        Table(
            "training-events",
            f"What was seen while {trial.name} was trained",
            ("fold", "epoch", "step", "what", "in words", "done about it"),
            tuple(lines[:MOST_EVENTS]),
            note="note: nothing was changed; lower: the rate was halved; back: it went back to the last good "
            f"state with half the rate; stop: it ended with its best weights.{more}",
        )
    )


def _settings(name: str, facts: dict[str, Any], book: Book) -> None:
    """How the network was trained, as it came out: what was chosen along the way included."""
    settings = facts.get("settings") or {}
    lines = [(words, _cell(facts[key])) for key, words in _PLAIN if facts.get(key) not in (None, "", [])]
    lines += [
        (key.replace("_", " "), _cell(settings[key])) for key in _SETTINGS if settings.get(key) is not None
    ]
    lines += [("augmentation", str(sentence)) for sentence in facts.get("augmentation", ())]
    if lines:
        book.table(Table("settings", f"How {name} was trained", ("setting", "value"), tuple(lines)))


def _cell(value: Any) -> str | float | int:
    if isinstance(value, str | float | int):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)
