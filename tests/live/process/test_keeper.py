"""What a server does beside answering: duties that do not disturb each other, and retraining."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadInput
from modelwright.live import deployment, settings
from modelwright.live.deployment import Challenger
from modelwright.live.place import Place
from modelwright.live.process import retraining
from modelwright.live.process.keeper import LONGEST, Duty
from modelwright.live.process.retraining import AFTER_FAILURE, PAUSE, TRIAL, Retraining, due
from modelwright.live.settings import Settings, WatchSettings
from modelwright.store import atomic

DAY = 86_400.0


@pytest.fixture
def place(tmp_path: Path, bundles: list[Path]) -> Place:
    made = Place(tmp_path / "live" / "people")
    deployment.add_version(made, bundles[0])
    deployment.deploy(made, "v1", "test")
    return made


def test_a_duty_that_fails_is_told_once_and_tried_later_and_later() -> None:
    said: list[str] = []
    wrong = [ValueError("no disk"), ValueError("no disk"), BadInput("no network", code="x"), None, None]

    def do() -> None:
        error = wrong.pop(0)
        if error is not None:
            raise error

    duty = Duty("log", 0.2, do, say=said.append)
    assert duty.once() == 0.4
    assert duty.once() == 0.8
    assert said == ["log: ValueError: no disk; it is tried again"]
    assert duty.once() == 1.6
    assert duty.once() == 0.2
    assert duty.once() == 0.2
    assert said[1:] == ["log: no network; it is tried again", "log: works again"]


def test_a_duty_waits_at_most_so_long() -> None:
    def do() -> None:
        raise ValueError("never")

    duty = Duty("log", 0.2, do, say=lambda _: None)
    assert max(duty.once() for _ in range(40)) == LONGEST
    slow = Duty("retention", 3600.0, do, say=lambda _: None)
    assert max(slow.once() for _ in range(40)) == 3600.0


def test_a_duty_with_more_to_do_is_called_at_once() -> None:
    more = [True, True, False]
    duty = Duty("log", 5.0, lambda: more.pop(0), say=lambda _: None)
    assert [duty.once() for _ in range(3)] == [0.0, 0.0, 5.0]


def test_a_duty_that_hangs_does_not_hold_up_another() -> None:
    stop, release, done = threading.Event(), threading.Event(), threading.Event()
    first = Duty("hangs", 0.01, lambda: release.wait(200.0) and None, say=lambda _: None)
    second = Duty("works", 0.01, lambda: done.set(), say=lambda _: None)
    threads = [first.start(stop), second.start(stop)]
    assert done.wait(120.0)
    stop.set()
    release.set()
    for thread in threads:
        thread.join(120.0)
        assert not thread.is_alive()


def watched(place: Place, how: str | None) -> None:
    settings.write(place, replace(Settings(place.name), watch=WatchSettings(retrain=how)))


def wants(place: Place, wanted: bool = True, why: str = "drift of 'age'") -> None:
    atomic.write_json(place.monitor / "latest.json", {"retrain": {"wanted": wanted, "why": why}})


def ended(place: Place, command: str, *, ago: float, code: int | None, champion: str = "v1") -> None:
    entry = {"at": time.time() - ago, "champion": champion, "why": "test", "code": code}
    atomic.write_json(place.folder / "retraining.json", {command: entry})


def test_the_monitor_decides_when_the_goal_says_on_drift(place: Place) -> None:
    watched(place, "on drift")
    assert due(place) is None
    wants(place, False)
    assert due(place) is None
    wants(place)
    work = due(place)
    assert work is not None
    assert (work.command, work.why) == ("retrain", "drift of 'age'")
    watched(place, "never")
    assert due(place) is None


def test_a_champion_that_stays_is_not_retrained_again_at_once(place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    ended(place, "retrain", ago=PAUSE - 60, code=3)
    assert due(place) is None
    ended(place, "retrain", ago=PAUSE + 60, code=3)
    assert due(place) is not None
    # Another champion since: the want is about that one.
    ended(place, "retrain", ago=60, code=0, champion="v0")
    assert due(place) is not None


@pytest.mark.parametrize("code", [1, 2, 4, None])
def test_a_retraining_that_failed_is_tried_again_later(code: int | None, place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    ended(place, "retrain", ago=AFTER_FAILURE - 60, code=code)
    assert due(place) is None
    ended(place, "retrain", ago=AFTER_FAILURE + 60, code=code)
    assert due(place) is not None


def decided(place: Place, *, ago: float, kind: str = "retrain", action: str = "keep") -> None:
    at = dt.datetime.fromtimestamp(time.time() - ago, dt.UTC).isoformat(timespec="seconds")
    number = len(list(place.decisions.glob("*.json"))) + 1
    record = {"number": number, "kind": kind, "action": action, "at": at}
    atomic.write_json(place.decisions / f"{number:04d}.json", record)


def test_a_retraining_that_outlived_its_keeper_is_not_done_again(place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    began = 2 * AFTER_FAILURE
    ended(place, "retrain", ago=began, code=None)
    decided(place, ago=began + 60)  # of an earlier one
    assert due(place) is not None
    decided(place, ago=began - 600, kind="decide")
    assert due(place) is not None
    decided(place, ago=began - 1200)  # the orphan's: the champion stays
    assert due(place) is None
    assert due(place, now=time.time() + PAUSE) is not None


def test_what_is_wanted_of_another_version_starts_nothing(place: Place) -> None:
    watched(place, "on drift")
    latest = {"version": "v0", "retrain": {"wanted": True, "why": "drift"}}
    atomic.write_json(place.monitor / "latest.json", latest)
    assert due(place) is None
    atomic.write_json(place.monitor / "latest.json", {**latest, "version": "v1"})
    assert due(place) is not None


def test_a_schedule_counts_from_the_champion_and_from_the_last_retraining(place: Place) -> None:
    watched(place, "every 30d")
    assert due(place) is None
    assert due(place, now=time.time() + 29 * DAY) is None
    work = due(place, now=time.time() + 31 * DAY)
    assert work is not None
    assert work.why == "schedule: every 30d"
    ended(place, "retrain", ago=-20 * DAY, code=3)
    assert due(place, now=time.time() + 31 * DAY) is None
    assert due(place, now=time.time() + 51 * DAY) is not None


def test_a_challenger_on_trial_is_judged_and_nothing_is_retrained_meanwhile(
    place: Place, bundles: list[Path]
) -> None:
    deployment.add_version(place, bundles[1])
    deployment.challenge(place, Challenger("v2", "shadow"), "test")
    watched(place, "on drift")
    wants(place)
    assert due(place, now=time.time() + TRIAL - 60) is None
    work = due(place, now=time.time() + TRIAL + 60)
    assert work is not None
    assert (work.command, work.why) == ("decide", "v2 on trial")
    ended(place, "decide", ago=-60, code=3)
    assert due(place, now=time.time() + TRIAL + 30) is None


def test_a_damaged_place_is_left_alone(place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    (place.monitor / "latest.json").write_text("{", encoding="utf-8")
    assert due(place) is None
    place.deployment.write_text("{", encoding="utf-8")
    assert due(place) is None


def finish(keeper: Retraining, said: list[str], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not any(" ended (" in line for line in said):
        assert time.monotonic() < until
        time.sleep(0.05)
        keeper.step()


@pytest.mark.slow  # the command line starts in a process of its own
def test_the_command_is_run_and_its_end_is_kept(place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    said: list[str] = []
    keeper = Retraining(place.folder.parent, [place], said.append)
    keeper.step()
    assert said == ["people: retrain begins (drift of 'age')"]
    finish(keeper, said)
    # A bundle without its run cannot be retrained: the command's own error is told.
    assert said[1].startswith("people: retrain ended (error: ")
    kept = atomic.read_json(place.folder / "retraining.json")["retrain"]
    assert (kept["champion"], kept["why"], kept["code"]) == ("v1", "drift of 'age'", 2)
    assert due(place) is None


@pytest.mark.slow  # the command line starts in a process of its own
def test_one_retraining_at_a_time_whoever_keeps_it(place: Place) -> None:
    watched(place, "on drift")
    wants(place)
    said: list[str] = []
    first = Retraining(place.folder.parent, [place], said.append)
    first.step()
    running = first._running
    assert running is not None
    assert os.getpriority(os.PRIO_PROCESS, running[1].pid) >= retraining.NICE
    # The keeper is gone (killed, say), and its successor finds the lock held by the command itself.
    (place.folder / "retraining.json").unlink()
    second = Retraining(place.folder.parent, [place], said.append)
    second.step()
    assert second._running is None
    first.end()
    assert running[1].poll() is not None
    second.step()
    assert second._running is not None
    second.end()


def test_a_worker_imports_nothing_that_trains() -> None:
    parts = (
        "process.worker serve.app serve.pages serve.counters serve.served log.journal log.personal".split()
    )
    code = "\n".join(f"import modelwright.live.{part}" for part in parts)
    code += "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded: Any = json.loads(done.stdout)
    assert {"numpy", "onnxruntime"} <= set(loaded)
    heavy = {"catboost", "lightgbm", "matplotlib", "onnx", "optuna", "pandas", "polars", "scipy", "sklearn"}
    assert heavy & set(loaded) == set()
    assert {"sqlalchemy", "typer", "xgboost"} & set(loaded) == set()
