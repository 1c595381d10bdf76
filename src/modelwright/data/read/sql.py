"""SQL dumps of SQLite, PostgreSQL and MySQL: ``dump.sql#table`` names a table, a query joins several."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadData
from modelwright.data.dumps import load
from modelwright.data.dumps.load import Loaded, loaded, quoted
from modelwright.data.dumps.schema import affinity
from modelwright.data.read.database import DatabaseReader
from modelwright.data.read.reader import Read
from modelwright.data.read.source import digest, existing, exists, modified, opened, plain_suffix

SUFFIXES = (".sql", ".dump", ".pgsql")
_TITLES = {
    "sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "standard": "SQL (no program named)",
}  # fmt: skip


class SqlReader:
    """The rows of a table of a dump, or of a query over its tables. Nothing of a dump is ever executed."""

    name = "sql"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(parted(source)[0]) in SUFFIXES

    def read(self, source: str, query: str | None = None) -> Read:
        file, wanted = parted(source)
        path = existing(file)
        refuse_archive(path)
        if query and wanted:
            raise BadData(
                f"the source names the table {wanted!r} of {path.name}, and the goal has a query",
                code="data.query",
                hint=f"leave out one of them: the query can name any table of {path.name}",
            )
        with loaded(path, wanted) as (made, found):
            if query is None:
                wanted = _table(found, wanted, path.name)
                query = f"select * from {quoted(wanted)}"
            part = DatabaseReader().rows(str(made), query, path.name)
        facts = replace(
            part.facts,
            name=f"{path.name}#{wanted}" if wanted else part.facts.name,
            format="sql",
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
            details={
                "dump of": _TITLES[found.dialect],
                "tables": ", ".join(found.tables),
                **({"table": wanted} if wanted else {"query": query}),
            },
        )
        notes = list(part.notes)
        others = [f"{name} ({found.rows[name]:,} rows)" for name in found.tables if name != wanted]
        if wanted and others and not parted(source)[1]:
            notes.append(f"The table {wanted} was read; there are also {', '.join(others[:20])}.")
        return replace(part, facts=facts, quarantine=tuple(found.broken), notes=tuple(notes))


class _Inspected:
    """The tables of a dump, told as SQLAlchemy's inspector tells them."""

    def __init__(self, found: Loaded) -> None:
        self._found = found

    def get_table_names(self) -> list[str]:
        return list(self._found.tables)

    def get_foreign_keys(self, table_name: str) -> list[dict[str, Any]]:
        made = []
        for one in self._found.tables[table_name].references:
            theirs = one.theirs
            if not theirs and one.table in self._found.tables:
                theirs = self._found.tables[one.table].primary
            if len(theirs) == len(one.own):
                made.append(
                    {
                        "referred_table": one.table,
                        "constrained_columns": list(one.own),
                        "referred_columns": list(theirs),
                    }
                )
        return made

    def get_columns(self, table_name: str) -> list[dict[str, Any]]:
        return [
            {"name": column.name, "type": affinity(column.type, sqlite=False)}
            for column in self._found.tables[table_name].columns
        ]

    def get_pk_constraint(self, table_name: str) -> dict[str, Any]:
        return {"constrained_columns": list(self._found.tables[table_name].primary)}


def described(source: str) -> tuple[_Inspected, Callable[[str], str], str]:
    """The tables of a dump, how their names are quoted, and its name. No row is taken in."""
    path = existing(parted(source)[0])
    refuse_archive(path)
    return _Inspected(load.described(path)), quoted, path.name


def parted(source: str) -> tuple[str, str | None]:
    """Path and table; a file whose own name holds ``#`` is taken whole."""
    if "#" in source and not exists(source):
        file, _, table = source.rpartition("#")
        return file, table
    return source, None


def refuse_archive(path: Path) -> None:
    """Raises :class:`BadData` for pg_dump's own format, which only pg_restore reads."""
    with opened(path) as file:
        head = file.read(5)
    if head == b"PGDMP":
        raise BadData(
            f"{path.name} is a dump in pg_dump's own format, and not SQL",
            code="data.sql",
            hint=f"turn it into SQL: pg_restore --file={path.stem}.sql {path.name}",
        )


def _table(found: Loaded, wanted: str | None, name: str) -> str:
    """The table to read: the one that is named, or the only one with rows."""
    listed = ", ".join(list(found.tables)[:20]) + (", ..." if len(found.tables) > 20 else "")
    if wanted is not None:
        lower = {one.lower(): one for one in found.tables}
        exact = lower.get(wanted.lower()) or lower.get(wanted.lower().rpartition(".")[2])
        if exact is None:
            near = difflib.get_close_matches(wanted.lower(), list(lower), 1, 0.5)
            raise BadData(
                f"{name} has no table {wanted!r}",
                code="data.table",
                hint=(f"did you mean {name}#{lower[near[0]]}? " if near else "")
                + f"the tables are: {listed}",
            )
        return exact
    filled = [one for one in found.tables if found.rows[one]]
    if len(filled) == 1:
        return filled[0]
    if not filled and found.broken:
        first = found.broken[0]
        raise BadData(
            f"{name} has no sound row; the first broken one is on line {first.line}: {first.reason}",
            code="data.no-rows",
            hint="write the dump again; is it cut short?",
        )
    if not filled:
        raise BadData(
            f"{name} makes {len(found.tables)} tables, and holds no rows of them",
            code="data.no-rows",
            hint="write a dump with its data",
        )
    raise BadData(
        f"{name} has {len(filled)} tables with rows, and the goal names none",
        code="data.query-missing",
        hint=f"name one, as in {name}#{filled[0]}, or add `query: select * from ...` to data; the tables "
        f"are: {listed}",
    )
