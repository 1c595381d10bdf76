"""The log itself is down or full: told by the keeper, without asking the database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelwright.live import deployment, settings
from modelwright.live.entries import Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.log.engine import LogDown
from modelwright.live.log.journal import Journal, JournalFull
from modelwright.live.place import Place
from modelwright.live.process.outage import DOWN, SETTLED, Outage
from modelwright.live.settings import LogSettings, Settings, WatchSettings
from modelwright.live.watch import outage
from modelwright.live.watch.alerts import send
from modelwright.store import atomic

ROW = {"age": 31, "job": "cook", "pay": 28.5}


@pytest.fixture
def place(tmp_path: Path, bundles: list[Path]) -> Place:
    made = Place(tmp_path / "live" / "people")
    deployment.deploy(made, deployment.add_version(made, bundles[0]), "test")
    return made


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server's address, and what it was sent."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def answered(n: int) -> list[Prediction]:
    return [Prediction(f"p{n}-{i}", 10**15, "v1", "champion", {"age": i}, "yes") for i in range(20)]


def codes(place: Place) -> list[str]:
    return [one["code"] for one in outage.conditions(place)]


def test_a_database_that_does_not_answer_is_told_once_and_its_return_once(
    place: Place, hook: tuple[str, list[dict[str, Any]]]
) -> None:
    clock = Clock()
    watch = Outage(place, 10**9, clock=clock)
    database = LogDatabase(place.database)
    file = place.folder / "log.db"
    told = Settings("people", watch=WatchSettings(webhook=hook[0]))
    journal = Journal(place.journal, "w0")

    def attempt() -> None:
        with watch.writing.asking():
            drain(place, database)
        with watch.reading.asking():
            database.last()

    def step() -> None:
        watch.step()
        send(place, told, say=lambda _: None)

    journal.append(answered(0))
    attempt()
    step()
    assert hook[1] == []
    database.close()
    for path in place.folder.glob("log.db*"):
        path.unlink()
    file.mkdir()  # nothing can be opened there
    journal.append(answered(1))
    for _ in range(5):
        with pytest.raises(LogDown):
            attempt()
        step()
        clock.now += DOWN / 5
    assert (hook[1], codes(place)) == ([], [])
    for _ in range(3):
        with pytest.raises(LogDown):
            attempt()
        step()
        clock.now += 30.0
    (event,) = hook[1]
    assert (event["code"], event["state"], event["model"], event["version"]) == (
        "log.down", "open", "people", "v1",
    )  # fmt: skip
    assert "log.db does not answer" in event["what"]
    # Another keeper takes over: what is open stays open until the database has answered it.
    watch = Outage(place, 10**9, clock=clock)
    step()
    assert codes(place) == ["log.down"]
    file.rmdir()
    attempt()
    with watch.writing.asking():  # there is much to catch up with
        step()
    step()
    assert len(hook[1]) == 2
    assert [(e["code"], e["state"]) for e in hook[1]] == [("log.down", "open"), ("log.down", "cleared")]
    assert codes(place) == []
    assert len({e["id"] for e in hook[1]}) == 2
    journal.close()
    database.close()


def test_a_database_that_hangs_is_down_too(place: Place) -> None:
    clock = Clock()
    watch = Outage(place, 10**9, clock=clock)
    release = threading.Event()

    def hang() -> None:
        with watch.reading.asking():
            release.wait(200.0)

    thread = threading.Thread(target=hang)
    with watch.writing.asking():
        pass
    thread.start()
    while not watch.reading.unanswered()[1]:
        time.sleep(0.005)
    watch.step()
    assert codes(place) == []
    clock.now += DOWN
    watch.step()
    assert codes(place) == ["log.down"]
    release.set()
    thread.join()
    watch.step()
    assert codes(place) == []


def test_a_full_journal_is_told_at_once_and_cleared_when_it_has_settled(place: Place) -> None:
    clock = Clock()
    most = 20_000
    watch = Outage(place, most, clock=clock)
    journal = Journal(place.journal, "w0", most=most, segment=4096)
    watch.step()
    assert codes(place) == []

    def fill() -> None:
        until = time.monotonic() + 120.0
        while time.monotonic() < until:
            journal.append(answered(0))

    with pytest.raises(JournalFull):
        fill()
    watch.step()
    (condition,) = outage.conditions(place)
    assert condition["code"] == "log.full"
    assert "bytes wait for the database (allowed: 20,000)" in condition["what"]
    journal.close()
    database = LogDatabase(place.database)
    while drain(place, database):
        pass
    database.close()
    watch.step()
    clock.now += SETTLED - 1
    watch.step()
    assert codes(place) == ["log.full"]
    clock.now += 2
    watch.step()
    assert codes(place) == []


def test_a_refusal_that_only_a_worker_has_met_is_told(place: Place) -> None:
    watch = Outage(place, 10**9)
    now = time.time()
    refused = {"at": now + 1, "why": "Disk quota exceeded"}
    atomic.write_json(place.workers / "1.json", {"process": 1, "seen": now, "refused": refused})
    watch.step()
    (condition,) = outage.conditions(place)
    assert (condition["code"], "Disk quota exceeded" in condition["what"]) == ("log.full", True)


def test_a_damaged_file_of_conditions_is_begun_anew_and_serials_go_on(place: Place) -> None:
    assert outage.note(place, "log.down", "it is gone")
    (first,) = outage.events(place)
    assert not outage.note(place, "log.down", "it is gone still")
    outage.path(place).write_text('{"serial": 1, "open": [', encoding="utf-8")
    assert outage.conditions(place) == []
    assert outage.note(place, "log.down", "it is gone")
    (second,) = outage.events(place, after=first["serial"])
    assert second["id"] != first["id"]


@pytest.mark.slow  # a server in processes of its own
def test_a_server_whose_journal_is_full_says_so_everywhere(
    servers: Any, bundles: list[Path], hook: tuple[str, list[dict[str, Any]]]
) -> None:
    place = Place.of(servers.live, "people")
    settings.write(place, Settings("people", log=LogSettings(journal=30_000)))
    server = servers.start(bundles[0], "--webhook", hook[0], workers=1)
    wait: Callable[[Callable[[], Any]], Any] = servers.until
    assert server.predict().status_code == 200
    wait((place.folder / "log.db").exists)
    for path in place.folder.glob("log.db*"):
        path.unlink()
    (place.folder / "log.db").mkdir()
    wait(lambda: server.predict(rows=[ROW] * 100).status_code == 503)
    (event,) = wait(lambda: list(hook[1]))
    assert (event["code"], event["state"]) == ("log.full", "open")
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'modelwright_alarms{code="log.full",model="people"} 1.0' in metrics
