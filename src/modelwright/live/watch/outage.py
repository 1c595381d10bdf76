"""Conditions of the log itself, which no look at the log can find: its database does not answer, its journal
takes no more. The server's keeper notes them (``process/outage.py``); nothing here asks the database.

``monitor/log/conditions.json`` is one small file that holds what is open and the last events, replaced as a
whole: a kill leaves the old one or the new one, so that each event has one serial number. Serial numbers are
of their own, microseconds of the event, and grow even where the file was lost.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any, Final, Literal

from modelwright.core.errors import ModelwrightError
from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.store import atomic
from modelwright.store.lock import in_turn

Code = Literal["log.down", "log.full"]
KEPT: Final = 100
"""Events that the file keeps: weeks of them, even where one opens every hour."""
_WORDS: Final[dict[Code, tuple[str, str, str]]] = {
    "log.down": (
        "the log cannot be written or read: answers wait in the journal, and nothing is watched",
        "the log could not be written or read: answers waited in the journal, and nothing was watched",
        "mend the database or its network; what waits follows by itself, until the journal is full",
    ),
    "log.full": (
        "requests are refused (503): an answer that cannot be logged is not given",
        "requests were refused (503): an answer that could not be logged was not given",
        "mend the log's database, or make room on the disk; answers go on by themselves",
    ),
}


def note(place: Place, code: Code, why: str | None, *, now: int | None = None) -> bool:
    """Say that a condition is open (``why``: what was met, without secrets) or not (None); whether that is
    news. ``now``: microseconds since 1970. Raises :class:`Stopped` where the disk takes not even this."""
    if (code in _read(place)["open"]) == (why is not None):
        return False
    place.monitor.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = time.time_ns() // 1000 if now is None else now
    with in_turn(_folder(place)):
        held = _read(place)
        if (code in held["open"]) == (why is not None):
            return False
        at = dt.datetime.fromtimestamp(now / 1e6, dt.UTC).isoformat(timespec="milliseconds")
        serial = max(now, held["serial"] + 1)
        words, was, remedy = _WORDS[code]
        what = f"is over: {was}" if why is None else f"{words} ({why})"
        remedy = "" if why is None else remedy
        event = {
            "id": f"{place.name}-log-{serial}",
            "serial": serial,
            "model": place.name,
            "version": _champion(place),
            "key": code,
            "code": code,
            "column": None,
            "state": "cleared" if why is None else "open",
            "at": at,
            "rows": 0,
            "what": what,
            "remedy": remedy,
        }
        if why is None:
            del held["open"][code]
        else:
            held["open"][code] = {
                "code": code,
                "column": None,
                "state": "open",
                "since": at,
                "what": what,
                "remedy": remedy,
                "e_value": None,
                "now": None,
            }
        kept = [*held["events"], event][-KEPT:]
        atomic.write_json(path(place), {"serial": serial, "open": held["open"], "events": kept})
    return True


def conditions(place: Place) -> list[dict[str, Any]]:
    """What is open, in the form of ``latest.json``."""
    return [one for _, one in sorted(_read(place)["open"].items())]


def events(place: Place, *, after: int = 0) -> list[dict[str, Any]]:
    """Events with a greater serial number, in order."""
    return [event for event in _read(place)["events"] if event["serial"] > after]


def with_log(place: Place, latest: dict[str, Any]) -> dict[str, Any]:
    """What the last look found, with what is open of the log itself before its own conditions."""
    found = latest.get("conditions")
    return {**latest, "conditions": [*conditions(place), *(found if isinstance(found, list) else ())]}


def path(place: Place) -> Path:
    return _folder(place) / "conditions.json"


def _folder(place: Place) -> Path:
    return place.monitor / "log"


def _read(place: Place) -> dict[str, Any]:
    try:
        held = atomic.read_json(path(place))
        entries = [*held["open"].values(), *held["events"]]
        whole = all(isinstance(entry, dict) for entry in entries)
        if whole and all(type(one["serial"]) is int for one in (held, *held["events"])):
            return {"serial": held["serial"], "open": dict(held["open"]), "events": list(held["events"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return {"serial": 0, "open": {}, "events": []}


def _champion(place: Place) -> str:
    try:
        return deployment.read(place).champion
    except ModelwrightError:
        return ""
