"""What a reviewer sees and decides: answers side by side, the final one, known answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import answers, tables
from modelwright.labels.clock import now
from modelwright.labels.items import text_of
from modelwright.labels.people import Person
from modelwright.labels.project import Project
from modelwright.labels.queue import by_ticket
from modelwright.labels.standing import refresh
from modelwright.labels.store import Store

Which = Literal["disputed", "skipped", "settled", "answered", "all"]


@dataclass(frozen=True, slots=True)
class Said:
    """One person's answer that stands."""

    person: int
    name: str
    answer: Any
    """None where the item was skipped."""
    at: int
    seconds: float | None
    how: str
    note: str
    agreed_with_model: bool | None


@dataclass(frozen=True, slots=True)
class Case:
    """An item with everything that was said of it."""

    item: int
    key: str
    content: dict[str, Any]
    state: str
    said: tuple[Said, ...]
    final: Any = None
    gold: Any = None
    suggested: Any = None
    by: str = ""
    """Who settled it."""
    at: int = 0


def case(store: Store, item: int) -> Case:
    """One item; raises :class:`BadInput` where there is none."""
    found = cases(store, [item])
    if not found:
        raise BadInput("there is no such item", code="labels.item", hint="choose one from the list")
    return found[0]


def cases(store: Store, wanted: list[int]) -> list[Case]:
    """Several items, in the order asked for."""
    i, a, c, p = tables.items.c, tables.assignments.c, tables.acts.c, tables.people.c
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(
                i.n, i.key, i.content, i.state, i.final, i.gold, tables.suggestions.c.answer.label("model")
            )
            .outerjoin_from(tables.items, tables.suggestions, tables.suggestions.c.item == i.n)
            .where(i.n.in_(wanted))
        ).all()
        said = connection.execute(
            sa.select(
                a.item, a.person, p.name, a.state, c.answer, c.at, c.seconds, c.how, c.note, c.suggested
            )
            .join_from(tables.assignments, tables.people, a.person == p.n)
            .join(tables.acts, a.act == c.n)
            .where(a.item.in_(wanted), a.state.in_(("done", "skipped")))
            .order_by(c.n)
        ).all()
        ends = connection.execute(
            sa.select(c.item, p.name, c.at)
            .join_from(tables.acts, tables.people, c.person == p.n)
            .where(c.item.in_(wanted), c.act == "settle")
            .order_by(c.n)
        ).all()
    by = {row.item: (row.name, row.at) for row in ends}
    of: dict[int, list[Said]] = {}
    for one in said:
        answer = _json(one.answer)
        model = None if one.suggested is None or answer is None else one.suggested == one.answer
        of.setdefault(one.item, []).append(
            Said(one.person, one.name, answer, one.at, one.seconds, one.how, one.note or "", model)
        )
    made = {}
    for row in rows:
        name, at = by.get(row.n, ("", 0)) if row.final is not None else ("", 0)
        made[row.n] = Case(
            row.n, row.key, json.loads(row.content), row.state, tuple(of.get(row.n, ())),
            _json(row.final), _json(row.gold), _json(row.model), name, at,
        )  # fmt: skip
    return [made[n] for n in wanted if n in made]


def listed(store: Store, which: Which, *, after: int = 0, most: int = 25) -> list[int]:
    """Items of a kind, ``most`` of those after a number."""
    i, a = tables.items.c, tables.assignments.c
    asked = sa.select(i.n).where(i.n > after).order_by(i.n)
    match which:
        case "skipped":
            asked = asked.where(i.skips > 0, i.state != "settled")
        case "all":
            acted = a.state.in_(("done", "skipped"))
            asked = sa.select(a.item).where(a.item > after, acted).distinct().order_by(a.item)
        case _:
            asked = asked.where(i.state == which)
    with store.reading() as connection:
        return [int(n) for (n,) in connection.execute(asked.limit(most))]


def counted(store: Store) -> dict[str, int]:
    """How many items are of each kind."""
    i = tables.items.c
    with store.reading() as connection:
        by = {s: int(n) for s, n in connection.execute(sa.select(i.state, sa.func.count()).group_by(i.state))}
        skipped = connection.execute(
            sa.select(sa.func.count()).select_from(tables.items).where(i.skips > 0, i.state != "settled")
        ).scalar_one()
    return {
        "disputed": by.get("disputed", 0),
        "skipped": int(skipped),
        "settled": by.get("settled", 0),
        "answered": by.get("answered", 0),
    }


def settle(
    store: Store,
    reviewer: Person,
    item: int,
    answer: Any,
    *,
    note: str = "",
    how: str = "form",
    gold: bool = False,
    ticket: str | None = None,
) -> int:
    """Decide an item; with ``gold`` it is also a test item from then on, and without it
    no longer one if a reviewer had made it one. What people said stays.

    Raises :class:`BadInput` for somebody who may not, and for what is no answer.
    """
    if not reviewer.reviewer:
        raise _not_allowed(reviewer)
    number, project = store.must()
    with store.writing() as connection:
        made = answers.written(_checked(connection, project, item, answer))
        known = by_ticket(connection, ticket, reviewer, "settle", item, made)
        if known is not None:
            return known
        return _decide(connection, number, project, reviewer, item, made, note, how, gold, ticket)


def reopen(store: Store, reviewer: Person, item: int) -> None:
    """Take a settlement back."""
    if not reviewer.reviewer:
        raise _not_allowed(reviewer)
    number, project = store.must()
    with store.writing() as connection:
        _decide(connection, number, project, reviewer, item, None, "", "form", False, None)


def _decide(
    connection: sa.Connection,
    number: int,
    project: Project,
    reviewer: Person,
    item: int,
    made: str | None,
    note: str,
    how: str,
    gold: bool,
    ticket: str | None,
) -> int:
    act = "unsettle" if made is None else "gold" if gold else "settle"
    values = {"item": item, "person": reviewer.n, "at": now(), "how": how, "project": number}
    first = connection.execute(
        sa.insert(tables.acts).values(
            **values, act="settle" if made is not None else "unsettle", answer=made, note=note or None,
            ticket=ticket,
        )
    )  # fmt: skip
    if act == "gold":
        connection.execute(sa.insert(tables.acts).values(**values, act="gold", answer=made))
    change: dict[str, object] = {"final": made}
    c = tables.acts.c
    if gold:
        change["gold"] = made
    elif connection.execute(sa.select(sa.exists().where(c.item == item, c.act == "gold"))).scalar():
        change["gold"] = None  # a reviewer had made it one
    connection.execute(sa.update(tables.items).where(tables.items.c.n == item).values(**change))
    refresh(connection, project, item)
    key = first.inserted_primary_key
    assert key is not None
    return int(key[0])


def _checked(connection: sa.Connection, project: Project, item: int, answer: Any) -> Any:
    text = connection.execute(sa.select(tables.items.c.content).where(tables.items.c.n == item)).scalar()
    if text is None:
        raise BadInput("there is no such item", code="labels.item", hint="choose one from the list")
    length = len(text_of(project, json.loads(text))) if project.task == "spans" else None
    return answers.checked(project, answer, length=length)


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _not_allowed(person: Person) -> BadInput:
    return BadInput(
        f"{person.name} is no reviewer, and only reviewers settle disagreement",
        code="labels.not-reviewer",
        hint="`modelwright label DATA --reviewer NAME` makes one",
    )


def content(store: Store, item: int) -> dict[str, Any]:
    """What an item shows; raises :class:`BadInput` where there is none."""
    with store.reading() as connection:
        text = connection.execute(sa.select(tables.items.c.content).where(tables.items.c.n == item)).scalar()
    if text is None:
        raise BadInput("there is no such item", code="labels.item", hint="load the page again")
    made: dict[str, Any] = json.loads(text)
    return made
