"""Labels that come from elsewhere: matched with items, kept once, marked as imported."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import people, tables
from modelwright.labels.answers import checked, written
from modelwright.labels.clock import now
from modelwright.labels.items import text_of
from modelwright.labels.project import Project
from modelwright.labels.standing import refresh
from modelwright.labels.store import Store


@dataclass(frozen=True, slots=True)
class Incoming:
    """One label of a file. ``item`` is the key of an item, the name of its row, its file or its text."""

    item: str
    person: str
    answer: Any
    """None: skipped."""
    at: int | None = None
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a model says of an item, in a file."""

    item: str
    answer: Any
    score: float | None = None
    model: str = "import"


@dataclass(frozen=True, slots=True)
class Read:
    """A file of labels."""

    answers: tuple[Incoming, ...]
    wrong: tuple[str, ...] = ()
    """What is no label of this project, and where."""
    suggested: tuple[Suggested, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file."""

    kept: int
    known: int
    """Labels that had been imported before."""
    unmatched: tuple[str, ...]
    """Items of the file that the store has not."""
    wrong: tuple[str, ...]
    suggested: int = 0


def take(store: Store, given: Read) -> Taken:
    """Keep the labels of a file, in one transaction; the same file twice is kept once, and what somebody has
    said since stands."""
    number, project = store.must()
    kept = known = suggested = 0
    unmatched: dict[str, None] = {}
    wrong = list(given.wrong)
    with store.writing() as connection:
        find = _finder(connection, project)
        who: dict[str, people.Person] = {}
        touched: set[int] = set()
        for one in given.answers:
            found = find(one.item)
            if found is None:
                unmatched[one.item[:80]] = None
                continue
            item, content = found
            if one.answer is not None:
                length = len(text_of(project, content)) if project.task == "spans" else None
                try:
                    answer = written(checked(project, one.answer, length=length))
                except Exception as error:
                    wrong.append(f"{one.item[:80]}: {getattr(error, 'message', error)}")
                    continue
            else:
                answer = None
            if one.person not in who:
                who[one.person] = people.find(connection, one.person) or people.add(connection, one.person)
            person = who[one.person]
            ticket = _ticket(one, item, answer)
            if connection.execute(sa.select(tables.acts.c.n).where(tables.acts.c.ticket == ticket)).scalar():
                known += 1
                continue
            stands = _standing(connection, item, person)
            if one.at is not None and stands is not None and stands.at >= one.at:
                if (stands.at, stands.answer) == (one.at, answer):
                    known += 1
                else:
                    wrong.append(f"{one.item[:80]}: {one.person} has said something else since then")
                continue
            _keep(connection, number, person, item, answer, one, ticket)
            touched.add(item)
            kept += 1
        for item in sorted(touched):
            refresh(connection, project, item)
        for told in given.suggested:
            found = find(told.item)
            if found is None:
                continue
            item, content = found
            length = len(text_of(project, content)) if project.task == "spans" else None
            try:
                answer = written(checked(project, told.answer, length=length))
            except BadInput as error:
                wrong.append(f"{told.item[:80]}, suggested: {error.message}")
                continue
            suggest(connection, item, answer, told.score, told.model)
            suggested += 1
    return Taken(kept, known, tuple(unmatched), tuple(wrong), suggested)


def suggest(connection: sa.Connection, item: int, answer: str, score: float | None, model: str) -> None:
    """Set what a model says of an item."""
    s = tables.suggestions
    connection.execute(sa.delete(s).where(s.c.item == item))
    name = model.encode("utf-8", "replace").decode()  # half a pair of UTF-16, as JSON may hold it
    connection.execute(sa.insert(s).values(item=item, answer=answer, score=score, model=name))


def _keep(
    connection: sa.Connection,
    number: int,
    person: people.Person,
    item: int,
    answer: str | None,
    one: Incoming,
    ticket: str,
) -> None:
    made = connection.execute(
        sa.insert(tables.acts).values(
            item=item, person=person.n, at=now() if one.at is None else one.at,
            act="skip" if answer is None else "label", answer=answer, note=one.note[:2000] or None,
            how="import", seconds=one.seconds, project=number, ticket=ticket,
        )
    )  # fmt: skip
    key = made.inserted_primary_key
    assert key is not None
    a = tables.assignments
    mine = (a.c.item == item) & (a.c.person == person.n)
    state = "skipped" if answer is None else "done"
    values = {"state": state, "act": int(key[0]), "since": now(), "until": now()}
    if not connection.execute(sa.update(a).where(mine).values(**values)).rowcount:
        connection.execute(sa.insert(a).values(item=item, person=person.n, **values))


def _standing(connection: sa.Connection, item: int, person: people.Person) -> Any:
    """What the person has said of the item so far, and when; None where nothing stands."""
    a, c = tables.assignments.c, tables.acts.c
    return connection.execute(
        sa.select(c.at, c.answer)
        .join_from(tables.assignments, tables.acts, a.act == c.n)
        .where(a.item == item, a.person == person.n, a.state.in_(("done", "skipped")))
    ).first()


def _ticket(one: Incoming, item: int, answer: str | None) -> str:
    said = json.dumps([item, one.person, answer, one.at, one.seconds, one.note], ensure_ascii=False)
    return "import-" + hashlib.sha256(said.encode()).hexdigest()[:32]


def _finder(connection: sa.Connection, project: Project) -> Any:
    """Finds an item by its key, else by its name, its file or its text, where only one has it."""
    i = tables.items.c
    by_key: dict[str, tuple[int, dict[str, Any]]] = {}
    by_words: dict[str, tuple[int, dict[str, Any]] | None] = {}
    for n, key, text in connection.execute(sa.select(i.n, i.key, i.content)):
        content = json.loads(text)
        by_key[key] = (n, content)
        words = {str(content[c]) for c in (project.id, project.content) if c and content.get(c) is not None}
        if project.item == "text":
            words.add(text_of(project, content))
        for word in words:
            by_words[word] = None if word in by_words else (n, content)

    def find(name: str) -> tuple[int, dict[str, Any]] | None:
        return by_key.get(name) or by_words.get(name)

    return find
