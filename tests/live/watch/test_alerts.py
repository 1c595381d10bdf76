"""Alerts to a real web server in a thread, and to real programs."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.live.settings import Settings, WatchSettings
from modelwright.live.watch import alerts, files, outage
from modelwright.live.watch.alerts import send, told
from modelwright.live.watch.look import look
from modelwright.store import atomic


class Receiver:
    """What a webhook got, and what it is to answer."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.statuses: list[int] = []
        self.redirect: str | None = None
        self.paths: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if status == 200:
                    receiver.got.append(json.loads(body))
                    receiver.keys.append(self.headers["Idempotency-Key"])
                self.send_response(status)
                if receiver.redirect and status in (302, 307):
                    self.send_header("Location", receiver.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  (the name that the server looks for)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place.of(tmp_path, "good")
    made.monitor.mkdir(parents=True)
    return made


def events(place: Place, *serials: int) -> list[dict[str, Any]]:
    found = [
        {
            "id": f"good-{serial}", "serial": serial, "model": "good", "version": "v1", "key": "values:age",
            "code": "drift.column", "column": "age", "state": "open" if serial % 2 else "cleared",
            "at": "2026-01-01T00:00:00+00:00", "rows": 10 * serial, "what": "it has changed",
            "remedy": "look at it",
        }
        for serial in serials
    ]  # fmt: skip
    with files.alarms_path(place).open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(event) + "\n" for event in found)
    return found


def quiet(line: str) -> None:
    pass


def by(**watch: Any) -> Settings:
    return Settings("good", watch=WatchSettings(**watch))


def test_each_event_is_told_once_in_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    events(place, 1, 2)
    assert send(place, by()) == 2
    assert send(place, by()) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "2026-01-01T00:00:00+00:00 good v1 open: drift.column age: it has changed (look at it)",
        "2026-01-01T00:00:00+00:00 good v1 cleared: drift.column age: it has changed (look at it)",
    ]


def test_a_webhook_gets_each_event_once_as_json(place: Place, receiver: Receiver) -> None:
    made = events(place, 1, 2)
    settings = by(webhook=receiver.address)
    assert send(place, settings, say=quiet) == 4
    made += events(place, 3)
    send(place, settings, say=quiet)
    assert receiver.got == made
    assert receiver.keys == ["good-1", "good-2", "good-3"]


def test_the_address_may_lie_in_the_environment(
    place: Place, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    events(place, 1)
    with pytest.raises(BadInput, match="HOOK is not set"):
        send(place, by(webhook="env:HOOK"), say=quiet)
    monkeypatch.setenv("HOOK", receiver.address)
    send(place, by(webhook="env:HOOK"), say=quiet)
    assert len(receiver.got) == 1


def test_what_is_refused_comes_again_later_and_in_order(place: Place, receiver: Receiver) -> None:
    made = events(place, 1, 2)
    settings = by(webhook=receiver.address)
    receiver.statuses = [500, 503]
    send(place, settings, now=1000.0, say=quiet)
    assert len(receiver.paths) == 1  # the second event waits for the first
    state = told(place)["webhook"]
    assert (state["tries"], state["error"]) == (1, "it answered 500")
    send(place, settings, now=1004.0, say=quiet)
    assert len(receiver.paths) == 1
    send(place, settings, now=1005.0, say=quiet)
    assert told(place)["webhook"]["next"] == 1015.0
    send(place, settings, now=1015.0, say=quiet)
    assert receiver.got == made
    state = told(place)["webhook"]
    assert (state["serial"], state["tries"], state["next"], state["error"]) == (2, 0, 0.0, "")


def test_after_a_day_of_attempts_later_events_are_heard(place: Place, receiver: Receiver) -> None:
    events(place, 1)
    settings = by(webhook=receiver.address)
    now, first = 0.0, None
    receiver.statuses = [500] * alerts.TRIES
    while told(place).get("webhook", {"given_up": 0})["given_up"] == 0:
        now = told(place).get("webhook", {"next": 0.0})["next"]
        first = now if first is None else first
        send(place, settings, now=now, say=quiet)
    assert now > 86400 * 0.8
    made = events(place, 2)
    send(place, settings, now=now, say=quiet)
    assert receiver.got == made


class Killed(BaseException):
    """The process ends here."""


def killed_at(patch: pytest.MonkeyPatch, write: int) -> None:
    """The process ends at the n-th write from now on."""
    real, left = atomic.write_json, [write]

    def writing(*arguments: Any, **more: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Killed
        real(*arguments, **more)

    patch.setattr(atomic, "write_json", writing)


def test_a_kill_after_the_answer_sends_again_and_never_loses(
    place: Place, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = by(webhook=receiver.address)
    events(place, 1, 2)
    send(place, settings, say=quiet)
    events(place, 3, 4)
    with monkeypatch.context() as patch:
        killed_at(patch, 3)  # two are for standard output
        with pytest.raises(Killed):
            send(place, settings, say=quiet)
    send(place, settings, say=quiet)
    assert receiver.keys == ["good-1", "good-2", "good-3", "good-3", "good-4"]


def turn(place: Place, serial: int, key: str, state: str) -> dict[str, Any]:
    """Another event, of this condition."""
    event = events(place, serial)[0] | {"key": key, "state": state}
    lines = files.alarms_path(place).read_text(encoding="utf-8").splitlines()[:-1]
    files.alarms_path(place).write_text("\n".join([*lines, json.dumps(event)]) + "\n", encoding="utf-8")
    return event


def test_a_channel_that_joins_hears_what_is_open_and_what_follows(
    place: Place, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(place, 1, "values:age", "open")
    still = turn(place, 2, "values:size", "open")
    turn(place, 3, "values:age", "cleared")
    outage.note(place, "log.full", "no room")
    outage.note(place, "log.down", "gone")
    outage.note(place, "log.full", None)
    (down,) = [e for e in outage.events(place) if e["code"] == "log.down"]
    send(place, by(), say=quiet)
    settings = by(webhook=receiver.address)
    # Killed at each write in turn: before it has joined, and after each of the two answers.
    for write in (1, 2, 2):
        with monkeypatch.context() as patch:
            killed_at(patch, write)
            with pytest.raises(Killed):
                send(place, settings, say=quiet)
    over = turn(place, 4, "values:size", "cleared")
    send(place, settings, say=quiet)
    heard = list({event["id"]: event for event in receiver.got}.values())
    assert heard == [down, still, over]
    count = len(receiver.got)
    send(place, settings, say=quiet)
    assert len(receiver.got) == count
    # Left out and back again: as one that is new.
    send(place, by(), say=quiet)
    turn(place, 5, "values:age", "open")
    turn(place, 6, "values:age", "cleared")
    send(place, by(), say=quiet)
    receiver.got.clear()
    send(place, settings, say=quiet)
    assert receiver.got == [down]


def test_nobody_there_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    events(place, 1)
    send(place, by(webhook="http://127.0.0.1:9/hook?secret=xyz"), now=0.0, say=quiet)
    state = told(place)["webhook"]
    assert state["tries"] == 1
    assert state["error"].startswith("it cannot be reached")
    assert "xyz" not in json.dumps(told(place))


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://host/x", "http://", "hook", "http://host:x/"]
)
def test_other_addresses_are_refused(place: Place, address: str) -> None:
    with pytest.raises(BadInput, match="no http or https address"):
        send(place, by(webhook=address), say=quiet)


def test_a_redirect_to_another_host_is_not_followed(place: Place, receiver: Receiver) -> None:
    inside = Receiver()
    try:
        events(place, 1)
        receiver.statuses, receiver.redirect = [307], inside.address
        send(place, by(webhook=receiver.address), now=0.0, say=quiet)
        assert inside.paths == []
        assert told(place)["webhook"]["error"] == "it answered 307"
        # Within the host, with the body, it is.
        receiver.statuses = [307]
        receiver.redirect = receiver.address.replace("/hook", "/new")
        send(place, by(webhook=receiver.address), now=10.0, say=quiet)
        assert receiver.paths == ["/hook", "/hook", "/new"]
        assert len(receiver.got) == 1
    finally:
        inside.server.shutdown()
        inside.server.server_close()


def test_a_command_gets_the_event_on_its_input(place: Place, tmp_path: Path) -> None:
    made = events(place, 1, 2)
    out = tmp_path / "got.jsonl"
    program = f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())"
    assert send(place, by(command=(sys.executable, "-c", program)), say=quiet) == 4
    assert [json.loads(line) for line in out.read_text().splitlines()] == made


def test_a_command_that_fails_or_hangs_is_tried_again(place: Place) -> None:
    (made,) = events(place, 1)
    send(place, by(command=(sys.executable, "-c", "raise SystemExit(3)")), now=0.0, say=quiet)
    assert told(place)["command"]["error"] == "it ended with 3"
    send(place, by(command=("/no/such/program",)), now=10.0, say=quiet)
    assert told(place)["command"]["error"] == "it cannot be started (FileNotFoundError)"
    hangs = (sys.executable, "-c", "import time; time.sleep(60)")
    assert alerts.start(hangs, made, limit=0.5) == "it did not end within 0.5 s"


def test_no_shell_reads_a_command(place: Place, tmp_path: Path) -> None:
    events(place, 1)
    out = tmp_path / "made"
    send(place, by(command=("echo", f"; touch {out}")), say=quiet)
    assert told(place)["command"]["serial"] == 1
    assert not out.exists()


def test_from_traffic_to_the_webhook(
    live: Callable[..., Any], people: Callable[..., pl.DataFrame], receiver: Receiver
) -> None:
    one = live(webhook=receiver.address)
    one.send(people(1200, 1, missing=0.3))
    found = look(one.place, one.settings, one.database)
    send(one.place, one.settings, found.events, say=quiet)
    assert [e["id"] for e in receiver.got] == [e["id"] for e in found.events]
    assert ("quality.missing", "age") in {(e["code"], e["column"]) for e in receiver.got}
