"""Stores of labels: in a file, and on a real PostgreSQL server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.labels.items import Item
from modelwright.labels.project import Project
from modelwright.labels.store import Store

Make = Callable[..., Store]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that is not there yet. Slow with PostgreSQL: a server is started."""
    if request.param == "sqlite":
        yield str(tmp_path / "t.labels")
        return
    server = request.getfixturevalue("postgres")
    import psycopg

    name = f"labels{secrets.token_hex(6)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield server.url.replace("/postgres", f"/{name}")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def make(where: str) -> Iterator[Make]:
    """``make(project, items)``: the store, filled; the same one when it is called again."""
    opened: list[Store] = []

    def made(project: Project | None = None, items: int = 4, **more: Any) -> Store:
        store = Store.at(where, make=True)
        opened.append(store)
        if project is not None:
            store.set_project(project, more.pop("root", None))
            given = [Item(f"k{i}", {"text": f"text number {i}", "n": i}) for i in range(items)]
            store.add(more.pop("given", given), project)
        return store

    yield made
    for store in opened:
        store.close()
