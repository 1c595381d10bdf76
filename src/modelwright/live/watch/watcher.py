"""The state of watching one version, fed with what the log holds, in the log's own order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.goal.metrics.scored import Scored
from modelwright.live.entries import Failure, Feedback, Prediction
from modelwright.live.log.personal import personal_columns
from modelwright.live.settings import Settings
from modelwright.live.watch import accuracy, alarms, quality, service
from modelwright.live.watch.accuracy import Followed, Labels
from modelwright.live.watch.measures import measures
from modelwright.live.watch.rows import Batch, batch
from modelwright.live.watch.service import Service
from modelwright.live.watch.streams import LEARNED, PARTS, Stream, learn, placed, streams
from modelwright.live.watch.tracks import Track, Turn, When, feed, threshold
from modelwright.runtime.model import Model
from modelwright.stats.cells import Cells

MARK: Final = 2000
"""Every so many rows the place in the log is noted, to find the most recent rows again. Rows are fed in parts
that end there."""
MARKS: Final = 2
WAITING: Final = 1000
"""Outcomes whose prediction has not arrived, that are kept at most."""
PATIENCE: Final = 3600 * 10**6
"""Microseconds for which they are kept."""


class Watcher:
    """One version of one model under watch. :meth:`state` after the same log is the same, byte by byte."""

    def __init__(self, name: str, version: str, model: Model, settings: Settings) -> None:
        self.name, self.version, self.model = name, version, model
        self.reference: dict[str, Any] = model.bundle.json("reference.json")
        keep = settings.log.personal == "keep"
        self.private = frozenset() if keep else frozenset(personal_columns(model))
        watched = streams(model, self.reference, self.private, settings.watch.alarm_rate)
        self.streams: tuple[Stream, ...] = watched.streams
        self.measures, not_followed = measures(model)
        self.not_available = {**watched.not_available, **not_followed}
        self.rate = settings.watch.alarm_rate
        self.horizon = int(settings.watch.alarm_horizon * 1e6)
        self.demands = accuracy.demands(self.measures, self.rate, PARTS["accuracy"])
        self.latency = service.latency_criteria(model)
        self.rows = 0
        self.began: list[int] = []
        """When versions began to be watched, as far back as the horizon reaches; the last is this one."""
        self.begun = False
        self.last_at = 0
        self.marks: list[list[int]] = []
        self.tracks = {s.name: Track(s.name, s.part) for s in self.streams}
        self.learned: dict[str, list[float]] = {s.name: [] for s in self.streams if s.cells is None}
        self.cells: dict[str, Cells] = {s.name: s.cells for s in self.streams if s.cells is not None}
        self.quality = quality.begin()
        self.labels = Labels(
            followed={m.text: Followed() for m in self.measures},
            tracks={d.name: Track(d.name, d.part) for d in self.demands},
        )
        names = ["failures", *(f"latency:{c.text}" for c in self.latency)]
        each = PARTS["service"] / len(names)
        self.service = Service(tracks={n: Track(n, each) for n in names})
        self.waiting: list[list[Any]] = []
        self.newest = 0
        """When the newest outcome came."""
        self.conditions = {
            **{s.name: alarms.of_stream(s) for s in self.streams},
            **{d.name: alarms.of_demand(d) for d in self.demands},
            **{f"service:{n}": alarms.of_service(n) for n in names},
        }

    # --- what is fed --------------------------------------------------------------------------------------

    def predictions(
        self, rows: Sequence[tuple[int, Prediction]], failures: Sequence[tuple[int, Failure]]
    ) -> list[tuple[str, Turn]]:
        """At most ``room`` rows, and the failures that came among them; what opened and cleared."""
        turns: list[tuple[str, Turn]] = []
        part = batch(self.model, rows, self.private)
        for name, turn in service.feed(self.service, self.latency, part, failures, self._limit):
            turns.append((f"service:{name}", turn))
        return turns + self._part(part) if rows else turns

    @property
    def room(self) -> int:
        """Rows that :meth:`predictions` may be given at once."""
        return MARK - self.rows % MARK

    def _part(self, part: Batch) -> list[tuple[str, Turn]]:
        turns: list[tuple[str, Turn]] = []
        if self.rows % MARK == 0:
            self.marks = [*self.marks, [self.rows, int(part.when[0, 0]) - 1]][-MARKS:]
        self.rows += len(part)
        self.last_at = max(self.last_at, int(part.when[:, 1].max()))
        quality.feed(self.quality, self.streams, part)
        for stream in self.streams:
            values = stream.values(part)
            if values is None:
                continue
            told = ~np.isnan(values)
            made = self._stream(stream, values[told], part.when[told])
            turns += [(stream.name, turn) for turn in made]
        return turns

    def _stream(self, stream: Stream, values: npt.NDArray[np.float64], when: When) -> list[Turn]:
        track = self.tracks[stream.name]
        if stream.bound is not None:
            inside = (values == 1.0).astype(np.float64)
            return accuracy.feed_mean(track, stream.bound, inside, when, self._limit)
        if stream.cells is not None:
            return feed(track, stream.cells, values.astype(np.int64), when, self._limit)
        if stream.name not in self.cells:
            held = self.learned[stream.name]
            missing = LEARNED - len(held)
            held += [float(v) for v in values[:missing]]
            values, when = values[missing:], when[missing:]
            if len(held) < LEARNED:
                return []
            self.cells[stream.name] = learn(stream, held, self.model.classes)
            self.learned[stream.name] = []
        cells = self.cells[stream.name]
        return feed(track, cells, placed(stream, cells, values, self.model.classes), when, self._limit)

    def feedback(self, pairs: Sequence[tuple[Prediction, int, Feedback]]) -> list[tuple[str, Turn]]:
        """First outcomes of this version's predictions with their numbers, in the order of arrival."""
        known = [
            (p, (number, f.at), truth)
            for p, number, f in pairs
            if (truth := self.truth(f.outcome)) is not None
        ]
        self.labels.unknown += len(pairs) - len(known)
        turns: list[tuple[str, Turn]] = []
        place = 0
        while place < len(known):
            step = accuracy.BLOCK - self.labels.rows % accuracy.BLOCK
            some = known[place : place + step]
            place += len(some)
            turns += self._labelled(some)
        return turns

    def _labelled(self, some: list[tuple[Prediction, tuple[int, int], float]]) -> list[tuple[str, Turn]]:
        turns: list[tuple[str, Turn]] = []
        scored = self.scored([(p, truth) for p, _, truth in some])
        when = np.array([w for _, w, _ in some], dtype=np.int64)
        for m in self.measures:
            if m.goods is None:
                continue
            goods = m.goods(scored)
            counted = ~np.isnan(goods)
            self.labels.followed[m.text].take(m, goods[counted])
            for d in self.demands:
                if d.measure is m:
                    track = self.labels.tracks[d.name]
                    made = accuracy.feed_mean(
                        track, m.good(d.bound), goods[counted], when[counted], self._limit
                    )
                    turns += [(d.name, turn) for turn in made]
        self.labels.rows += len(some)
        blocked = [d for d in self.demands if d.measure.goods is None]
        if blocked:
            self.labels.block += [_kept(p, truth) for p, _, truth in some]
            if self.labels.rows % accuracy.BLOCK == 0:
                full = _scored(self.model, self.labels.block)
                self.labels.block = []
                for d in blocked:
                    track = self.labels.tracks[d.name]
                    made = accuracy.feed_block(track, d, full, when[-1], self._limit)
                    turns += [(d.name, turn) for turn in made]
        return turns

    def scored(self, pairs: Sequence[tuple[Prediction, float]]) -> Scored:
        """Rows with outcomes, as metrics take them."""
        return _scored(self.model, [_kept(p, truth) for p, truth in pairs])

    def truth(self, outcome: str | float) -> float | None:
        """An outcome as the code of its class, or as a number; None where it is neither."""
        if self.model.classes:
            places = {name: float(code) for code, name in enumerate(self.model.classes)}
            if isinstance(outcome, bool):
                return places.get("true" if outcome else "false")
            if isinstance(outcome, float) and outcome.is_integer() and str(outcome) not in places:
                return places.get(str(int(outcome)))
            return places.get(str(outcome))
        try:
            value = float(outcome)
        except (TypeError, ValueError):
            return None
        return value if np.isfinite(value) else None

    def begin(self, at: int) -> None:
        """The time of the version's first entry: from here on it has its part of the alarm rate."""
        if not self.begun:
            self.begun = True
            self.began = [*(b for b in self.began if b > at - self.horizon), at]

    def _limit(self, track: Track, at: int) -> float:
        track.began = [b for b in track.began if b > at - self.horizon]
        return threshold(self.rate, track.part, len(self.began), len(track.began))

    # --- what is kept -------------------------------------------------------------------------------------

    def open(self) -> list[tuple[str, Track]]:
        """Tracks whose condition is open, in the order of their opening."""
        every = {
            **self.tracks,
            **self.labels.tracks,
            **{f"service:{name}": track for name, track in self.service.tracks.items()},
        }
        found = [(key, track) for key, track in every.items() if track.since is not None]
        return sorted(found, key=lambda item: (item[1].since or 0, item[0]))

    def state(self) -> dict[str, Any]:
        """Everything, as JSON data."""
        return {
            "rows": self.rows,
            "began": self.began,
            "begun": self.begun,
            "last_at": self.last_at,
            "marks": self.marks,
            "tracks": {name: t.to_json() for name, t in self.tracks.items()},
            "learned": self.learned,
            "cells": {
                s.name: asdict(self.cells[s.name])
                for s in self.streams
                if s.cells is None and s.name in self.cells
            },
            "quality": self.quality,
            "labels": {
                "rows": self.labels.rows,
                "unknown": self.labels.unknown,
                "followed": {name: asdict(f) for name, f in self.labels.followed.items()},
                "tracks": {name: t.to_json() for name, t in self.labels.tracks.items()},
                "block": self.labels.block,
            },
            "service": {
                "requests": self.service.requests,
                "failed": self.service.failed,
                "refused": self.service.refused,
                "last": self.service.last,
                "tracks": {name: t.to_json() for name, t in self.service.tracks.items()},
            },
            "waiting": self.waiting,
            "newest": self.newest,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state of :meth:`state`. Raises KeyError, TypeError, ValueError where it does not fit."""
        self.rows, self.began, self.begun = state["rows"], state["began"], state["begun"]
        self.last_at, self.marks = state["last_at"], state["marks"]
        self.tracks = {name: Track.from_json(name, state["tracks"][name]) for name in self.tracks}
        self.learned = {name: list(state["learned"][name]) for name in self.learned}
        for name, told in state["cells"].items():
            self.cells[name] = Cells(
                told["kind"], tuple(told["counts"]), tuple(told["edges"]), tuple(told["names"])
            )
        self.quality = state["quality"]
        labels = state["labels"]
        self.labels = Labels(
            rows=labels["rows"],
            unknown=labels["unknown"],
            followed={name: Followed(**labels["followed"][name]) for name in self.labels.followed},
            tracks={name: Track.from_json(name, labels["tracks"][name]) for name in self.labels.tracks},
            block=labels["block"],
        )
        told = state["service"]
        self.service = Service(
            told["requests"],
            told["failed"],
            told["refused"],
            told["last"],
            {name: Track.from_json(name, told["tracks"][name]) for name in self.service.tracks},
        )
        self.waiting, self.newest = state["waiting"], state["newest"]


def _kept(p: Prediction, truth: float) -> list[Any]:
    return [truth, p.prediction, list(p.probabilities) if p.probabilities is not None else None]


def _scored(model: Model, rows: Sequence[list[Any]]) -> Scored:
    if not model.classes:
        truth = np.array([row[0] for row in rows], dtype=np.float64)
        return Scored(truth, values=np.array([float(row[1]) for row in rows], dtype=np.float64))
    k = len(model.classes)
    places = {name: code for code, name in enumerate(model.classes)}
    probabilities = np.array(
        [row[2] if row[2] and len(row[2]) == k else [1.0 / k] * k for row in rows], dtype=np.float64
    ).reshape(-1, k)
    labels = np.array([places.get(str(row[1]), -1) for row in rows], dtype=np.int64)
    withheld = labels < 0
    labels[withheld] = probabilities[withheld].argmax(axis=1)
    positive = model.metadata.get("positive")
    return Scored(
        np.array([row[0] for row in rows]).astype(np.int64),
        labels,
        probabilities,
        classes=model.classes,
        positive=places.get(str(positive)),
    )
