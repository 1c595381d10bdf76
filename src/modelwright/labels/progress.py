"""How far it is: items, people, time, and how each does on test items."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from modelwright.labels import answers, tables
from modelwright.labels.clock import now
from modelwright.labels.people import Person
from modelwright.labels.project import Project
from modelwright.labels.store import Store

RECENT: Final = 1000
"""Answers of a person from which the time per item is taken, the newest."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one person has done."""

    person: Person
    done: int
    skipped: int
    today: int
    """Acts of labelling in the last 24 hours."""
    median: float | None
    """Seconds per item that it was looked at, of the newest :data:`RECENT`."""
    tested: int
    """Test items answered, and how many of them rightly."""
    right: int
    last: int | None
    followed: float | None
    """Share of suggestions that were taken as they were."""


@dataclass(frozen=True, slots=True)
class Far:
    """How far the project is."""

    items: int
    finished: int
    """Items that need nobody any more: as many answers as asked for, or settled."""
    labels: int
    """Answers that stand, of all people."""
    wanted: int
    """Answers that the project asks for in all, test items left out."""
    gold: int
    disputed: int


def far(store: Store, project: Project) -> Far:
    i = tables.items.c
    with store.reading() as connection:
        rows = connection.execute(sa.select(i.state, sa.func.count()).group_by(i.state)).all()
        a = tables.assignments.c
        done = connection.execute(
            sa.select(sa.func.count()).select_from(tables.assignments).where(a.state == "done")
        ).scalar_one()
        gold = connection.execute(
            sa.select(sa.func.count()).select_from(tables.items).where(i.gold.is_not(None))
        ).scalar_one()
    by = {state: int(n) for state, n in rows}
    total = sum(by.values())
    return Far(
        total,
        total - by.get("open", 0),
        int(done),
        project.overlap * (total - int(gold)),
        int(gold),
        by.get("disputed", 0),
    )


def mine(store: Store, person: Person) -> int:
    """How many answers of a person stand."""
    a = tables.assignments.c
    with store.reading() as connection:
        return int(
            connection.execute(
                sa.select(sa.func.count())
                .select_from(tables.assignments)
                .where(a.person == person.n, a.state == "done")
            ).scalar_one()
        )


def work(store: Store, project: Project) -> list[Work]:
    """Everybody who has done something or may enter, the busiest first."""
    a, c, i = tables.assignments.c, tables.acts.c, tables.items.c
    with store.reading() as connection:
        from modelwright.labels.people import every

        everybody = every(connection)
        counts = {
            (row.person, row.state): int(row.n)
            for row in connection.execute(
                sa.select(a.person, a.state, sa.func.count().label("n")).group_by(a.person, a.state)
            )
        }
        tests = connection.execute(
            sa.select(a.person, c.answer, i.gold)
            .join_from(tables.items, tables.assignments, a.item == i.n)
            .join(tables.acts, a.act == c.n)
            .where(i.gold.is_not(None), a.state == "done")
        ).all()
        made = []
        for person in everybody:
            newest = connection.execute(
                sa.select(c.at, c.seconds, c.suggested, c.answer)
                .where(c.person == person.n, c.act == "label")
                .order_by(c.n.desc())
                .limit(RECENT)
            ).all()
            today = connection.execute(
                sa.select(sa.func.count())
                .select_from(tables.acts)
                .where(
                    c.person == person.n,
                    c.act.in_(("label", "settle")),
                    c.at > now() - 86_400 * 10**6,
                )
            ).scalar_one()
            seconds = [row.seconds for row in newest if row.seconds is not None]
            offered = [row for row in newest if row.suggested is not None]
            own = [row for row in tests if row.person == person.n]
            made.append(
                Work(
                    person,
                    counts.get((person.n, "done"), 0),
                    counts.get((person.n, "skipped"), 0),
                    int(today),
                    statistics.median(seconds) if seconds else None,
                    len(own),
                    sum(_right(project, row.answer, row.gold) for row in own),
                    newest[0].at if newest else None,
                    sum(row.suggested == row.answer for row in offered) / len(offered) if offered else None,
                )
            )
    kept = [w for w in made if not w.person.gone or w.done or w.skipped]
    return sorted(kept, key=lambda w: (-w.done, w.person.n))


def _right(project: Project, answer: str, gold: str) -> bool:
    import json

    return answers.same(project, json.loads(answer), json.loads(gold))
