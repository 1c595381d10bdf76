"""A live model and runs made by the real parts, and the pages over copies of them."""

from __future__ import annotations

import dataclasses
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from modelwright import report
from modelwright.lifecycle.loop import retrain
from modelwright.live import settings
from modelwright.live.entries import Failure, Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.place import Place
from modelwright.live.watch.look import look
from modelwright.testing.answered import answer, served, table
from modelwright.web.app import build_app
from modelwright.web.reading import traffic
from modelwright.web.site import Site


@dataclass(frozen=True, slots=True)
class World:
    """A folder with ``live`` and ``runs``: the live model ``toy`` (v1 answers, v2 is tried as a canary, 600
    rows with outcomes of which the last half hour is the newest), and its two runs."""

    folder: Path

    @property
    def live(self) -> Path:
        return self.folder / "live"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def toy(self) -> Place:
        return Place.of(self.live, "toy")

    def site(self, **more: Any) -> Site:
        return Site(self.live, self.runs, **more)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once, and only read: tests work on copies."""
    world = World(tmp_path_factory.mktemp("world"))
    place = served(world.folder)
    now = int(time.time() * 1e6)
    answer(place, table(600, 2, turned=True), begin=now - 1800 * 10**6)
    kept = settings.read(place)
    database = LogDatabase(settings.database_url(place, kept))
    try:
        drain(place, database)
        slow = [
            Prediction(
                f"slow-{i}", now - i * 10**6, "v1", "champion", {"a": 1.0}, "yes", micros=1000 * (i + 1)
            )
            for i in range(20)
        ]
        database.add([*slow, Failure(now, 422, "invalid-input", 300)], segment="more-1-1.jsonl", upto=1)
        look(place, kept, database)
        retrain(place, inline=True, report=False, promote="canary")
    finally:
        database.close()
    for run in world.runs.iterdir():
        if (run / "state.json").is_file():
            report.write(run)
    return world


@pytest.fixture
def world(made: World, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(made.folder, tmp_path / "world")
    there = World(tmp_path / "world")
    kept = settings.read(there.toy)
    settings.write(there.toy, dataclasses.replace(kept, runs=str(there.runs)))
    yield there
    traffic.close()


class Visitor(httpx.Client):
    """A browser without scripts: keeps cookies, fills forms. The pages answer in a thread beside it."""

    def __init__(self, site: Site) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = int(self._listening.getsockname()[1])
        self.app = build_app(dataclasses.replace(site, port=port))
        self._server = uvicorn.Server(uvicorn.Config(self.app, log_level="critical", access_log=False))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True
        )
        super().__init__(base_url=f"http://127.0.0.1:{port}", timeout=120.0)

    def __enter__(self) -> Visitor:
        self._thread.start()
        super().__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        super().__exit__(*problem)
        self._server.should_exit = True
        self._thread.join(120.0)
        self._listening.close()

    def fill(self, page: str, to: str | None = None, **fields: str) -> httpx.Response:
        """Load a page, fill its form, and send it."""
        text = self.get(page).text
        held = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]* value="([^"]*)"', text))
        return self.post(to or page, data=held | fields)


@pytest.fixture
def visitor(world: World) -> Iterator[Visitor]:
    with Visitor(world.site()) as made:
        yield made
