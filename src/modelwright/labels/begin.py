"""A labelling project begun, or gone on with: data and wishes in, a filled store out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelwright.core.errors import BadInput
from modelwright.labels import people
from modelwright.labels.engine import SUFFIX
from modelwright.labels.items import items, later, look
from modelwright.labels.people import Person
from modelwright.labels.project import Asked, Project, settled
from modelwright.labels.store import Store


@dataclass(frozen=True, slots=True)
class Begun:
    """A store that is ready to be served."""

    store: Store
    project: Project
    added: int
    """Items that are new."""
    notes: tuple[str, ...]
    secrets: dict[str, str]
    """Tokens that were made just now, by name: shown once."""


def is_store(data: str) -> bool:
    """Whether the argument of ``modelwright label`` is a store itself."""
    return data.endswith(SUFFIX) or data.startswith(("postgresql://", "postgres://", "postgresql+"))


def begin(asked: Asked, store: str | None) -> Begun:
    """Open or make the store, and add what is new in the data.

    Raises :class:`BadInput` where there is neither data nor a store, or what is asked does not fit them.
    """
    data = asked.data
    if is_store(data):
        opened = Store.at(data)
        try:
            return _reopened(opened, asked)
        except BaseException:
            opened.close()
            raise
    if not data:
        raise BadInput(
            "the project names no data",
            code="labels.no-data",
            hint="`modelwright label DATA`, or `data: ...` in the project file",
        )
    where = store or f"{_name(data)}{SUFFIX}"
    known = Store.at(where) if "://" not in where and Path(where).is_file() else None
    try:
        before = (known.project() or (0, None))[1] if known else None
        found = look(data, asked, before)
        name = str(asked.given.get("name") or (before.name if before else _name(data)))
        project = settled(asked, name, before, found.facts)
        fresh = list(items(found, project))
    except BaseException:
        if known is not None:
            known.close()
        raise
    opened = known or Store.at(where, make=True)
    try:
        old = opened.project()
        opened.set_project(project, found.root if project.item in ("image", "audio") else None)
        added = opened.add(fresh, project, renew=bool(later(project, found.columns)))
        if old is not None and old[1].order != project.order and project.order != "teach":
            opened.reorder(project)
        return Begun(opened, project, added, found.notes, _people(opened, asked))
    except BaseException:
        opened.close()
        raise


def _reopened(store: Store, asked: Asked) -> Begun:
    _, before = store.must()
    project = settled(asked, before.name, before, {})
    store.set_project(project, None)
    if before.order != project.order and project.order != "teach":
        store.reorder(project)
    return Begun(store, project, 0, (), _people(store, asked))


def _people(store: Store, asked: Asked) -> dict[str, str]:
    made: dict[str, str] = {}
    wanted = {**dict.fromkeys(asked.annotators, False), **dict.fromkeys(asked.reviewers, True)}
    with store.writing() as connection:
        for name, reviewer in wanted.items():
            person = people.find(connection, name)
            if person is None or not person.enters:
                secret = people.token()
                kept = people.kept(secret, chosen=False)
                made[name] = secret
                if person is None:
                    people.add(connection, name, reviewer=reviewer, secret=kept)
                else:
                    people.change(connection, person, secret=kept, reviewer=reviewer, gone=False)
            elif reviewer and not person.reviewer:
                people.change(connection, person, reviewer=True)
    return made


def solo(store: Store, name: str) -> Person | None:
    """Who sits at this machine, where nobody has to enter; None where somebody does."""
    with store.writing() as connection:
        if any(p.enters and not p.gone for p in people.every(connection)):
            return None
        found = people.find(connection, name)
        if found is None:
            return people.add(connection, name, reviewer=True)
        if not found.reviewer or found.gone:
            people.change(connection, found, reviewer=True, gone=False)
        return people.known(connection, name)


def _name(data: str) -> str:
    stem = Path(data.rstrip("/")).name
    for suffix in (".gz", ".bz2", ".xz", ".zip"):
        stem = stem.removesuffix(suffix)
    stem = stem.rpartition(".")[0] or stem
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-")
    return kept or "labels"
