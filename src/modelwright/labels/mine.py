"""What one person has said, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modelwright.labels import tables
from modelwright.labels.people import Person
from modelwright.labels.store import Store


@dataclass(frozen=True, slots=True)
class Own:
    """One's own answer that stands."""

    act: int
    item: int
    key: str
    content: dict[str, Any]
    answer: Any
    """None: skipped."""
    at: int
    note: str
    state: str


def latest(store: Store, person: Person, *, before: int | None = None, most: int = 50) -> list[Own]:
    """The answers of a person that stand, those before an act, newest first."""
    a, c, i = tables.assignments.c, tables.acts.c, tables.items.c
    asked = (
        sa.select(c.n, c.item, i.key, i.content, c.answer, c.at, c.note, i.state)
        .join_from(tables.acts, tables.assignments, a.act == c.n)
        .join(tables.items, i.n == c.item)
        .where(c.person == person.n, a.person == person.n, a.item == c.item)
        .order_by(c.n.desc())
        .limit(most)
    )
    if before is not None:
        asked = asked.where(c.n < before)
    with store.reading() as connection:
        rows = connection.execute(asked).all()
    return [
        Own(
            r.n, r.item, r.key, json.loads(r.content), None if r.answer is None else json.loads(r.answer),
            r.at, r.note or "", r.state,
        )
        for r in rows
    ]  # fmt: skip
