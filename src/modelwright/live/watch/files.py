"""The files of a monitor, written so that a kill between any two of them neither loses nor doubles an alarm.

``state.json`` is what counts: it holds the tests, how far the log was read, and the events themselves, each
with a serial number. ``alarms.jsonl`` follows it: events that it lacks are appended, now or at the next look.
``latest.json`` is what others read, made anew at each look; ``worked.json`` is what it was made of where that
took long.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from modelwright.live.place import Place
from modelwright.store import atomic

FORMAT: Final = 1


def state_path(place: Place) -> Path:
    return place.monitor / "state.json"


def alarms_path(place: Place) -> Path:
    return place.monitor / "alarms.jsonl"


def latest_path(place: Place) -> Path:
    return place.monitor / "latest.json"


def worked_path(place: Place) -> Path:
    return place.monitor / "worked.json"


def read_state(place: Place) -> dict[str, Any] | None:
    """The state; None where there is none, or one of another format: watching then begins anew."""
    try:
        state: dict[str, Any] = atomic.read_json(state_path(place))
    except (FileNotFoundError, ValueError):
        return None
    return state if state.get("format") == FORMAT else None


def latest(place: Place) -> dict[str, Any] | None:
    """What the last look found; None before the first."""
    try:
        found: dict[str, Any] = atomic.read_json(latest_path(place))
    except (FileNotFoundError, ValueError):
        return None
    return found


def worked(place: Place) -> dict[str, Any] | None:
    """What the last look worked out at length (effects, estimates), for the next one to take over."""
    try:
        found: dict[str, Any] = atomic.read_json(worked_path(place))
    except (FileNotFoundError, ValueError):
        return None
    return found


def alarms(place: Place, *, after: int = 0) -> list[dict[str, Any]]:
    """Events with a greater serial number, in order. A line that was cut short is passed over."""
    found = []
    try:
        lines = alarms_path(place).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and int(event.get("serial", 0)) > after:
            found.append(event)
    return found


def follow(place: Place, state: dict[str, Any]) -> None:
    """Append the state's events that ``alarms.jsonl`` lacks."""
    path = alarms_path(place)
    known = max((int(e["serial"]) for e in alarms(place)), default=0)
    new = [event for event in state["events"] if event["serial"] > known]
    if not new:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    text = "".join(json.dumps(event, sort_keys=True, ensure_ascii=False) + "\n" for event in new)
    with path.open("ab") as out:
        out.write((b"\n" if torn else b"") + text.encode())
        out.flush()
        _sync(out.fileno())


def _sync(handle: int) -> None:
    import os

    os.fsync(handle)
