"""One worker: answers requests from the socket that it inherits. Started by the supervisor as
``python -m modelwright.live.process.worker PLAN``, with the plan as JSON (:class:`WorkerPlan`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.core.codec import decode
from modelwright.core.errors import ModelwrightError
from modelwright.core.secrets import masked
from modelwright.live import settings
from modelwright.live.place import Place
from modelwright.live.process.models import Models
from modelwright.live.process.server import Server
from modelwright.live.process.tie import Tie
from modelwright.store import atomic


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker is told. ``listen`` and ``tie`` are numbers of inherited files."""

    live: str
    names: tuple[str, ...]
    listen: int
    tie: int
    slot: str
    """Such as "w0"; a worker that replaces another has the same."""
    patience: float
    """Seconds for what is under way at the end."""
    counters: str
    """Folder of the counts of all workers."""


class Worker:
    """The parts of one worker, and their life."""

    def __init__(self, plan: WorkerPlan) -> None:
        from modelwright.live.log.journal import Journal
        from modelwright.live.serve.app import build_app
        from modelwright.live.serve.counters import Counters
        from modelwright.live.serve.served import prepare

        self.plan = plan
        self.tie = Tie(plan.tie)
        places = {name: Place.of(Path(plan.live), name) for name in plan.names}
        self.places = places
        self.settings = {name: settings.read(place) for name, place in places.items()}
        self.models = Models(list(places.values()), prepare)
        self.journals = {
            name: Journal(
                place.journal,
                plan.slot,
                sync=self.settings[name].log.sync,
                most=self.settings[name].log.journal,
            )
            for name, place in places.items()
        }
        self.counters = Counters(Path(plan.counters), plan.slot)
        self.app = build_app(self.models, self.journals, self.settings, places, self.counters)
        self._told: dict[str, str] = {}

    def run(self) -> None:
        """Serve until told to end."""
        import uvloop

        self.models.open()
        for name in self.models.names():
            self._tell(name)
        self.models.changed.append(self._tell)
        listening = socket.socket(fileno=self.plan.listen)
        late = min(each.limits.timeout for each in self.settings.values())
        server = Server(
            self.app, late=late, patience=self.plan.patience, begun=self._begun, ending=self._ending
        )
        self.tie.watch(self.plan.patience + 5.0)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(server, listening))
        finally:
            self.close()

    async def _serve(self, server: Server, listening: socket.socket) -> None:
        beside = [asyncio.create_task(self.models.watch()), asyncio.create_task(self._say())]
        try:
            await server.serve(sockets=[listening])
            await self.app.close()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    def _begun(self) -> None:
        # What was loaded so far stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        self._write()
        self.tie.ready()

    def _ending(self) -> None:
        self.app.closing = True

    async def _say(self) -> None:
        """Each second: that this worker is alive, and what it serves."""
        while True:
            await asyncio.sleep(1.0)
            self._write()
            for journal in self.journals.values():
                journal.rest()

    def _write(self, names: Sequence[str] | None = None) -> None:
        for name in names or self.models.names():
            # A disk that is full keeps nobody from answering.
            with contextlib.suppress(OSError, ModelwrightError), atomic.passing():
                atomic.write_json(self._file(name), self.models.status(name) | self._refusals(name))

    def _refusals(self, name: str) -> dict[str, Any]:
        """When the journal last took no more, for the keeper to tell."""
        refused = self.journals[name].refused
        return {} if refused is None else {"refused": {"at": refused[0], "why": refused[1]}}

    def _tell(self, name: str) -> None:
        """After a swap: the status file at once, and a line where a version was refused."""
        refused = self.models.refused(name)
        said = (
            f"{name}: {refused.version or 'deployment.json'} cannot be taken: {refused.why}"
            if refused
            else ""
        )
        if said and said != self._told.get(name):
            warn(said)
        self._told[name] = said
        self._write([name])

    def _file(self, name: str) -> Path:
        return self.places[name].workers / f"{os.getpid()}.json"

    def close(self) -> None:
        for name in self.models.names():
            self._file(name).unlink(missing_ok=True)
        for journal in self.journals.values():
            journal.close()


def warn(text: str) -> None:
    """A line on standard error."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(masked(f"{stamp} {text}"), file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 after an end that was asked for, 2 where it cannot serve at all, 1 for a defect."""
    plan = decode(WorkerPlan, json.loads(arguments[0]))
    # The supervisor may tell it to end before it serves.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Worker(plan).run()
    except ModelwrightError as error:
        warn(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
