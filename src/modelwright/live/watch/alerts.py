"""Telling people: a line on standard output, a webhook, a command; once when a condition opens, again when it
clears.

What has been sent is kept on disk (``monitor/alerts.json``) after each answer, so that a kill loses nothing:
an event may come twice, never not at all, and its ``id`` tells it from others. Events go in their order,
those of the log itself (``outage.py``) before those that watching found; one that is refused is tried again
later and later, and those behind it wait. None ever holds values of rows.

A channel that joins later is owed the events that opened what is open by then, and hears what follows; what
was over before is not for it. One that was left out joins anew when it comes back.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.live.settings import Settings, secret
from modelwright.live.watch import files, outage
from modelwright.store import atomic
from modelwright.store.lock import in_turn

PATIENCE: Final = 5.0
"""Seconds for a webhook's answer."""
LIMIT: Final = 30.0
"""Seconds for a command."""
FIRST, LAST = 5.0, 3600.0
"""Seconds until the first retry; each later one waits twice as long, up to the last figure."""
TRIES: Final = 30
"""Attempts (more than a day of them) after which an event is given up, so that later ones are heard."""


def alerts_folder(place: Place) -> Any:
    """Holds the lock of sending: looking goes on while a webhook is slow."""
    return place.monitor / "alerts"


def send(
    place: Place,
    settings: Settings,
    alarms: Sequence[dict[str, Any]] | None = None,
    *,
    now: float | None = None,
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> int:
    """Send the events of ``alarms.jsonl`` and of the log itself that were not sent yet; how many deliveries
    succeeded.

    One attempt for each waiting event and channel, with back-off between calls: call it after each look, in a
    thread where looking must not wait. ``alarms``: not needed; the file is what counts. ``now``: seconds
    since 1970. Raises :class:`BadInput` for a webhook that is no http or https address, or an ``env:NAME``
    that is not set.
    """
    del alarms
    moment = time.time() if now is None else now
    channels: list[tuple[str, Callable[[dict[str, Any]], str]]] = [("stdout", _line(say))]
    address = secret(settings.watch.webhook)
    if address:
        check_address(address)
        channels.append(("webhook", lambda event: post(address, event)))
    if settings.watch.command:
        channels.append(("command", lambda event: start(settings.watch.command, event)))
    done = 0
    with in_turn(alerts_folder(place)):
        sent = _read(place)
        known = {name: sent[name] for name, _ in channels if name in sent}
        for name, _ in channels:
            known.setdefault(name, _joined(place, first=not sent))
        if known != sent:  # before anything goes: a kill does not change what a new channel is owed
            atomic.write_json(_path(place), known)
        for name, deliver in channels:
            done += _channel(place, known, name, deliver, moment)
    return done


def _joined(place: Place, *, first: bool) -> dict[str, Any]:
    """The state of a new channel. ``first``: nobody was ever told anything, so that all events are news."""
    nothing = {"tries": 0, "next": 0.0, "given_up": 0, "error": ""}
    state: dict[str, Any] = {"serial": 0, "log": 0, "owed": [], **nothing}
    if first:
        return state
    open_now: dict[tuple[str, str], dict[str, Any]] = {}
    for cursor, events in (("log", outage.events(place)), ("serial", files.alarms(place))):
        for event in events:
            state[cursor] = max(state[cursor], int(event["serial"]))
            open_now.pop((cursor, event["key"]), None)
            if event["state"] == "open":
                open_now[cursor, event["key"]] = event
    return {**state, "owed": list(open_now.values())}


def _channel(
    place: Place,
    sent: dict[str, dict[str, Any]],
    name: str,
    deliver: Callable[[dict[str, Any]], str],
    now: float,
) -> int:
    state = sent[name]
    done = 0
    for cursor, event in _waiting(place, state):
        if now < state["next"]:
            break
        problem = deliver(event)
        if problem:
            state["tries"] += 1
            state["error"] = problem
            state["next"] = now + min(FIRST * 2.0 ** (state["tries"] - 1), LAST)
            if state["tries"] < TRIES:
                atomic.write_json(_path(place), sent)
                break
            state["given_up"] += 1
        else:
            done += 1
            state["error"] = ""
        state.update(tries=0, next=0.0)
        if cursor == "owed":
            state["owed"] = state["owed"][1:]
        else:
            state[cursor] = event["serial"]
        atomic.write_json(_path(place), sent)
    return done


def _waiting(place: Place, state: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What a channel is to hear, in order, each with the part of its state that remembers it."""
    return [
        *(("owed", event) for event in state.get("owed", ())),
        *(("log", event) for event in outage.events(place, after=int(state.get("log", 0)))),
        *(("serial", event) for event in files.alarms(place, after=int(state["serial"]))),
    ]


def told(place: Place) -> dict[str, dict[str, Any]]:
    """By channel: ``serial`` of the last event that went, and what the last attempt met where it failed."""
    return _read(place)


def _path(place: Place) -> Any:
    return place.monitor / "alerts.json"


def _read(place: Place) -> dict[str, dict[str, Any]]:
    try:
        found: dict[str, dict[str, Any]] = atomic.read_json(_path(place))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def line_of(event: dict[str, Any]) -> str:
    """An event in one line."""
    text = f"{event['at']} {event['model']} {event['version']} {event['state']}: {event['code']}"
    about = f" {event['column']}" if event.get("column") else ""
    remedy = f" ({event['remedy']})" if event.get("remedy") else ""
    return f"{text}{about}: {event['what']}{remedy}"


def _line(say: Callable[[str], None]) -> Callable[[dict[str, Any]], str]:
    def deliver(event: dict[str, Any]) -> str:
        say(line_of(event))
        return ""

    return deliver


# --- webhook ------------------------------------------------------------------------------------------


def check_address(address: str) -> None:
    """Raises :class:`BadInput` for what is no http or https address."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise BadInput(
            "the webhook is no http or https address",
            code="live.webhook",
            hint="give it as https://host/path, or as env:NAME where it holds a secret",
        )


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect within the host alone: what is told is not for others, and the inside of a network
    is not reached by way of an outsider's answer."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        same = (old.hostname, old.port) == (new.hostname, new.port) and new.scheme in ("http", "https")
        if not same or (old.scheme == "https" and new.scheme != "https") or code not in (307, 308):
            raise urllib.error.HTTPError(req.full_url, code, "a redirect that is not followed", headers, fp)
        return urllib.request.Request(newurl, data=req.data, headers=dict(req.header_items()), method="POST")


def post(address: str, event: dict[str, Any], *, patience: float = PATIENCE) -> str:
    """POST an event as JSON; "" where it was taken (2xx), else what went wrong, without the address."""
    body = json.dumps(event, sort_keys=True, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "modelwright",
        "Idempotency-Key": str(event["id"]),
    }
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(_SameHost())
    try:
        with opener.open(request, timeout=patience) as answer:
            answer.read(1024)
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"it cannot be reached ({type(reason).__name__})"


# --- command ------------------------------------------------------------------------------------------


def start(command: Sequence[str], event: dict[str, Any], *, limit: float = LIMIT) -> str:
    """Run a program with the event as JSON on standard input; "" where it ended with 0 in time."""
    try:
        done = subprocess.run(
            list(command),
            input=(json.dumps(event, sort_keys=True, ensure_ascii=False) + "\n").encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {limit:g} s"
    except (OSError, ValueError) as error:
        return f"it cannot be started ({type(error).__name__})"
    return "" if done.returncode == 0 else f"it ended with {done.returncode}"
