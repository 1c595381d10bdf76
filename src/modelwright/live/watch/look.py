"""One look at a live model: what is new in its log is tested, and what was found is written down.

The log has one order (the numbers of its entries), and everything that is kept depends on the entries in that
order: any rhythm of looking leaves the same state. A look reads up to the last number that there is when it
begins.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelwright.live import deployment
from modelwright.live.entries import Feedback, Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.live.watch import alarms, files
from modelwright.live.watch.report import report
from modelwright.live.watch.tracks import Turn
from modelwright.live.watch.watcher import PATIENCE, WAITING, Watcher
from modelwright.runtime.model import Model, load
from modelwright.store import atomic
from modelwright.store.lock import in_turn

KEEP: Final = 20_000
"""Rows after which the state is written within a look, so that a kill costs little."""
PAGE: Final = 5000
_LOADED: OrderedDict[tuple[Path, int], Model] = OrderedDict()
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Look:
    """What one look did."""

    version: str
    rows: int
    """Predictions that were new."""
    outcomes: int
    events: tuple[dict[str, Any], ...]
    """Conditions that opened or cleared (see ``alarms.event``), in order."""
    latest: dict[str, Any]
    """What ``latest.json`` holds now."""


def look(place: Place, settings: Settings, database: LogDatabase, *, now: int | None = None) -> Look:
    """Test what is new, and write ``monitor/``; waits while another process looks.

    ``now``: microseconds since 1970, for what ``latest.json`` says of the time of looking; nothing else
    depends on it. Raises :class:`LogDown` where the log cannot be read (nothing has changed then), and
    :class:`BadInput` or :class:`BadBundle` where deployment or champion cannot be read.
    """
    if now is None:
        now = int(dt.datetime.now(dt.UTC).timestamp() * 1e6)
    # What is kept between looks has outcomes in it: for the owner's eyes alone.
    place.monitor.mkdir(parents=True, exist_ok=True, mode=0o700)
    with in_turn(place.monitor):
        champion = deployment.read(place).champion
        state = files.read_state(place) or _nothing(place)
        files.follow(place, state)
        upto = database.last()
        if upto < state["number"]:  # the log was emptied, or is another: its numbers begin again
            state["number"] = state["since"] = 0
            if state["watch"] is not None:
                state["watch"]["marks"] = []
        rows = outcomes = 0
        new: list[dict[str, Any]] = []
        if state["version"] not in (None, champion):
            # What the version before answered is looked at to its end.
            done = _Looking(place, settings, database, state, state["version"], upto).run()
            done.end(champion)
            rows, outcomes, new = done.rows, done.outcomes, done.events
            began = done.watcher.began
            state = {**state, "version": champion, "number": state["since"], "watch": None, "began": began}
        looking = _Looking(place, settings, database, state, champion, upto).run()
        rows, outcomes, new = rows + looking.rows, outcomes + looking.outcomes, new + looking.events
        looking.keep(last=True)
        found, worked = report(place, settings, database, looking.watcher, now, files.worked(place))
        atomic.write_json(files.worked_path(place), worked, indent=None)
        atomic.write_json(files.latest_path(place), found)
    return Look(champion, rows, outcomes, tuple(new), found)


class _Looking:
    """The reading of one version's entries up to a number."""

    def __init__(
        self,
        place: Place,
        settings: Settings,
        database: LogDatabase,
        state: dict[str, Any],
        version: str,
        upto: int,
    ) -> None:
        self.place, self.database, self.state, self.upto = place, database, state, upto
        self.version = version
        self.watcher = Watcher(place.name, version, model_of(place, version), settings)
        if state["watch"] is not None:
            try:
                self.watcher.restore(state["watch"])
            except (KeyError, TypeError, ValueError, AttributeError):
                self.watcher = Watcher(place.name, version, model_of(place, version), settings)
        else:
            self.watcher.began = list(state["began"])
        self.rows = self.outcomes = 0
        self.events: list[dict[str, Any]] = []
        self.unkept = 0
        self.retried = False

    def run(self) -> _Looking:
        while self.state["number"] < self.upto:
            self._part()
            if self.unkept >= KEEP:
                self.keep()
        return self

    def _part(self) -> None:
        """Predictions up to the next mark at most, and what came with them."""
        after, room = self.state["number"], self.watcher.room
        rows = self.database.predictions(after=after, limit=room, version=self.version, role="champion")
        failures = self.database.failures(after=after, limit=PAGE)
        outcomes = self.database.feedback(after=after, limit=PAGE)
        end = self.upto
        for found, most in ((rows, room), (failures, PAGE), (outcomes, PAGE)):
            if len(found) == most:
                end = min(end, found[-1][0])
        rows = [entry for entry in rows if entry[0] <= end]
        failures = [entry for entry in failures if entry[0] <= end]
        outcomes = [entry for entry in outcomes if entry[0] <= end]
        begins = [(n, e.at) for n, e in rows[:1]] + [(n, e.at) for n, e in failures[:1]]
        begins += [(n, e.at) for n, e in outcomes[:1]]
        if begins:
            self.watcher.begin(min(begins)[1])
        turns = self.watcher.predictions(rows, failures) + self._outcomes(outcomes)
        # In the log's order, which no rhythm of looking changes.
        self._told(sorted(turns, key=lambda turn: (turn[1].number, turn[0])))
        self.rows += len(rows)
        self.unkept += len(rows)
        self.state["number"] = end

    def _outcomes(self, page: list[tuple[int, Feedback]]) -> list[tuple[str, Turn]]:
        """First outcomes of this version's predictions; those whose prediction is not there yet wait."""
        watcher = self.watcher
        held = []
        if not self.retried:
            self.retried = True
            held = [(number, Feedback(name, at, outcome)) for number, name, at, outcome in watcher.waiting]
            watcher.waiting = []
        every = held + page
        if not every:
            return []
        ids = [f.prediction for _, f in every]
        known, first = self.database.get_many(ids), self.database.first_feedback(ids)
        watcher.newest = max(watcher.newest, *(f.at for _, f in every))
        watcher.waiting += [
            [number, f.prediction, f.at, f.outcome] for number, f in every if f.prediction not in known
        ]
        soon = watcher.newest - PATIENCE
        watcher.waiting = [entry for entry in watcher.waiting if entry[2] > soon][-WAITING:]
        pairs: list[tuple[Prediction, int, Feedback]] = []
        for number, f in every:
            p = known.get(f.prediction)
            if p is not None and p.version == self.version and p.role == "champion" and first[p.id] == number:
                pairs.append((p, number, f))
        self.outcomes += len(pairs)
        self.unkept += len(pairs)
        return watcher.feedback(pairs)

    def _told(self, turns: list[tuple[str, Turn]]) -> None:
        for key, turn in turns:
            self.state["serial"] += 1
            condition = self.watcher.conditions[key]
            event = alarms.event(self.place.name, self.state["serial"], self.version, key, condition, turn)
            self.events.append(event)
            self.state["events"] = [*self.state["events"], event][-alarms.KEPT :]

    def end(self, champion: str) -> None:
        """Another version answers now: what is open is over."""
        for key, track in self.watcher.open():
            track.since = None
            self._told([(key, Turn("cleared", self.upto, self.watcher.last_at, track.rows))])
            self.events[-1]["what"] = f"is over: {champion} answers in place of {self.version}"

    def keep(self, *, last: bool = False) -> None:
        """Write the state, then the events that it holds. With ``last``: from here a new version begins."""
        self.unkept = 0
        self.state["version"], self.state["watch"] = self.version, self.watcher.state()
        if last:
            self.state["since"] = self.state["number"]
        atomic.write_json(files.state_path(self.place), self.state, indent=None)
        files.follow(self.place, self.state)


def _nothing(place: Place) -> dict[str, Any]:
    """The state before the first look. Serial numbers go on from those of an older state that was lost."""
    known = max((int(e["serial"]) for e in files.alarms(place)), default=0)
    return {
        "format": files.FORMAT,
        "version": None,
        "number": 0,
        "since": 0,
        "began": [],
        "watch": None,
        "serial": known,
        "events": [],
    }


def model_of(place: Place, version: str) -> Model:
    """The version's model; the last two stay loaded, since the same process looks again and again."""
    folder = place.bundle(version)
    key = (folder.resolve(), (folder / "model.json").stat().st_mtime_ns)
    with _LOADING:
        if key not in _LOADED:
            _LOADED[key] = load(folder, threads=1)
            while len(_LOADED) > 2:
                _LOADED.popitem(last=False)
        _LOADED.move_to_end(key)
        return _LOADED[key]
