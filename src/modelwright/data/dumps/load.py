"""A dump as a file of SQLite: its tables and their rows, for as long as they are read.

Only CREATE TABLE, ALTER TABLE, INSERT and COPY are looked at, and none of them is executed: tables are made
anew from the names and types found, and values enter as parameters.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from modelwright.core.errors import BadData, Stopped
from modelwright.data.dumps import schema as schemas
from modelwright.data.dumps.scan import Text, past_statement, to_statement
from modelwright.data.dumps.schema import Table
from modelwright.data.dumps.values import Broken, Value, copied, rows, settles
from modelwright.data.read import encoding as encodings
from modelwright.data.read.reader import BrokenRow

_MOST_TABLES = 10_000
_MOST_COLUMNS = 2_000
"""Of one table: SQLite takes no more, and no database of these dumps makes more."""
_MOST_BROKEN = 10_000
_AT_ONCE = 5_000
_LOOKED_AT = 64 * 1024


@dataclass(slots=True)
class Loaded:
    """What a dump holds."""

    dialect: str
    """``sqlite``, ``postgresql``, ``mysql`` or ``standard``."""
    tables: dict[str, Table] = field(default_factory=dict)
    """By the name that a query uses, in the order of the dump."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows each of them has."""
    broken: list[BrokenRow] = field(default_factory=list)
    passed: int = 0
    """Statements that hold no rows and no tables: views, indexes, functions, settings."""


@contextmanager
def loaded(path: Path, only: str | None = None) -> Iterator[tuple[Path, Loaded]]:
    """The dump as a file of SQLite in a folder of its own, which is gone afterwards.

    ``only``: the one table whose rows are wanted. Raises :class:`BadData` for what has no tables.
    """
    with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
        file = Path(folder) / "dump.sqlite"
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            for setting in ("journal_mode=off", "synchronous=off", "cache_size=-65536"):
                connection.execute(f"pragma {setting}")
            connection.execute("begin")
            found = _Loading(path, connection, only).load()
            connection.execute("commit")
        except sqlite3.OperationalError as error:
            if "full" not in str(error):  # a table that no database makes: two columns of one name
                raise BadData(
                    f"{path.name} cannot be taken apart: {error}",
                    code="data.sql",
                    hint="the dump is damaged; write it again",
                ) from error
            raise Stopped(
                f"{path.name} cannot be taken apart: {error}",
                code="stopped.system",
                hint="make room in the folder for temporary files",
            ) from error
        finally:
            connection.close()
        yield file, found


def described(path: Path) -> Loaded:
    """The tables of a dump alone: no row of it is taken."""
    with loaded(path, "") as (_, found):
        return found


def dialect_of(head: str) -> str:
    """Whose dump it is, by its first characters."""
    if re.search(r"(?m)^-- PostgreSQL database|^COPY .* FROM stdin;|^SET standard_conforming_strings", head):
        return "postgresql"
    if re.search(r"(?im)^-- (?:MySQL dump|MariaDB dump|phpMyAdmin|Adminer)|^/\*!\d{5}|\)\s*ENGINE\s*=", head):
        return "mysql"
    if re.search(r"(?im)^pragma |\bautoincrement\b|sqlite_sequence", head):
        return "sqlite"
    return "mysql" if re.search(r"(?i)insert into `|create table (?:if not exists )?`", head) else "standard"


_INSERT = re.compile(
    r"(?i)(?:INSERT\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:OR\s+\w+\s+)?(?:IGNORE\s+)?|REPLACE\s+)"
    r"INTO\s+(?P<table>(?:\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|[^\s(\"`\[])+)\s*"
    r"(?P<columns>\((?:[^()\"`]|\"[^\"]*\"|`[^`]*`)*+\)\s*)?(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES?\b"
)
_COPY = re.compile(
    r"(?i)COPY\s+(?P<table>(?:\"[^\"]*\"|[^\s(\"])+)\s*(?P<columns>\((?:[^()\"]|\"[^\"]*\")*\)\s*)?"
    r"FROM\s+stdin(?P<options>[^;]*);[^\n]*\n"
)
_USE = re.compile(r"(?i)USE\s+(\S+?)\s*;")
_SEARCH = re.compile(r"(?i)SET\s+search_path\s*=\s*\"?(\w+)\"?\s*[,;]")
_HEAD = re.compile(r"(?i)(insert|replace|copy|create|alter|use|set|pragma)\b")


class _Loading:
    def __init__(self, path: Path, connection: sqlite3.Connection, only: str | None) -> None:
        self._path = path
        self._connection = connection
        self._only = only
        self._text = Text(encodings.utf8(path, encodings.find(path)), path.name)
        while len(self._text.held) < _LOOKED_AT and self._text.more():
            pass
        self.made = Loaded(dialect_of(self._text.held[:_LOOKED_AT]))
        self._backslashes = self.made.dialect == "mysql"
        self._schema = ""
        self._tables: dict[str, Table] = {}
        """By their whole names in lower case."""
        self._parts: dict[str, str] = {}
        """Partitions, to the table that their rows belong to."""
        self._stored: set[str] = set()
        self._statements = 0
        self._heads: dict[tuple[str, str, str], tuple[Table | None, list[int]]] = {}
        """What the beginnings of INSERT name, as most of a dump's are the same."""
        self._pending: tuple[str, str, list[list[Value]]] = ("", "", [])

    def load(self) -> Loaded:
        text = self._text
        while to_statement(text):
            self._statements += 1
            head = text.match(_HEAD)
            kind = head[1].lower() if head is not None else ""
            if kind in ("insert", "replace") and (found := text.match(_INSERT)) is not None:
                self._insert(found)
            elif kind == "copy" and (found := text.match(_COPY)) is not None:
                self._copy(found)
            elif kind == "create":
                self._create()
            elif kind == "alter":
                self._alter()
            else:
                self._other(kind)
        return self._finished()

    def _other(self, kind: str) -> None:
        found = self._text.match(_USE if kind == "use" else _SEARCH) if kind in ("use", "set") else None
        if found is not None:
            self._schema = "" if found[1] == "pg_catalog" else schemas.unquoted(found[1])
        past_statement(self._text, self._backslashes)
        self.made.passed += found is None

    def _create(self) -> None:
        self._heads.clear()
        line = self._text.line()
        of_table = self._text.match(_CREATE_TABLE) is not None
        statement = past_statement(self._text, self._backslashes, keep=of_table)
        table = schemas.create(statement, self._schema) if of_table else None
        if table is None:
            self.made.passed += 1
            return
        if len(table.columns) > _MOST_COLUMNS:
            raise BadData(
                f"{self._path.name}, line {line}: the table {table.name} has {len(table.columns):,} columns; "
                f"at most {_MOST_COLUMNS:,} are read",
                code="data.too-many-columns",
                hint="write one row a thing and one column a property; are rows and columns exchanged?",
            )
        key = table.name.lower()
        if key not in self._stored:
            self._tables[key] = table
        if len(self._tables) > _MOST_TABLES:
            raise BadData(
                f"{self._path.name} makes more than {_MOST_TABLES:,} tables",
                code="data.too-large",
                hint="write a dump of the tables that are wanted",
            )

    def _alter(self) -> None:
        self._heads.clear()
        altered = schemas.alter(past_statement(self._text, self._backslashes, keep=True), self._schema)
        table = self._tables.get(altered.table.lower()) if altered is not None else None
        if altered is None or table is None:
            self.made.passed += 1
            return
        for one in altered.added:
            schemas.constraint(table, one, self._schema)
        if altered.attached is not None:
            self._parts[altered.attached.lower()] = altered.table.lower()

    def _insert(self, found: re.Match[str]) -> None:
        text = self._text
        line = text.line()
        text.at = found.end()
        head = (self._schema, found["table"], found["columns"] or "")
        if head not in self._heads:
            self._heads[head] = self._named(found["table"], found["columns"], line)
        table, places = self._heads[head]
        given = rows(text, self._backslashes)
        if table is None:
            for _ in given:
                pass
        else:
            self._store(table, places, given)
        past_statement(text, self._backslashes)

    def _copy(self, found: re.Match[str]) -> None:
        text = self._text
        line = text.line()
        if re.search(r"(?i)csv|binary|delimiter", found["options"]):
            raise BadData(
                f"{self._path.name}, line {line}: COPY in another format than text",
                code="data.sql",
                hint="write the dump with pg_dump, or export the table as CSV",
            )
        text.at = found.end()
        table, places = self._named(found["table"], found["columns"], line)
        width = len(places) or _width(text)
        if table is None:
            for _ in copied(text, width):
                pass
            return
        self._store(table, places, copied(text, width))

    def _named(self, name: str, columns: str | None, line: int) -> tuple[Table | None, list[int]]:
        """The table of rows, and the place of each of their values; None where its rows are not wanted."""
        whole = schemas.Tokens(name).name() or name
        if whole.lower().rpartition(".")[2].startswith("sqlite_"):
            return None, []
        key = schemas.qualified(whole, self._schema).lower()
        key = self._parts.get(key, key)
        names = [part[0][1] for part in schemas.Tokens(columns or "").group()]
        table = self._tables.get(key)
        if table is None:
            if not names:
                raise BadData(
                    f"{self._path.name}, line {line}: rows of {whole}, of which nothing says the columns",
                    code="data.sql",
                    hint="write the dump with its CREATE TABLE, or with the names of columns in each INSERT",
                )
            table = self._tables[key] = Table(
                schemas.qualified(whole, self._schema), [schemas.Column(one, "") for one in names]
            )
        if not self._wanted(table.name):
            return None, list(range(len(names or table.columns)))
        there = {column.name.lower(): k for k, column in enumerate(table.columns)}
        lacking = [one for one in names if one.lower() not in there]
        if lacking:
            raise BadData(
                f"{self._path.name}, line {line}: rows with a column {lacking[0]!r}, which the table {whole} "
                "does not have",
                code="data.sql",
                hint="the dump is damaged, or of several versions of a database; write it again",
            )
        places = [there[one.lower()] for one in names] or list(range(len(table.columns)))
        return table, places

    def _wanted(self, name: str) -> bool:
        if self._only is None:
            return True
        wanted = self._only.lower()
        return name.lower() == wanted or ("." not in wanted and name.lower().rpartition(".")[2] == wanted)

    def _store(
        self, table: Table, places: list[int], given: Iterator[tuple[list[Value], int] | Broken]
    ) -> None:
        key = table.name.lower()
        if key not in self._stored:
            self._connection.execute(_made(table, self.made.dialect == "sqlite"))
            self._stored.add(key)
            self.made.rows.setdefault(key, 0)
        marks = ", ".join("?" * len(places))
        names = ", ".join(quoted(table.columns[k].name) for k in places)
        insert = f"insert into {quoted(table.name)} ({names}) values ({marks})"
        settled = [
            (k, how)
            for k, place in enumerate(places)
            if (how := settles(table.columns[place].type, self.made.dialect)) is not None
        ]
        if self._pending[1] != insert:
            self._flush()
        batch = self._pending[2]
        self._pending = (key, insert, batch)
        for one in given:
            if isinstance(one, Broken):
                self._broken(one)
                continue
            values = one[0]
            if len(values) != len(places):
                reason = f"{len(values)} values where {len(places)} are expected"
                self._broken(Broken(one[1] or self._text.line(), reason, repr(values)[:400]))
                continue
            for k, how in settled:
                if values[k] is not None:
                    values[k] = how(values[k])
            batch.append(values)
            if len(batch) >= _AT_ONCE:
                self._flush()
                batch = self._pending[2]

    def _flush(self) -> None:
        key, insert, batch = self._pending
        self._pending = (key, insert, [])
        if not batch:
            return
        try:
            self._connection.executemany(insert, batch)
        except (sqlite3.IntegrityError, UnicodeEncodeError, sqlite3.DataError) as error:
            raise BadData(
                f"{self._path.name}, above line {self._text.line()}: a row cannot be taken in: {error}",
                code="data.sql",
                hint="the dump is damaged; write it again",
            ) from error
        self.made.rows[key] += len(batch)

    def _broken(self, one: Broken) -> None:
        self.made.broken.append(BrokenRow(self._path.name, one.line, one.reason, one.text))
        if len(self.made.broken) > _MOST_BROKEN:
            raise BadData(
                f"{self._path.name}: more than {_MOST_BROKEN:,} rows are broken; the first on line "
                f"{self.made.broken[0].line}: {self.made.broken[0].reason}",
                code="data.broken",
                hint="write the dump again with sqlite3's .dump, pg_dump or mysqldump",
            )

    def _finished(self) -> Loaded:
        """Tables under the names that a query uses: without their schema, where that leaves no doubt."""
        self._flush()
        if not self._tables:
            raise BadData(
                f"{self._path.name} holds no tables ({self._statements} statements)",
                code="data.sql",
                hint="name a dump with CREATE TABLE and INSERT or COPY, as sqlite3's .dump, pg_dump and "
                "mysqldump write it",
            )
        bare: dict[str, int] = {}
        for key in self._tables:
            bare[key.rpartition(".")[2]] = bare.get(key.rpartition(".")[2], 0) + 1
        counts, self.made.rows = self.made.rows, {}
        for key, table in self._tables.items():
            if key in self._parts:
                continue
            whole = table.name
            if "." in whole and bare[key.rpartition(".")[2]] == 1:
                table.name = whole.rpartition(".")[2]
            if key not in self._stored:
                self._connection.execute(_made(table, self.made.dialect == "sqlite"))
            elif table.name != whole:
                self._connection.execute(f"alter table {quoted(whole)} rename to {quoted(table.name)}")
            self.made.tables[table.name] = table
            self.made.rows[table.name] = counts.get(key, 0)
        named = {key: table.name for key, table in self._tables.items()}
        for table in self._tables.values():
            table.references = [
                schemas.Reference(one.own, named.get(one.table.lower(), one.table), one.theirs)
                for one in table.references
            ]
        return self.made


_CREATE_TABLE = re.compile(r"(?i)create\s+(?:(?:global|local|temp|temporary|unlogged|foreign)\s+)*table\b")


def _width(text: Text) -> int:
    end = text.held.find("\n", text.at)
    return text.held.count("\t", text.at, end if end >= 0 else len(text.held)) + 1


def _made(table: Table, sqlite: bool) -> str:
    columns = []
    for column in table.columns:
        key = " primary key" if sqlite and table.counted == column.name else ""
        columns.append(f"{quoted(column.name)} {schemas.affinity(column.type, sqlite)}{key}")
    return f"create table {quoted(table.name)} ({', '.join(columns)})"


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
