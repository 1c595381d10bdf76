"""Labelling projects and people for tests and benchmarks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from modelwright.labels import people, tables
from modelwright.labels.people import Person
from modelwright.labels.project import Choice, Project, with_keys
from modelwright.labels.store import Store


def classes(*names: str, **more: Any) -> Project:
    """A project that asks for one of these classes."""
    kept: dict[str, Any] = {
        "name": "t",
        "task": "classes",
        "item": "text",
        "content": "text",
        "order": "given",
        "choices": with_keys(tuple(Choice(n) for n in names or ("a", "b", "c"))),
    }
    return Project(**{**kept, **more})


def person(store: Store, name: str, *, reviewer: bool = False) -> Person:
    with store.writing() as connection:
        return people.find(connection, name) or people.add(connection, name, reviewer=reviewer)


def log(store: Store) -> list[sa.Row[Any]]:
    """Everything that was ever done, in its order."""
    with store.reading() as connection:
        return list(connection.execute(sa.select(tables.acts).order_by(tables.acts.c.n)).all())
