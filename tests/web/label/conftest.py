"""Labelling pages over real stores, and visitors with and without a browser."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from modelwright.labels import people
from modelwright.labels.begin import solo
from modelwright.labels.items import Item
from modelwright.labels.project import Project
from modelwright.labels.store import Store
from modelwright.testing.labelled import classes
from modelwright.web.label.app import build_app
from modelwright.web.label.desk import Desk
from modelwright.web.site import Site

TOKEN = "a-token-that-nobody-guesses"


class Served:
    """The pages of a store, answered in a thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = int(self._listening.getsockname()[1])
        self.base = f"http://127.0.0.1:{port}"
        self.desk = Desk(store, Site(Path(), Path(), port=port, key=store.key), solo(store, "ada"))
        config = uvicorn.Config(build_app(self.desk), log_level="critical", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True
        )
        self._thread.start()

    def visitor(self, name: str = "") -> Visitor:
        """A browser without scripts; with a name, one that has entered."""
        made = Visitor(base_url=self.base, timeout=120.0)
        made.who = name
        return made

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(120.0)
        self._listening.close()
        self.store.close()


class Visitor(httpx.Client):
    """Keeps cookies, fills forms."""

    who = ""

    def __enter__(self) -> Visitor:
        super().__enter__()
        if self.who:
            self.fill("/enter", name=self.who, secret=TOKEN)
        return self

    def fill(self, page: str, to: str | None = None, **fields: str) -> httpx.Response:
        """Load a page, fill its form, and send it."""
        text = self.get(page, follow_redirects=True).text
        held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        return self.post(to or page, data=held | fields)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``serve(project, items, {"ada": False})``: the pages; people by name, and whether they review."""
    running: list[Served] = []

    def make(
        project: Project | None = None,
        given: list[Item] | None = None,
        names: dict[str, bool] | None = None,
        root: Path | None = None,
    ) -> Served:
        store = Store.at(tmp_path / f"{len(running)}.labels", make=True)
        project = project or classes("spam", "ham")
        store.set_project(project, root)
        store.add(
            given or [Item(f"k{i}", {"text": f"the text of item {i}", "n": i}) for i in range(5)], project
        )
        with store.writing() as connection:
            for name, reviewer in (names or {}).items():
                people.add(connection, name, reviewer=reviewer, secret=people.kept(TOKEN, chosen=True))
        served = Served(store)
        running.append(served)
        return served

    yield make
    for served in running:
        served.stop()


@pytest.fixture
def token() -> Any:
    return TOKEN
