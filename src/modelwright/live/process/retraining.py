"""When a model is retrained, and that it is: one at a time, as a process of its own at low priority."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import ModelwrightError
from modelwright.live import deployment, settings
from modelwright.live.place import Place
from modelwright.store import atomic

PAUSE: Final = 86_400.0
"""Seconds before the same champion is retrained again because the monitor wants it: rows must come first."""
AFTER_FAILURE: Final = 3_600.0
"""Seconds before a retraining that did not come to its end is tried again."""
TRIAL: Final = 21_600.0
"""Seconds until a challenger on trial is judged, and between two judgements."""
NICE: Final = 10
_DONE: Final = (0, 3)
"""Exit codes of a retraining that came to its end: another version answers, or the champion stays."""
RECORD: Final = "retraining.json"
LOG: Final = "retraining.log"


@dataclass(frozen=True, slots=True)
class Work:
    """One subprocess to start."""

    place: Place
    command: str
    """``retrain`` or ``decide``."""
    why: str


class Retraining:
    """Asked every few seconds by the keeper; holds at most one running subprocess."""

    def __init__(self, live: Path, places: Sequence[Place], say: Callable[[str], None]) -> None:
        self._live = live
        self._places = places
        self._say = say
        self._running: tuple[Work, subprocess.Popen[bytes]] | None = None

    def step(self) -> None:
        """Look after the one that runs, or start one that is due."""
        if self._running is not None:
            work, process = self._running
            if process.poll() is None:
                return
            self._running = None
            self._ended(work, process.returncode)
        for place in self._places:
            work_due = due(place)
            if work_due is not None and self._start(work_due):
                return

    def end(self) -> None:
        """End the one that runs; what it has done is gone on with at the next start."""
        if self._running is None:
            return
        work, process = self._running
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._running = None
        path = work.place.folder / RECORD
        if _settled(work.place, _read(path).get(work.command) or {}).get("code") in _DONE:
            return  # it had written its decision
        # As if it had not been tried: it is due at once when the server starts again.
        atomic.write_json(path, {k: v for k, v in _read(path).items() if k != work.command})

    def _start(self, work: Work) -> bool:
        """False where another server's retraining is going on in the same folder."""
        handle = os.open(self._live / ".retraining", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _note(work, code=None)
            command = [sys.executable, "-P", "-m", "modelwright", work.command, work.place.name]
            command += ["--live", str(self._live), "--why", work.why, "--json"]
            self._say(f"{work.place.name}: {work.command} begins ({work.why})")
            with (
                (work.place.folder / LOG).open("wb") as log,
                (work.place.folder / f"{LOG}.json").open("wb") as out,
            ):
                # The child inherits the lock: it is held as long as the child lives, whoever started it.
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, pass_fds=[handle]
                )
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            self._running = work, process
            return True
        finally:
            os.close(handle)

    def _ended(self, work: Work, code: int) -> None:
        said = ""
        answer = work.place.folder / f"{LOG}.json"
        try:
            facts: Any = json.loads(answer.read_text(encoding="utf-8"))
            said = f"{facts['action']}: {facts['because']}"
        except (OSError, ValueError, KeyError, TypeError):
            said = _last_line(work.place.folder / LOG)
        answer.unlink(missing_ok=True)
        _note(work, code=code)
        self._say(f"{work.place.name}: {work.command} ended ({said or f'exit code {code}'})")


def due(place: Place, *, now: float | None = None) -> Work | None:
    """What is to be started for a model now, if anything."""
    now = time.time() if now is None else now
    try:
        state = deployment.read(place)
        known = settings.read(place)
    except ModelwrightError:
        return None
    last = _read(place.folder / RECORD)
    if state.challenger is not None:
        since = max(_at(last.get("decide") or {}), _seconds(state.changed))
        trial = f"{state.challenger.version} on trial"
        return Work(place, "decide", trial) if now - since > TRIAL else None
    tried = _settled(place, last.get("retrain") or {})
    since = now - _at(tried)
    if tried and tried.get("code") not in _DONE and since < AFTER_FAILURE:
        return None
    how = known.watch.retrain or "never"
    if how.startswith("every "):
        from modelwright.goal.units import seconds

        began = max(_at(tried) if tried.get("code") in _DONE else 0.0, _added(place, state.champion))
        return Work(place, "retrain", f"schedule: {how}") if now - began >= seconds(how[6:]) else None
    if how != "on drift":
        return None
    latest = _read(place.monitor / "latest.json") if place.monitor.is_dir() else {}
    wanted = latest.get("retrain") or {}
    if not wanted.get("wanted") or latest.get("version") not in (None, state.champion):
        return None
    if tried.get("champion") == state.champion and tried.get("code") in _DONE and since < PAUSE:
        return None
    return Work(place, "retrain", str(wanted.get("why") or "the monitor wants it"))


def _note(work: Work, *, code: int | None) -> None:
    """Keep when a command was last started for a model, and how it ended (None: it has not)."""
    path = work.place.folder / RECORD
    known = _read(path)
    champion = deployment.read(work.place).champion if code is None else _champion(known, work.command)
    known[work.command] = {"at": time.time(), "champion": champion, "why": work.why, "code": code}
    atomic.write_json(path, known)


def _settled(place: Place, tried: dict[str, Any]) -> dict[str, Any]:
    """What is known of a retraining that was begun. A keeper that was killed does not know how the one that
    it had started went on: where that one has written its decision, it came to its end, and then."""
    if not tried or tried.get("code") in _DONE:
        return tried
    for path in sorted(place.decisions.glob("[0-9]*.json"), reverse=True):
        record = _read(path)
        if record.get("kind") != "retrain":
            continue
        at = _seconds(str(record.get("at")))
        if at + 1.0 < _at(tried):  # the record's time is in whole seconds
            break
        code = 0 if record.get("action") in ("promote", "challenge") else 3
        return {**tried, "code": code, "at": max(at, _at(tried))}
    return tried


def _champion(known: dict[str, Any], command: str) -> Any:
    """The champion that was there when the command was started."""
    return (known.get(command) or {}).get("champion")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = atomic.read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _at(entry: dict[str, Any]) -> float:
    try:
        return float(entry.get("at", 0.0))
    except (TypeError, ValueError):
        return 0.0


def _added(place: Place, version: str) -> float:
    """When a version was added, in seconds since 1970."""
    try:
        return _seconds(str(atomic.read_json(place.versions / version / "version.json")["added"]))
    except (OSError, ValueError, KeyError, TypeError):
        return time.time()


def _seconds(moment: str) -> float:
    """ISO 8601 as seconds since 1970; now, where it cannot be read."""
    try:
        return dt.datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return time.time()


def _last_line(path: Path) -> str:
    """What a command said last: its error, without the hint."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    told = [line for line in lines if line.startswith("error: ")] or [line for line in lines if line.strip()]
    return told[-1] if told else ""
