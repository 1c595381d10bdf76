"""``modelwright monitor``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelwright.cli.live import LIVE
from modelwright.cli.run import JSON, QUIET

if TYPE_CHECKING:
    import threading

OPEN = 3
"""The exit code where a condition is open."""


def monitor(
    name: str = typer.Argument(..., help="The live model."),
    live: Path = LIVE,
    once: bool = typer.Option(
        False, "--once", help="Look once and end (this is also what happens by itself)."
    ),
    every: str | None = typer.Option(None, "--every", help="Go on looking, such as every 60s, until Ctrl-C."),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Look at a live model: drift, data quality, accuracy, service. Exit code 3 where a condition is open.

    Works beside a running server, and without one. What opened or cleared is sent to the webhook and the
    command of `serve`, once. While the log itself is down, it says so, with what was found before.
    """
    from modelwright.core.errors import BadInput

    if once and every:
        raise BadInput(
            "--once and --every were both given", code="monitor.rhythm", hint="leave out one of them"
        )
    if every is None:
        return _look(name, live, quiet, json)
    from modelwright.goal.units import seconds

    try:
        pause = seconds(every)
    except ValueError as error:
        raise BadInput(f"--every {every} is no time", code="monitor.rhythm", hint=str(error)) from error
    with _until_stopped() as stopped:
        while True:
            found = _look(name, live, quiet, json)
            if stopped.wait(pause):
                return found


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) is heard between two looks; a second one ends at once."""
    import signal
    import threading

    stopped = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def hear(kind: int, _: object) -> None:
        stopped.set()
        signal.signal(kind, before[signal.Signals(kind)])

    for kind in kinds:
        signal.signal(kind, hear)
    try:
        yield stopped
    finally:
        for kind in kinds:
            signal.signal(kind, before[kind])


def _look(name: str, live: Path, quiet: bool, json: bool) -> int:
    from modelwright.live import deployment, settings
    from modelwright.live.log.database import LogDatabase
    from modelwright.live.log.drain import drain
    from modelwright.live.log.engine import LogDown
    from modelwright.live.log.journal import refusal
    from modelwright.live.place import Place
    from modelwright.live.watch import files, outage
    from modelwright.live.watch.alerts import send
    from modelwright.live.watch.look import look

    place = Place.find(live, name)
    known = settings.read(place)
    database = LogDatabase(settings.database_url(place, known))
    say: Callable[[str], None] = lambda line: None if quiet else print(line, file=sys.stderr)  # noqa: E731
    try:
        drain(place, database)
        latest = look(place, known, database).latest
        if not deployment.alive(place):  # a server's keeper says for itself when its log is there again
            outage.note(place, "log.down", None)
            if not refusal(place.journal, known.log.journal)[1]:
                outage.note(place, "log.full", None)
    except LogDown:
        before = files.latest(place)
        send(place, known, say=say)
        if before is None or not outage.conditions(place):
            raise
        latest = before
    else:
        send(place, known, say=say)
    finally:
        database.close()
    found = outage.with_log(place, latest)
    _tell(found, json)
    return OPEN if found["conditions"] else 0


def _tell(found: dict[str, Any], json: bool) -> None:
    if json:
        import json as codec

        print(codec.dumps(found), flush=True)
        return
    from modelwright.live.watch.text import as_text

    print(as_text(found), flush=True)
