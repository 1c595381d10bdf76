"""Handing out: who gets which item next, and what becomes of an answer.

Each call is one transaction, and returns when that is on the disk. Nobody gets an item again that they have
answered or skipped; an item goes to as many people as the project asks for; what lies before somebody for too
long is free for others, and their answer is kept all the same if it comes in the end.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import answers, tables
from modelwright.labels.clock import now
from modelwright.labels.items import text_of
from modelwright.labels.people import Person
from modelwright.labels.project import Project
from modelwright.labels.standing import free_stale, refresh
from modelwright.labels.store import Store

MOST_NOTE: Final = 2000
MOST_SECONDS: Final = 86_400.0
_LOCK: Final = 0x6D77_6C61
"""Of PostgreSQL, taken while an item is chosen: two who ask at once do not get the same place."""


@dataclass(frozen=True, slots=True)
class Handed:
    """An item that lies before somebody."""

    item: int
    key: str
    content: dict[str, Any]
    since: int
    answer: Any = None
    """What the person said of it before, where they come back to it."""
    note: str = ""
    suggested: Any = None
    score: float | None = None
    model: str = ""


class Queue:
    """Hands out the items of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # How far down the queue each person has everything behind them: only to save time, and forgotten
        # whenever something may have come back.
        self._passed: OrderedDict[int, tuple[float, int]] = OrderedDict()

    def forget(self) -> None:
        """The queue has been put in another order: look at it from its beginning."""
        self._passed.clear()

    def next(self, person: Person) -> Handed | None:
        """The item that lies before the person, or the next one; None where there is none for them."""
        _, project = self.store.must()
        with self.store.writing() as connection:
            self._lock(connection)
            self._alone(connection, person)
            if free_stale(connection, project):
                self._passed.clear()  # something comes back
            item = self._open(connection, person)
            if item is None:
                item = self._gold(connection, project, person) or self._wanted(connection, person)
                if item is None:
                    return None
                self._hand(connection, project, person, item)
            else:
                self._prolong(connection, project, person, item)
            return _handed(connection, person, item)

    def again(self, person: Person, item: int) -> Handed:
        """An item that the person has answered, to answer it anew; raises :class:`BadInput` for others."""
        with self.store.reading() as connection:
            a = tables.assignments.c
            mine = sa.exists().where(a.item == item, a.person == person.n)
            if not connection.execute(sa.select(mine)).scalar():
                raise _not_theirs(person)
            return _handed(connection, person, item)

    def answer(
        self,
        person: Person,
        item: int,
        answer: Any,
        *,
        how: str = "form",
        seconds: float | None = None,
        note: str = "",
        ticket: str | None = None,
    ) -> int:
        """Keep an answer; returns the number of the act. The same ``ticket`` twice is kept once.

        Raises :class:`BadInput` for what is no answer to the question, or an item that the person never got.
        """
        number, project = self.store.must()
        with self.store.writing() as connection:
            self._alone(connection, person)
            content = _content(connection, item)
            length = len(text_of(project, content)) if project.task == "spans" else None
            made = answers.written(answers.checked(project, answer, length=length))
            known = by_ticket(connection, ticket, person, "label", item, made)
            if known is not None:
                return known
            return self._act(
                connection, number, project, person, item, "label", made,
                how=how, seconds=seconds, note=note, ticket=ticket,
            )  # fmt: skip

    def skip(
        self,
        person: Person,
        item: int,
        *,
        how: str = "form",
        seconds: float | None = None,
        note: str = "",
        ticket: str | None = None,
    ) -> int:
        """Keep that the person cannot say; the item goes to somebody else."""
        number, project = self.store.must()
        with self.store.writing() as connection:
            self._alone(connection, person)
            known = by_ticket(connection, ticket, person, "skip", item, None)
            if known is not None:
                return known
            self._passed.clear()
            return self._act(
                connection, number, project, person, item, "skip", None,
                how=how, seconds=seconds, note=note, ticket=ticket,
            )  # fmt: skip

    def undo(self, person: Person, *, how: str = "form", ticket: str | None = None) -> int | None:
        """Take back the person's last answer that stands; its item lies before them again. None: there is
        none."""
        number, project = self.store.must()
        with self.store.writing() as connection:
            self._alone(connection, person)
            if by_ticket(connection, ticket, person, "withdraw") is not None:
                return self._open(connection, person)
            a, c = tables.assignments.c, tables.acts.c
            stands = sa.exists().where(a.item == c.item, a.person == c.person, a.act == c.n)
            last = connection.execute(
                sa.select(c.item).where(c.person == person.n, stands).order_by(c.n.desc()).limit(1)
            ).scalar()
            if last is None:
                return None
            _log(connection, number, person, last, "withdraw", None, how=how, ticket=ticket)
            mine = (a.item == last) & (a.person == person.n)
            connection.execute(
                sa.update(tables.assignments)
                .where(mine)
                .values(state="open", act=None, since=now(), until=_until(project))
            )
            refresh(connection, project, last)
            self._passed.clear()
            return int(last)

    # --- the parts ----------------------------------------------------------------------------------------

    def _act(
        self,
        connection: sa.Connection,
        number: int,
        project: Project,
        person: Person,
        item: int,
        act: str,
        answer: str | None,
        **more: Any,
    ) -> int:
        a = tables.assignments.c
        mine = (a.item == item) & (a.person == person.n)
        held = connection.execute(sa.select(a.since).where(mine)).scalar()
        if held is None:
            raise _not_theirs(person)
        made = _log(connection, number, person, item, act, answer, since=held, **more)
        state = "done" if act == "label" else "skipped"
        connection.execute(sa.update(tables.assignments).where(mine).values(state=state, act=made))
        refresh(connection, project, item)
        return made

    def _lock(self, connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def _alone(self, connection: sa.Connection, person: Person) -> None:
        """What one person does in two windows comes one after the other (SQLite has one writer anyway)."""
        if connection.dialect.name == "postgresql":
            p = tables.people.c
            connection.execute(sa.select(p.n).where(p.n == person.n).with_for_update())

    def _open(self, connection: sa.Connection, person: Person) -> int | None:
        a = tables.assignments.c
        return connection.execute(
            sa.select(a.item).where(a.person == person.n, a.state == "open").order_by(a.since.desc()).limit(1)
        ).scalar()

    def _gold(self, connection: sa.Connection, project: Project, person: Person) -> int | None:
        """A test item where it is time for one."""
        a, i = tables.assignments.c, tables.items.c
        had = connection.execute(
            sa.select(sa.func.count()).select_from(tables.assignments).where(a.person == person.n)
        ).scalar_one()
        if had % (project.gold_every + 1) != min(3, project.gold_every):
            return None
        seen = sa.exists().where(a.item == i.n, a.person == person.n, a.state != "freed")
        return connection.execute(
            sa.select(i.n).where(i.gold.is_not(None), ~seen).order_by(i.rank, i.n).limit(1)
        ).scalar()

    def _wanted(self, connection: sa.Connection, person: Person) -> int | None:
        found = self._after(connection, person, self._passed.get(person.n))
        if found is None and person.n in self._passed:
            found = self._after(connection, person, None)
        if found is None:
            self._passed.pop(person.n, None)
            return None
        self._passed[person.n] = (found.rank, found.n)
        while len(self._passed) > 1000:
            self._passed.popitem(last=False)
        return int(found.n)

    def _after(self, connection: sa.Connection, person: Person, passed: tuple[float, int] | None) -> Any:
        a, i = tables.assignments.c, tables.items.c
        seen = sa.exists().where(a.item == i.n, a.person == person.n, a.state != "freed")
        asked = sa.select(i.n, i.rank).where(i.wanted.is_(True), ~seen)
        if passed is not None:
            asked = asked.where(i.rank >= passed[0])
        return connection.execute(asked.order_by(i.rank, i.n).limit(1)).first()

    def _hand(self, connection: sa.Connection, project: Project, person: Person, item: int) -> None:
        a = tables.assignments.c
        values = {"state": "open", "since": now(), "until": _until(project)}
        mine = (a.item == item) & (a.person == person.n) & (a.state == "freed")
        had = connection.execute(sa.update(tables.assignments).where(mine).values(**values))
        if not had.rowcount:
            connection.execute(
                sa.insert(tables.assignments).values(item=item, person=person.n, act=None, **values)
            )
        refresh(connection, project, item)

    def _prolong(self, connection: sa.Connection, project: Project, person: Person, item: int) -> None:
        a = tables.assignments.c
        mine = (a.item == item) & (a.person == person.n)
        connection.execute(sa.update(tables.assignments).where(mine).values(until=_until(project)))


def _until(project: Project) -> int:
    return now() + int(project.minutes * 60e6)


def _handed(connection: sa.Connection, person: Person, item: int) -> Handed:
    i, a, c, s = tables.items.c, tables.assignments.c, tables.acts.c, tables.suggestions.c
    row = connection.execute(
        sa.select(i.key, i.content, a.since, s.answer, s.score, s.model)
        .select_from(tables.items)
        .join(tables.assignments, (a.item == i.n) & (a.person == person.n))
        .outerjoin(tables.suggestions, s.item == i.n)
        .where(i.n == item)
    ).one()
    before = connection.execute(
        sa.select(c.answer, c.note)
        .where(c.item == item, c.person == person.n, c.act == "label")
        .order_by(c.n.desc())
        .limit(1)
    ).first()
    return Handed(
        item,
        row.key,
        json.loads(row.content),
        row.since,
        json.loads(before.answer) if before else None,
        (before.note or "") if before else "",
        json.loads(row.answer) if row.answer is not None else None,
        row.score,
        row.model or "",
    )


def _content(connection: sa.Connection, item: int) -> dict[str, Any]:
    text = connection.execute(sa.select(tables.items.c.content).where(tables.items.c.n == item)).scalar()
    if text is None:
        raise BadInput("there is no such item", code="labels.item", hint="load the page again")
    made: dict[str, Any] = json.loads(text)
    return made


def _log(
    connection: sa.Connection,
    project: int,
    person: Person,
    item: int,
    act: str,
    answer: str | None,
    *,
    how: str,
    seconds: float | None = None,
    note: str = "",
    ticket: str | None = None,
    since: int | None = None,
) -> int:
    suggested = connection.execute(
        sa.select(tables.suggestions.c.answer).where(tables.suggestions.c.item == item)
    ).scalar()
    made = connection.execute(
        sa.insert(tables.acts).values(
            item=item, person=person.n, at=now(), act=act, answer=answer, note=note[:MOST_NOTE] or None,
            how=how, since=since, suggested=suggested, project=project, ticket=ticket,
            seconds=None if seconds is None else max(0.0, min(float(seconds), MOST_SECONDS)),
        )
    )  # fmt: skip
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def by_ticket(
    connection: sa.Connection,
    ticket: str | None,
    person: Person,
    act: str,
    item: int | None = None,
    answer: str | None = None,
) -> int | None:
    """The act that came with this ticket, where the same is sent once more. Raises :class:`BadInput` where
    something else is: nobody is told that it was kept."""
    c = tables.acts.c
    if not ticket:
        return None
    found = connection.execute(
        sa.select(c.n, c.person, c.act, c.item, c.answer).where(c.ticket == ticket)
    ).first()
    if found is None:
        return None
    same = (found.person, found.act) == (person.n, act)
    if not same or (item is not None and (found.item, found.answer) != (item, answer)):
        raise BadInput(
            "this page was sent before, and said something else then",
            code="labels.sent-before",
            hint="load the page again; what was sent first stands, and can be changed among your answers",
        )
    return int(found.n)


def _not_theirs(person: Person) -> BadInput:
    return BadInput(
        f"this item never lay before {person.name}",
        code="labels.not-handed",
        hint="load the page again; nothing was kept",
    )
