"""Connections to the database of the log, and what is told when there is none.

SQLite keeps a write-ahead log with ``synchronous=NORMAL``: a transaction survives the death of the process at
once, and a power cut from the next checkpoint on. That is enough, because ``drain`` removes a segment of the
journal only after :func:`settle`: until then a database that a power cut has thrown back, its offsets with
it, gets the same lines again.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.core.secrets import masked

MODEL: Final = "modelwright_model"
"""The parameter of an address that says which model's rows are meant, where several share a database."""
PATIENCE: Final = 10
"""Seconds for a connection, and for another process to let go of the database."""


class LogDown(ModelwrightError):
    """The database of the log cannot be reached, or does not do its work. What was answered waits in the
    journal."""


def address(url: str) -> tuple[sa.URL, str]:
    """The address as the driver takes it, and the model that it names ("" for none). Raises
    :class:`BadInput`."""
    try:
        made = sa.make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise BadInput(
            "the address of the log's database cannot be understood",
            code="live.database-address",
            hint="write sqlite:////folder/log.db or postgresql://user:password@host:5432/database; special "
            "characters of a password need to be percent-encoded",
        ) from error
    model = made.query.get(MODEL, "")
    made = made.difference_update_query([MODEL])
    backend = made.get_backend_name()
    if made.drivername in ("postgres", "postgresql"):
        made = made.set(drivername="postgresql+psycopg")
    elif backend not in ("sqlite", "postgresql") or (
        backend == "sqlite" and (made.database or ":memory:") == ":memory:"
    ):
        raise BadInput(
            f"the log cannot be kept in {shown(made)}",
            code="live.database-address",
            hint="it takes a file of SQLite or a PostgreSQL database",
        )
    return made, model if isinstance(model, str) else model[-1]


def shown(url: sa.URL) -> str:
    """The address without user, password and parameters; of a file, its name."""
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").name or "memory"
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"


def connect(url: sa.URL) -> sa.Engine:
    """An engine; no connection is opened yet."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": PATIENCE}, hide_parameters=True)
        sa.event.listen(engine, "connect", _sqlite)
        return engine
    options = {
        "connect_timeout": PATIENCE,
        "application_name": "modelwright",
        # A server that is gone without a word is noticed.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    told = {k: v for k, v in options.items() if k not in url.query}
    try:
        return sa.create_engine(url, connect_args=told, hide_parameters=True, pool_pre_ping=True)
    except (ImportError, exc.NoSuchModuleError) as error:
        raise BadInput(
            "PostgreSQL needs the package psycopg, which is not installed",
            code="live.database-driver",
            hint='pip install "modelwright[postgres]"',
        ) from error


def file_of(url: sa.URL) -> Path | None:
    """The file of an SQLite address."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def private(path: Path) -> os.stat_result:
    """The file, made empty where there is none, for its owner's eyes alone: SQLite gives its side files the
    same rights."""
    try:
        return path.stat()
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return path.stat()


def settle(url: sa.URL) -> None:
    """Bring what was committed to the disk (SQLite; PostgreSQL has done so at each commit)."""
    path = file_of(url)
    if path is None:
        return
    # Never the database file itself: closing it here would drop SQLite's own locks on it (POSIX). What is no
    # longer in the side file was synced by the checkpoint that moved it.
    try:
        handle = os.open(path.with_name(path.name + "-wal"), os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def told(url: sa.URL) -> Iterator[None]:
    """Errors of the driver become :class:`LogDown`, without anything that the address keeps secret."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _down(shown(url), _reason(error, url)) from None  # the cause may hold the password
    except OSError as error:  # of the file itself
        raise _down(shown(url), os.strerror(error.errno or 0)) from error
    except exc.SQLAlchemyError as error:  # such as no connection left in the pool
        raise _down(shown(url), type(error).__name__) from None


def _down(name: str, reason: str) -> LogDown:
    return LogDown(
        f"the log's database {name} does not answer: {reason}",
        code="live.log-down",
        hint="answers go on and wait in the journal; mend the database, and they follow",
    )


def _reason(error: exc.DBAPIError, url: sa.URL) -> str:
    text = str(error.orig).strip()
    line = text.splitlines()[0] if text else type(error.orig).__name__
    for secret in (url.password, url.username):
        if secret:
            line = re.sub(rf"(?<!\w){re.escape(str(secret))}(?!\w)", "***", line)
    return masked(line)


def _sqlite(connection: Any, _: Any) -> None:
    """What each new connection is set to."""
    connection.isolation_level = None  # transactions begin where we say so, and not where the driver guesses
    cursor = connection.cursor()
    try:
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            _patiently(lambda: cursor.execute("PRAGMA journal_mode=WAL").fetchone())
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten with zeros
        cursor.execute("PRAGMA cache_size=-16000")
    finally:
        cursor.close()


def _patiently(call: Any) -> None:
    """This one change does not wait for others by itself."""
    import sqlite3

    until = time.monotonic() + PATIENCE
    while True:
        try:
            call()
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
