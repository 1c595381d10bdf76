"""Answers as codes, for everything that counts them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modelwright.labels import tables
from modelwright.labels.project import Project
from modelwright.labels.store import Store
from modelwright.stats.ratings import Ratings


@dataclass(frozen=True, slots=True)
class Standing:
    """One answer that stands."""

    item: int
    person: str
    answer: Any


def standing(store: Store) -> list[Standing]:
    """Every answer that stands, by item and then by time; skips left out."""
    a, c, p = tables.assignments.c, tables.acts.c, tables.people.c
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(a.item, p.name, c.answer)
            .join_from(tables.assignments, tables.acts, a.act == c.n)
            .join(tables.people, p.n == a.person)
            .where(a.state == "done")
            .order_by(a.item, c.n)
        ).all()
    parsed: dict[str, Any] = {}
    made = []
    for item, name, text in rows:
        answer = parsed.get(text)
        if answer is None:
            answer = json.loads(text)
            if len(parsed) < 10_000:
                parsed[text] = answer
        made.append(Standing(item, name, answer))
    return made


def coded(project: Project, answers: list[Standing]) -> Ratings:
    """Classes or ratings as codes; answers that the project no longer offers are left out."""
    names = tuple(str(v) for v in project.ratings) if project.task == "rating" else project.names
    offered = set(names)
    triples = [(str(s.item), s.person, str(s.answer)) for s in answers if str(s.answer) in offered]
    return Ratings.of(triples, names)


def by_label(project: Project, answers: list[Standing]) -> dict[str, Ratings]:
    """Of several labels each by itself: whether it was given."""
    return {
        name: Ratings.of(
            [(str(s.item), s.person, "yes" if name in s.answer else "no") for s in answers], ("no", "yes")
        )
        for name in project.names
    }


def last_act(store: Store) -> int:
    """The number of the newest act: what was counted before it is old."""
    with store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.max(tables.acts.c.n))).scalar() or 0)
