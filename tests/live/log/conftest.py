"""Databases of the log: the same tests run on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.live.entries import Feedback, Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place


@pytest.fixture(scope="session")
def prediction() -> Callable[..., Prediction]:
    """Makes a prediction with something in most fields."""

    def make(id: str = "p1", **more: Any) -> Prediction:  # noqa: A002
        inputs = {"age": 39, "job": "Büro", "pay": 2174.5, "since": None}
        given = {"at": 1_700_000_000_000_000, "version": "v1", "role": "champion", "inputs": inputs}
        said = {"prediction": "yes", "probabilities": (0.25, 0.75), "micros": 812, "request": f"r-{id}"}
        return Prediction(**{"id": id, **given, **said, **more})

    return make


@pytest.fixture(scope="session")
def outcome() -> Callable[..., Feedback]:
    """Makes the feedback to a prediction."""

    def make(of: str = "p1", value: str | float = "no", at: int = 1_700_000_500_000_000) -> Feedback:
        return Feedback(of, at, value)

    return make


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "live" / "loans")
    made.folder.mkdir(parents=True)
    return made


# Slow: a PostgreSQL server takes some two seconds to start.
@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, place: Place) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield place.database
        return
    server = request.getfixturevalue("postgres")
    import psycopg

    name = f"log{secrets.token_hex(6)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield server.url.replace("/postgres", f"/{name}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def databases(url: str) -> Iterator[Callable[..., LogDatabase]]:
    """Makes databases at the address; they are closed in the end."""
    made: list[LogDatabase] = []

    def make(model: str | None = None) -> LogDatabase:
        made.append(LogDatabase(url, model))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def database(databases: Callable[..., LogDatabase]) -> LogDatabase:
    return databases()
