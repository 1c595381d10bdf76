"""Every label with who, when, how long and how: what an export of single labels is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modelwright.labels import tables
from modelwright.labels.store import Store


@dataclass(frozen=True, slots=True)
class Single:
    """One answer that stands, or a skip (``answer`` None)."""

    act: int
    item: int
    key: str
    person: str
    answer: Any
    at: int
    seconds: float | None
    how: str
    note: str
    suggested: Any


def singles(store: Store) -> Iterator[Single]:
    """All that stands, by item and then by time."""
    a, c, i, p = tables.assignments.c, tables.acts.c, tables.items.c, tables.people.c
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(c.n, c.item, i.key, p.name, c.answer, c.at, c.seconds, c.how, c.note, c.suggested)
            .join_from(tables.assignments, tables.acts, a.act == c.n)
            .join(tables.items, i.n == a.item)
            .join(tables.people, p.n == a.person)
            .order_by(a.item, c.n)
        ).all()
    for r in rows:
        yield Single(
            r.n, r.item, r.key, r.name, _json(r.answer), r.at, r.seconds, r.how, r.note or "",
            _json(r.suggested),
        )  # fmt: skip


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
