"""The store of a labelling project: opened, made, and filled with items."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import answers, engine, people, tables
from modelwright.labels.clock import now
from modelwright.labels.items import Item
from modelwright.labels.project import Project
from modelwright.live.log.engine import file_of, shown

BATCH = 5_000


class Store:
    """The labels of one project, in a file or a database. Safe for several threads and processes."""

    def __init__(self, url: sa.URL, *, make: bool = True) -> None:
        """Raises :class:`BadInput` for a store of a later version, and where there is none and none is to be
        made; use :meth:`at`."""
        self.url = url
        self.name = shown(url)
        self.engine = engine.engine_for(url)
        self._writer = engine.writing(self.engine)
        self._project: tuple[int, Project] | None = None
        try:
            with self.writing() as connection:
                if not sa.inspect(connection).has_table(tables.store.name):
                    if not make:
                        raise _none(self.name)
                    tables.meta.create_all(connection)
                    connection.execute(
                        sa.insert(tables.store).values(version=tables.VERSION, key=secrets.token_hex(32))
                    )
                found = connection.execute(sa.select(tables.store)).one()
            if found.version > tables.VERSION:
                raise BadInput(
                    f"the store {self.name} was written by a later modelwright (its version {found.version})",
                    code="labels.store-version",
                    hint="upgrade modelwright",
                )
        except BaseException:
            self.engine.dispose()
            raise
        self.key = bytes.fromhex(found.key)
        """Signs forms; the same after a restart."""

    @staticmethod
    def at(where: str | Path, *, make: bool = False) -> Store:
        """The store there; raises :class:`BadInput` where there is none, unless it is to be made."""
        url = engine.url_of(where)
        file = file_of(url)
        if file is not None and not make and not file.is_file():
            raise _none(file.name)
        if file is not None and file.is_file() and not (_is_sqlite(file) and _is_ours(file)):
            raise BadInput(
                f"{file.name} is no store of labels",
                code="labels.no-store",
                hint="--store names another file",
            )
        with engine.told(url):
            return Store(url, make=make or file is not None)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction; what it did is on the disk once the block has ended."""
        with engine.told(self.url), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with engine.told(self.url), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    # --- the project --------------------------------------------------------------------------------------

    def project(self) -> tuple[int, Project] | None:
        """The project and its number, as it stands now; None in a new store."""
        with self.reading() as connection:
            last = connection.execute(sa.select(sa.func.max(tables.projects.c.n))).scalar()
            if last is None:
                return None
            if self._project is None or self._project[0] != last:
                text = connection.execute(
                    sa.select(tables.projects.c.definition).where(tables.projects.c.n == last)
                ).scalar_one()
                self._project = (int(last), Project.from_json(text))
            return self._project

    def must(self) -> tuple[int, Project]:
        """As :meth:`project`; raises :class:`BadInput` where there is none."""
        found = self.project()
        if found is None:
            raise BadInput(
                f"the store {self.name} holds no project yet",
                code="labels.no-project",
                hint="`modelwright label DATA` makes one",
            )
        return found

    def set_project(self, project: Project, root: Path | None) -> bool:
        """Keep a project, and where its files lie; False where nothing changed. Earlier ones stay, and each
        label says which it answered."""
        source = self._told_from(root)
        old = self.project()
        if old is not None and old[1] == project and self._source() == source:
            return False
        with self.writing() as connection:
            connection.execute(
                sa.insert(tables.projects).values(at=now(), definition=project.to_json(), source=source)
            )
            if old is not None and old[1].overlap != project.overlap:
                from modelwright.labels.standing import refresh_all

                refresh_all(connection, project)
        return True

    def root(self) -> Path | None:
        """The folder below which the files of items lie."""
        source = self._source()
        if not source:
            return None
        file = file_of(self.url)
        return (file.parent / source) if file is not None else Path(source)

    def _source(self) -> str:
        with self.reading() as connection:
            c = tables.projects.c
            return connection.execute(sa.select(c.source).order_by(c.n.desc()).limit(1)).scalar() or ""

    def _told_from(self, root: Path | None) -> str:
        """Relative to the store's own file, so that both can be moved together."""
        if root is None:
            return self._source()
        file = file_of(self.url)
        return os.path.relpath(root, file.parent) if file is not None else str(root.resolve())

    # --- items --------------------------------------------------------------------------------------------

    def add(self, given: Iterable[Item], project: Project, *, renew: bool = False) -> int:
        """Add the items that are not there yet, and known answers that are new; returns how many are new.
        With ``renew`` those that are there show what the data now says of them.

        Items that are no longer in the data stay, with their labels.
        """
        added = 0
        with self.writing() as connection:
            c = tables.items.c
            known = {row.key: (row.n, row.gold) for row in connection.execute(sa.select(c.key, c.n, c.gold))}
            last = connection.execute(sa.select(sa.func.max(c.n))).scalar() or 0
            batch: list[dict[str, object]] = []
            for item in given:
                gold = None if item.gold is None else answers.written(item.gold)
                if item.key in known:
                    n, old = known[item.key]
                    if renew:
                        content = json.dumps(item.content, ensure_ascii=False)
                        connection.execute(sa.update(tables.items).where(c.n == n).values(content=content))
                    if gold is not None and gold != old:
                        connection.execute(
                            sa.update(tables.items).where(c.n == n).values(gold=gold, wanted=False)
                        )
                    continue
                last += 1
                added += 1
                batch.append(
                    {
                        "n": last, "key": item.key, "content": json.dumps(item.content, ensure_ascii=False),
                        "rank": float(last) if project.order == "given" else chance(item.key),
                        "done": 0, "held": 0, "skips": 0, "wanted": gold is None, "state": "open",
                        "final": None, "gold": gold,
                    }
                )  # fmt: skip
                known[item.key] = (last, gold)
                if len(batch) >= BATCH:
                    connection.execute(sa.insert(tables.items), batch)
                    batch = []
            if batch:
                connection.execute(sa.insert(tables.items), batch)
            if added and self.url.get_backend_name() == "postgresql":
                name = tables.items.name
                connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(name, "n"), last)))
        return added

    def reorder(self, project: Project) -> None:
        """Put the queue into the project's order (``random`` or ``given``)."""
        c = tables.items.c
        with self.writing() as connection:
            if project.order == "given":
                connection.execute(sa.update(tables.items).values(rank=sa.cast(c.n, sa.Double)))
                return
            rows = connection.execute(sa.select(c.n, c.key)).all()
            set_ranks(connection, {row.n: chance(row.key) for row in rows})

    # --- people -------------------------------------------------------------------------------------------

    def people(self) -> list[people.Person]:
        with self.reading() as connection:
            return people.every(connection)


def set_ranks(connection: sa.Connection, ranks: dict[int, float]) -> None:
    """Give items their places in the queue, lowest first."""
    if ranks:
        connection.execute(
            sa.update(tables.items)
            .where(tables.items.c.n == sa.bindparam("at_n"))
            .values(rank=sa.bindparam("at_rank")),
            [{"at_n": n, "at_rank": rank} for n, rank in sorted(ranks.items())],
        )


def chance(key: str) -> float:
    """A place in the queue from 0 to 1, drawn by the key: the same in every store, and rows that come later
    fall among the earlier ones, so that whatever is labelled first is a fair sample of all."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big") / 2**56


def _none(name: str) -> BadInput:
    return BadInput(
        f"there is no store of labels {name}",
        code="labels.no-store",
        hint="`modelwright label DATA` makes one",
    )


def _is_ours(file: Path) -> bool:
    """Whether it is a store, or still empty: nothing is written into a database of somebody else."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            names = {name for (name,) in connection.execute("select name from sqlite_master")}
    except sqlite3.Error:
        return True  # damaged or locked: told by whoever opens it
    return not names or tables.store.name in names


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(16)
    return not head or head == b"SQLite format 3\x00"
