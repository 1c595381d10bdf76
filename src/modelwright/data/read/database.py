"""Databases through SQLAlchemy: SQLite files and addresses, PostgreSQL, with a query.

Read-only: SQLite files are opened so, PostgreSQL transactions are set so. User and
password of an address are in no record, log or message that is made here.
"""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import names as column_names
from modelwright.data.read import patience
from modelwright.data.read.frame import content_digest, to_polars
from modelwright.data.read.reader import Read
from modelwright.data.read.source import existing, modified
from modelwright.goal.sections import ReadingSection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

SUFFIXES = (".sqlite", ".sqlite3", ".db", ".db3")
_SCHEMES = ("sqlite", "postgresql", "postgres")
_CONNECT_SECONDS = 10
_ALIAS = "modelwright_rows"


class DatabaseReader:
    """The rows of a query, or of the only table."""

    name = "database"
    takes = frozenset({"wait"})

    def __init__(self) -> None:
        self.wishes = ReadingSection()

    def suits(self, source: str) -> bool:
        if "://" in source:
            return source.partition("://")[0].partition("+")[0].lower() in _SCHEMES
        return Path(source).suffix.lower() in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        return self.rows(source, query)

    @property
    def _wait(self) -> float:
        return self.wishes.wait or patience.SECONDS

    def rows(self, source: str, query: str | None = None, called: str = "") -> Read:
        """As ``read``; ``called``: what messages and facts call the database."""
        engine, shown, path = _engine(source)
        shown = called or shown
        try:
            with _connected(engine, shown) as connection, patience.bounded(connection, self._wait, shown):
                query = query.strip().rstrip(";") if query else _only_table(connection, shown)
                names, rows = _rows(connection, query, shown)
        finally:
            engine.dispose()
        if not rows:
            raise BadData(
                f"the query gives no rows of {shown}: {_short(query)}",
                code="data.no-rows",
                hint="check the conditions of the query",
            )
        return _made(names, rows, query, shown, path)

    def behind(self, source: str, query: str, column: str, upto: str | float) -> tuple[int, Read | None]:
        """How many rows of a query have a value of a column up to ``upto``, and the rows above it."""
        from sqlalchemy.exc import DBAPIError

        engine, shown, path = _engine(source)
        try:
            with _connected(engine, shown) as connection, patience.bounded(connection, self._wait, shown):
                quoted = connection.dialect.identifier_preparer.quote_identifier(column)
                # The value is a literal, since a parameter would have a type of its own in PostgreSQL.
                literal = "'" + upto.replace("'", "''") + "'" if isinstance(upto, str) else repr(upto)
                inner = f"select * from ({query}) as {_ALIAS} where {_ALIAS}.{quoted}"
                counted = _rows(connection, f"select count(*) as n from ({inner} <= {literal}) as n", shown)
                names, rows = _rows(connection, f"{inner} > {literal}", shown)
        except DBAPIError as error:
            raise _damaged(shown, _reason(error, engine.url)) from None
        finally:
            engine.dispose()
        if not rows:
            return int(counted[1][0][0]), None
        return int(counted[1][0][0]), _made(names, rows, query, shown, path)


@contextmanager
def open_engine(source: str) -> Iterator[tuple[Connection, str]]:
    """A read-only connection, and the address as it may be shown. Raises :class:`BadData`."""
    from sqlalchemy.exc import DBAPIError

    engine, shown, _ = _engine(source)
    try:
        with _connected(engine, shown) as connection, patience.bounded(connection, patience.SECONDS, shown):
            yield connection, shown
    except DBAPIError as error:
        raise _damaged(shown, _reason(error, engine.url)) from None
    finally:
        engine.dispose()


def _engine(source: str) -> tuple[Engine, str, Path | None]:
    """The engine, the address as it may be shown, and the file where there is one."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    if "://" not in source:
        path = existing(source)
        return _sqlite(path), path.name, path
    try:
        url = make_url(source)
    except (ArgumentError, ValueError) as error:
        raise BadData(
            "the database address cannot be understood",
            code="data.database-address",
            hint="write sqlite:///file.db or postgresql://user:password@host:5432/database; a password with "
            "special characters needs them percent-encoded",
        ) from error
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise BadData(
                "an SQLite address needs a file", code="data.database-address", hint="write sqlite:///file.db"
            )
        path = existing(url.database.removeprefix("file:"))
        return _sqlite(path), path.name, path
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    shown = _shown(url)
    try:
        engine = create_engine(
            url,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                **patience.KEPT_ALIVE,
                "options": "-c default_transaction_read_only=on",
            },
            hide_parameters=True,
        )
    except (ImportError, NoSuchModuleError) as error:
        raise BadData(
            "PostgreSQL needs the package psycopg, which is not installed",
            code="data.database-driver",
            hint='pip install "modelwright[postgres]"',
        ) from error
    return engine, shown, None


def _sqlite(path: Path) -> Engine:
    from sqlalchemy import create_engine

    address = "file:" + quote(str(path.resolve())) + "?mode=ro&uri=true"
    return create_engine(f"sqlite:///{address}", hide_parameters=True)


def _shown(url: URL) -> str:
    """The address without user, password and parameters."""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"


@contextmanager
def _connected(engine: Engine, shown: str) -> Iterator[Connection]:
    from sqlalchemy.exc import DBAPIError

    try:
        connection = engine.connect()
    except DBAPIError as error:
        reason = _reason(error, engine.url)
        raise BadData(
            f"the database {shown} refuses the connection: {reason}",
            code="data.database-refuses",
            hint="check host, port, user and password of the address, and that the server runs",
        ) from None  # the cause may hold the address with its password
    try:
        yield connection
    finally:
        with suppress(DBAPIError):  # nothing was written, so that one which is gone needs no ending
            connection.close()


def _reason(error: Any, url: URL) -> str:
    """The driver's own first line, without anything that the address keeps secret."""
    text = str(getattr(error, "orig", error)).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    for secret in (url.password, url.username):
        if secret:
            line = line.replace(str(secret), "***")
    return re.sub(r"//[^/@\s]+@", "//***@", line)


def _made(names: list[str], rows: list[tuple[Any, ...]], query: str, shown: str, path: Path | None) -> Read:
    settled, notes = column_names.settle(names)
    frame = to_polars({name: [row[k] for row in rows] for k, name in enumerate(settled)})[0]
    facts = SourceFacts(
        name=f"{shown}: {_short(query)}",
        format="database",
        rows=frame.height,
        columns=frame.width,
        bytes=path.stat().st_size if path is not None else int(frame.estimated_size()),
        digest=content_digest(frame),
        modified=modified(path) if path is not None else "",
        details={"database": shown, "query": query},
    )
    return Read(frame, facts, (), tuple(notes))


def _tables(connection: Connection) -> list[str]:
    from sqlalchemy import inspect

    inspector = inspect(connection)
    return sorted([*inspector.get_table_names(), *inspector.get_view_names()])


def _only_table(connection: Connection, shown: str) -> str:
    from sqlalchemy.exc import DBAPIError

    try:
        tables = _tables(connection)
    except DBAPIError as error:
        raise _damaged(shown, _reason(error, connection.engine.url)) from None
    if len(tables) != 1:
        listed = ", ".join(tables[:20]) + (", ..." if len(tables) > 20 else "")
        raise BadData(
            f"{shown} has {len(tables)} tables, and the goal has no query",
            code="data.query-missing",
            hint=f"add `query: select * from ...` to data; the tables are: {listed}"
            if tables
            else "name another database",
        )
    quoted = connection.dialect.identifier_preparer.quote(tables[0])
    return f"select * from {quoted}"


def _damaged(shown: str, reason: str) -> BadData:
    return BadData(
        f"{shown} cannot be read as a database: {reason}",
        code="data.database",
        hint="the file is damaged, or no database",
    )


def _rows(connection: Connection, query: str, shown: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError, ResourceClosedError, SQLAlchemyError

    if not re.match(r"(?is)^\s*(--[^\n]*\n|/\*.*?\*/|\s)*(select|with|table|values)\b", query):
        raise BadData(
            f"the query does not read rows: {_short(query)}",
            code="data.query",
            hint="begin it with select or with; nothing is ever written to a source",
        )
    try:
        # A colon in a query is a colon, and not the parameter that SQLAlchemy would make of it.
        result = connection.execute(text(query.replace(":", r"\:")))
        names = [str(name) for name in result.keys()]  # noqa: SIM118  (a result is no dict)
        return names, [tuple(row) for row in result.fetchall()]
    except ResourceClosedError as error:
        raise BadData(
            f"the query gives no rows: {_short(query)}", code="data.query", hint="begin it with select"
        ) from error
    except DBAPIError as error:
        reason = _reason(error, connection.engine.url)
        if error.connection_invalidated:
            raise patience.gone(shown, reason) from None
        if "not a database" in reason or "malformed" in reason:
            raise _damaged(shown, reason) from None
        connection.rollback()
        raise BadData(
            f"{shown} {'cannot be read' if 'is locked' in reason else 'refuses the query'}: {reason}",
            code="data.query",
            hint=_remedy(reason, connection),
        ) from None
    except SQLAlchemyError as error:
        raise BadData(
            f"{shown} refuses the query: {type(error).__name__}", code="data.query", hint="mend the query"
        ) from None


def _remedy(reason: str, connection: Connection) -> str:
    """How to mend it: for a lock, who holds it; for a table that is not there, the nearest that is."""
    if "is locked" in reason:
        return "another program is writing to it: wait until it has ended, or name a copy of the file"
    found = re.search(r'no such table: (\S+)|relation "([^"]+)" does not exist', reason)
    if found is None:
        return "mend the query"
    from sqlalchemy.exc import SQLAlchemyError

    wanted = (found.group(1) or found.group(2)).rpartition(".")[2]
    try:
        tables = _tables(connection)
    except SQLAlchemyError:
        return "mend the query"
    lower = {table.lower(): table for table in tables}
    near = difflib.get_close_matches(wanted.lower(), list(lower), 1, 0.5)
    listed = ", ".join(tables[:20]) + (", ..." if len(tables) > 20 else "")
    return (f"did you mean {lower[near[0]]}? " if near else "") + f"the tables are: {listed}"


def _short(query: str) -> str:
    flat = " ".join(query.split())
    return flat if len(flat) <= 200 else flat[:197] + "..."
