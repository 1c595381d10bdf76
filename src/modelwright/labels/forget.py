"""A person's items out of a store of labels, with every answer that was given to them."""

from __future__ import annotations

import json
from collections.abc import Collection

import sqlalchemy as sa

from modelwright.labels import tables
from modelwright.labels.store import Store
from modelwright.live.log.engine import file_of
from modelwright.live.log.personal import canonical

_PAGE = 2000
_BATCH = 500
"""SQLite takes some thousand parameters at most."""


def matching(store: Store, column: str, values: Collection[str]) -> list[int]:
    """Numbers of the items whose row has one of ``values`` in ``column``."""
    i = tables.items.c
    found: list[int] = []
    after = 0
    while True:
        with store.reading() as connection:
            query = sa.select(i.n, i.content).where(i.n > after).order_by(i.n).limit(_PAGE)
            rows = connection.execute(query).all()
        if not rows:
            return found
        after = rows[-1][0]
        for n, content in rows:
            row = json.loads(content)
            if isinstance(row, dict) and row.get(column) is not None and canonical(row[column]) in values:
                found.append(n)


def forget(store: Store, column: str, values: Collection[str]) -> int:
    """Delete these items, their assignments, suggestions and answers, in one transaction; how many went.

    SQLite overwrites what it deletes. PostgreSQL frees the space with its own (auto)vacuum, and keeps old
    rows in its write-ahead log and in backups as these are set up.
    """
    found = matching(store, column, values)
    if not found:
        return 0
    a, c, s, i = tables.assignments.c, tables.acts.c, tables.suggestions.c, tables.items.c
    with store.writing() as connection:
        if file_of(store.url) is not None:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        for at in range(0, len(found), _BATCH):
            part = found[at : at + _BATCH]
            connection.execute(sa.delete(tables.suggestions).where(s.item.in_(part)))
            connection.execute(sa.delete(tables.assignments).where(a.item.in_(part)))
            connection.execute(sa.delete(tables.acts).where(c.item.in_(part)))
            connection.execute(sa.delete(tables.items).where(i.n.in_(part)))
    if file_of(store.url) is not None:
        with store.engine.connect() as plain:  # the side file still has the old pages, until it is emptied
            plain.exec_driver_sql("COMMIT")
            plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(found)
