"""Deleting from the log: what is old, and what is of one person. A thousand entries a transaction, so that
writers come in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import sqlalchemy as sa

from modelwright.live.log import tables
from modelwright.live.log.traffic import MINUTE

_BATCH: Final = 1000
Reading = Callable[[], AbstractContextManager[tuple[sa.Connection, int]]]
Writing = Callable[[], AbstractContextManager[tuple[sa.Connection, int, int]]]


def before(writing: Writing, swept: Callable[[], None], at: int, seconds: float | None) -> int:
    """See ``LogDatabase.delete_before``."""
    until = None if seconds is None else time.monotonic() + seconds
    gone = 0
    for part in (_predictions, _feedback, _failures, _minutes):
        while until is None or time.monotonic() < until:
            with writing() as (connection, model, _):
                found, removed = part(connection, model, at)
            gone += removed
            if found < _BATCH:
                break
    if gone:
        swept()
    return gone


def _predictions(connection: sa.Connection, model: int, at: int) -> tuple[int, int]:
    p = tables.predictions.c
    old = sa.select(p.n, p.given).where(p.model == model, p.at < at).order_by(p.at).limit(_BATCH)
    found = connection.execute(old).all()
    return len(found), _remove(connection, model, [(row[0], row[1]) for row in found])


def _remove(connection: sa.Connection, model: int, found: Sequence[tuple[int, str]]) -> int:
    """Predictions by number and the id given, with the feedback to them; how many entries went."""
    p, f = tables.predictions.c, tables.feedback.c
    gone = 0
    for at in range(0, len(found), 500):  # SQLite takes some thousand parameters at most
        part = found[at : at + 500]
        numbers, given = [n for n, _ in part], sorted({name for _, name in part})
        mine = sa.delete(tables.predictions).where(p.model == model, p.n.in_(numbers))
        theirs = sa.delete(tables.feedback).where(f.model == model, f.prediction.in_(given))
        gone += connection.execute(mine).rowcount + connection.execute(theirs).rowcount
    return gone


def _feedback(connection: sa.Connection, model: int, at: int) -> tuple[int, int]:
    return _by_number(connection, model, at, tables.feedback)


def _failures(connection: sa.Connection, model: int, at: int) -> tuple[int, int]:
    return _by_number(connection, model, at, tables.failures)


def _by_number(connection: sa.Connection, model: int, at: int, table: sa.Table) -> tuple[int, int]:
    old = sa.select(table.c.n).where(table.c.model == model, table.c.at < at).limit(_BATCH)
    gone = connection.execute(sa.delete(table).where(table.c.model == model, table.c.n.in_(old))).rowcount
    return gone, gone


def _minutes(connection: sa.Connection, model: int, at: int) -> tuple[int, int]:
    m = tables.minutes.c
    connection.execute(sa.delete(tables.minutes).where(m.model == model, m.minute < at // MINUTE))
    return 0, 0


def person(
    reading: Reading,
    writing: Writing,
    swept: Callable[[], None],
    column: str,
    values: Collection[str | float | None],
) -> list[str]:
    """See ``LogDatabase.forget``: walks through all predictions once (a million: some seconds)."""
    p = tables.predictions.c
    wanted = {_same(value) for value in values}
    key = json.dumps(column)
    gone: list[str] = []
    after = 0
    while True:
        with reading() as (connection, model):
            query = (
                sa.select(p.n, p.given, p.inputs)
                .where(p.model == model, p.n > after, p.inputs.contains(f"{key}:", autoescape=True))
                .order_by(p.n)
                .limit(10 * _BATCH)
            )
            rows: Sequence[Any] = connection.execute(query).all()
        if not rows:
            break
        after = rows[-1][0]
        found = []
        for n, given, inputs in rows:
            row = json.loads(inputs)
            if column in row and _same(row[column]) in wanted:
                found.append((n, given))
        if found:
            with writing() as (connection, model, _):
                _remove(connection, model, found)
            gone += [given for _, given in found]
    if gone:
        swept()
    return gone


def _same(value: Any) -> str:
    """One text for a value however it was sent: 7, 7.0 and "7" are the same person."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
