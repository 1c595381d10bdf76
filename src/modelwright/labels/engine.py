"""Connections to the store of labels. What has been acknowledged is on the disk.

SQLite keeps a write-ahead log with ``synchronous=FULL``: each commit is synced before it returns, so that
neither a killed process nor a power cut loses a label that somebody was told is saved. PostgreSQL does the
same by itself; where a database has switched it off, it is switched on for our connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.live.log.engine import connect, file_of, private, shown

SUFFIX: Final = ".labels"
"""Of a store in a file of its own (SQLite)."""


class StoreDown(ModelwrightError):
    """The store cannot be reached, or does not do its work."""


def url_of(where: str | Path) -> sa.URL:
    """The address of a store: a file, or ``postgresql://...``. Raises :class:`BadInput`."""
    text = str(where)
    if "://" not in text:
        return sa.URL.create("sqlite", database=text)
    try:
        made = sa.make_url(text)
    except (exc.ArgumentError, ValueError) as error:
        raise BadInput(
            "the address of the store of labels cannot be understood",
            code="labels.store-address",
            hint="write a file name, or postgresql://user:password@host:5432/database",
        ) from error
    if made.drivername in ("postgres", "postgresql"):
        return made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() == "sqlite" and made.database:
        return made
    raise BadInput(
        f"labels cannot be kept in {shown(made)}",
        code="labels.store-address",
        hint="a store is a file, or a PostgreSQL database",
    )


def engine_for(url: sa.URL) -> sa.Engine:
    """An engine whose transactions are opened for writing where ``writing`` says so."""
    file = file_of(url)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            private(file)
        except OSError as error:
            raise BadInput(
                f"the store of labels {file.name} cannot be kept there: {error.strerror or error}",
                code="labels.store-address",
                hint="--store names a file in a folder that can be written to",
            ) from error
    engine = connect(url)
    if file is not None:
        sa.event.listen(engine, "connect", _fully)
        sa.event.listen(engine, "begin", _begin)
    else:
        sa.event.listen(engine, "connect", _flushed)
    return engine


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for transactions that write: on SQLite they take the lock at their beginning, and so
    wait for each other instead of failing half way."""
    return engine.execution_options(writes=True)


@contextmanager
def told(url: sa.URL) -> Iterator[None]:
    """Errors of the driver become :class:`StoreDown`, without anything that the address keeps secret."""
    try:
        yield
    except exc.DBAPIError as error:
        text = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        reason = text[0]
        for secret in (url.password, url.username):
            if secret:
                reason = reason.replace(str(secret), "***")
        raise StoreDown(
            f"the store of labels {shown(url)} does not answer: {reason}",
            code="labels.store-down",
            hint="nothing that was acknowledged is lost; mend the database and go on",
        ) from None


def _fully(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _flushed(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('synchronous_commit', 'on', false) "
            "where current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
