"""Real bundles, made once, and an application over them that is asked through its ASGI door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

from modelwright.goal.sections import OutputSection, RolesSection
from modelwright.live import deployment
from modelwright.live.entries import Entry
from modelwright.live.log.journal import Journal, decode_line, segments
from modelwright.live.place import Place
from modelwright.live.process.models import Models
from modelwright.live.serve.app import App, build_app
from modelwright.live.serve.counters import Counters
from modelwright.live.serve.served import prepare
from modelwright.live.settings import Limits, LogSettings, Settings
from modelwright.testing.bundles import make_run

ROWS = 300


def customers() -> pl.DataFrame:
    """One column of each kind, one of them personal, and two that are no inputs."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, ROWS)
    plan = rng.choice(["basic", "plus", "pro"], ROWS)
    score = (age > 45).astype(int) + (plan == "pro") + rng.normal(0, 0.4, ROWS)
    return pl.DataFrame(
        {
            "age": age,
            "engine": [f"{v:,} CC" for v in rng.integers(600, 3000, ROWS)],
            "plan": plan,
            "member": rng.choice(["yes", "no"], ROWS),
            "since": [f"2020-{m:02d}-{d:02d}" for m, d in rng.integers(1, 13, (ROWS, 2))],
            "mail": [f"person{i % 40}@example.org" for i in range(ROWS)],
            "note": rng.choice(["all is well here", "a long wait again", "wants to leave"], ROWS),
            "region": rng.choice(["north", "south"], ROWS),
            "left": np.where(score > 1.2, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of :func:`customers`; region is no input, but is logged when it is sent."""
    run = tmp_path_factory.mktemp("classifier") / "run"
    roles = RolesSection(sensitive=("region",))
    made = make_run(run, customers(), "left", roles=roles)
    return made.bundle


@pytest.fixture(scope="session")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, that refers to a person below a probability of 0.9, and answers sets of classes."""
    run = tmp_path_factory.mktemp("careful") / "run"
    return make_run(run, customers(), "left", output=OutputSection(intervals=0.9, abstain_below=0.9)).bundle


@pytest.fixture(scope="session")
def values(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A regression with intervals."""
    rng = np.random.default_rng(1)
    size = rng.normal(100, 20, ROWS).round(1)
    frame = pl.DataFrame({"size": size, "rooms": rng.integers(1, 6, ROWS)})
    frame = frame.with_columns(price=pl.Series(3 * size + rng.normal(0, 5, ROWS)))
    run = tmp_path_factory.mktemp("values") / "run"
    return make_run(run, frame, "price", families=("ridge",), output=OutputSection(intervals=0.9)).bundle


ROW: dict[str, Any] = {
    "age": 39, "engine": "1,248 CC", "plan": "pro", "member": "yes", "since": "2020-05-01",
    "mail": "someone@example.org", "note": "all is well here", "region": "north",
}  # fmt: skip


@dataclass
class Site:
    """An application over one or more live models, and how to ask it."""

    app: App
    models: Models
    places: dict[str, Place]
    runner: asyncio.Runner
    address: str = "127.0.0.1"

    @property
    def place(self) -> Place:
        return next(iter(self.places.values()))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self.address, 1234))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                answer = await client.request(method, path, **more)
                await asyncio.sleep(0)
                return answer

        return self.runner.run(asked())

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.ask("POST", path, json=body, **more)

    def raw(self, path: str, body: bytes | str) -> httpx.Response:
        return self.ask("POST", path, content=body, headers={"content-type": "application/json"})

    def logged(self, name: str | None = None) -> list[Entry]:
        place = self.places[name] if name else self.place
        lines = [line for path in segments(place.journal) for line in path.read_bytes().splitlines()]
        return [decode_line(line) for line in lines]

    def metric(self, name: str, **labels: str) -> float:
        """One figure of /metrics; 0.0 where it is not there."""
        from prometheus_client.parser import text_string_to_metric_families

        text = self.ask("GET", "/metrics").text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and all(sample.labels.get(k) == v for k, v in labels.items()):
                    return sample.value
        return 0.0

    def settle(self) -> None:
        """Wait for what happens after answers."""

        async def settled() -> None:
            for door in self.app.doors.values():
                while door.shadowing or door.flying:
                    await asyncio.sleep(0.005)

        self.runner.run(settled())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Make a site: ``site(bundle)``, or ``site(a=bundle, b=bundle)`` for several models."""
    closing: list[Callable[[], None]] = []

    def make(
        first: Path | None = None, *, limits: Limits | None = None, log: LogSettings | None = None,
        folder: Path | None = None, worker: str = "w0", **named: Path,
    ) -> Site:  # fmt: skip
        bundles = {**({"shop": first} if first else {}), **named}
        root = folder or tmp_path
        places = {name: Place.of(root / "live", name) for name in bundles}
        for name, path in bundles.items():
            deployment.deploy(places[name], deployment.add_version(places[name], path), "first")
        models = Models(list(places.values()), prepare)
        models.open()
        log = log or LogSettings()
        settings = {name: Settings(name, limits=limits or Limits(), log=log) for name in places}
        journals = {
            name: Journal(place.journal, worker, sync=log.sync, most=log.journal)
            for name, place in places.items()
        }
        counters = Counters(root / "counters", worker)
        app = build_app(models, journals, settings, places, counters)
        runner = asyncio.Runner()

        def close() -> None:
            runner.run(app.close())
            runner.close()
            for journal in journals.values():
                journal.close()

        closing.append(close)
        return Site(app, models, places, runner)

    yield make
    for close in closing:
        close()


@pytest.fixture
def row() -> dict[str, Any]:
    return dict(ROW)


@pytest.fixture(scope="session")
def ordinary() -> list[dict[str, Any]]:
    """The rows that the classifiers were made of."""
    return customers().drop("left").to_dicts()
