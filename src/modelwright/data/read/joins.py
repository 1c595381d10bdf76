"""Joins proposed along the foreign keys of a database: what a row refers to, aggregates of what refers to it.

The proposal is a query to read, to change, and to put into a goal: a person has to say which rows are known
when the prediction is made, and the query says where that matters.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from modelwright.core.errors import BadInput
from modelwright.data.read.database import open_engine
from modelwright.data.read.sql import SqlReader, described

_DEPTH = 3
"""References that are followed from the table on."""
_NUMBERS = ("INTEGER", "BIGINT", "SMALLINT", "NUMERIC", "DECIMAL", "REAL", "FLOAT", "DOUBLE")
_DATES = ("DATE", "DATETIME", "TIMESTAMP", "TIME")


@dataclass(slots=True)
class Proposal:
    """A query over one table and all that it is connected with."""

    table: str
    query: str
    joined: list[str] = field(default_factory=list)
    """Tables that a row refers to, one sentence each."""
    aggregated: list[str] = field(default_factory=list)
    """Tables whose rows refer to a row, one sentence each."""
    later: list[str] = field(default_factory=list)
    """Of these, those that have a time of their own where the row has none: their rows may be from after the
    prediction."""
    before: str = ""
    """The column that says when a row is: of what has a time, only rows from before it are taken."""

    def to_json(self) -> dict[str, Any]:
        return {
            "table": self.table, "query": self.query, "joined": self.joined,
            "aggregated": self.aggregated, "later": self.later, "before": self.before,
        }  # fmt: skip


def propose(source: str, table: str, time: str | None = None) -> Proposal:
    """The query for rows of ``table``. Nothing of its rows is read, and nothing is ever written.

    ``time``: the column that says when a row is; the only date of the table where none is named. Of tables
    whose rows have a time of their own only those from before it are taken.

    Raises :class:`~modelwright.core.errors.BadData` for what is no database, :class:`BadInput` for a table
    that it does not have.
    """
    with _inspected(source) as (inspector, quote, shown):
        tables = sorted(inspector.get_table_names())
        lower = {name.lower(): name for name in tables}
        if table.lower() not in lower:
            near = difflib.get_close_matches(table.lower(), list(lower), 1, 0.5)
            raise BadInput(
                f"{shown} has no table {table!r}",
                code="data.table",
                hint=(f"did you mean {lower[near[0]]}? " if near else "") + f"there are: {', '.join(tables)}",
            )
        return _Builder(inspector, quote, tables).build(lower[table.lower()], time)


class Inspector(Protocol):
    """What tells of the tables of a database: SQLAlchemy's inspector, or the tables of a dump."""

    def get_table_names(self) -> list[str]: ...

    def get_foreign_keys(self, table_name: str) -> Sequence[Any]: ...

    def get_columns(self, table_name: str) -> Sequence[Any]: ...

    def get_pk_constraint(self, table_name: str) -> Any: ...


@contextmanager
def _inspected(source: str) -> Iterator[tuple[Inspector, Callable[[str], str], str]]:
    if SqlReader().suits(source):
        yield described(source)
        return
    from sqlalchemy import inspect

    with open_engine(source) as (connection, shown):
        yield inspect(connection), connection.dialect.identifier_preparer.quote_identifier, shown


class _Builder:
    def __init__(self, inspector: Inspector, quote: Any, tables: Sequence[str]) -> None:
        self._inspector = inspector
        self._quote = quote
        self._tables = tables

    def build(self, table: str, time: str | None) -> Proposal:
        made = Proposal(table, "")
        dates = self._dates(table)
        if time is not None:
            names = {column["name"].lower(): column["name"] for column in self._inspector.get_columns(table)}
            if time.lower() not in names:
                raise BadInput(
                    f"the table {table} has no column {time!r}",
                    code="data.column",
                    hint=f"its dates are {', '.join(dates)}"
                    if dates
                    else f"it has {', '.join(names.values())}",
                )
            made.before = names[time.lower()]
        elif len(dates) == 1:
            made.before = dates[0]
        select = [f"{self._quote('row')}.*"]
        joins: list[str] = []
        self._parents(table, "row", "", (table,), select, joins, made)
        self._children(table, select, joins, made)
        lines = ",\n  ".join(select)
        start = f"from {self._quote(table)} as {self._quote('row')}"
        made.query = "\n".join([f"select {lines}", start, *joins])
        return made

    def _parents(
        self,
        table: str,
        alias: str,
        prefix: str,
        way: tuple[str, ...],
        select: list[str],
        joins: list[str],
        made: Proposal,
    ) -> None:
        """Tables that a row refers to: one row each, so that no row is lost or doubled."""
        q = self._quote
        keys = self._inspector.get_foreign_keys(table)
        referred = [key["referred_table"] for key in keys]
        for key in keys:
            parent, own, theirs = key["referred_table"], key["constrained_columns"], key["referred_columns"]
            if parent in way or len(way) > _DEPTH or parent not in self._tables or not theirs:
                continue
            name = parent if referred.count(parent) == 1 else f"{parent} by {' and '.join(own)}"
            label = f"{prefix}{name}"
            on = " and ".join(
                f"{q(label)}.{q(b)} = {q(alias)}.{q(a)}" for a, b in zip(own, theirs, strict=True)
            )
            joins.append(f"left join {q(parent)} as {q(label)} on {on}")
            made.joined.append(f"{label}: what {' and '.join(own)} of {table} refers to")
            keyed = set(theirs)
            keyed |= {c for k in self._inspector.get_foreign_keys(parent) for c in k["constrained_columns"]}
            for column in self._inspector.get_columns(parent):
                if column["name"] not in keyed:
                    named = q(label + "." + column["name"])
                    select.append(f"{q(label)}.{q(column['name'])} as {named}")
            self._parents(parent, label, f"{label}.", (*way, parent), select, joins, made)

    def _children(self, table: str, select: list[str], joins: list[str], made: Proposal) -> None:
        """Tables whose rows refer to a row: how many there are, and sums and means of their numbers."""
        q = self._quote
        for child in self._tables:
            for key in self._inspector.get_foreign_keys(child):
                own, theirs = key["constrained_columns"], key["referred_columns"]
                if key["referred_table"] != table or child == table or not theirs:
                    continue
                columns = self._inspector.get_columns(child)
                keyed = set(self._inspector.get_pk_constraint(child).get("constrained_columns") or ())
                keyed |= {
                    c for k in self._inspector.get_foreign_keys(child) for c in k["constrained_columns"]
                }
                several = (
                    sum(k["referred_table"] == table for k in self._inspector.get_foreign_keys(child)) > 1
                )
                label = f"{child} by {' and '.join(own)}" if several else child
                inner = [*(f"{q('of')}.{q(name)}" for name in own), f"count(*) as {q('count')}"]
                select.append(f"coalesce({q(label)}.{q('count')}, 0) as {q(label + '.count')}")
                for column in columns:
                    kind = str(column["type"]).upper()
                    if column["name"] in keyed or not kind.startswith(_NUMBERS):
                        continue
                    for what, function in (("sum", "sum"), ("mean", "avg")):
                        name = f"{column['name']}.{what}"
                        inner.append(f"{function}({q('of')}.{q(column['name'])}) as {q(name)}")
                        select.append(f"{q(label)}.{q(name)} as {q(label + '.' + name)}")
                on = " and ".join(
                    f"{q(label)}.{q(a)} = {q('row')}.{q(b)}" for a, b in zip(own, theirs, strict=True)
                )
                grouped = ", ".join(f"{q('of')}.{q(name)}" for name in own)
                dates = self._dates(child)
                start = f"{q(child)} as {q('of')}"
                if made.before and dates:
                    start = self._from_before(child, table, own, theirs, dates, made.before)
                rows = f"select {', '.join(inner)} from {start} group by {grouped}"
                joins.append(f"left join ({rows}) as {q(label)} on {on}")
                since = f", of what is from before {made.before}" if made.before and dates else ""
                made.aggregated.append(
                    f"{label}: its rows by {' and '.join(own)}: count, sums and means{since}"
                )
                if dates and not made.before:
                    made.later.append(label)

    def _dates(self, table: str) -> list[str]:
        columns = self._inspector.get_columns(table)
        return [c["name"] for c in columns if str(c["type"]).upper().startswith(_DATES)]

    def _from_before(
        self, child: str, table: str, own: list[str], theirs: list[str], dates: list[str], time: str
    ) -> str:
        """The rows of a table all of whose dates are from before the time of the row that they refer to."""
        q = self._quote
        on = " and ".join(f"{q('of')}.{q(a)} = {q('at')}.{q(b)}" for a, b in zip(own, theirs, strict=True))
        first = f"{q('of')}.{q(dates[0])} < {q('at')}.{q(time)}"
        others = [
            f"({q('of')}.{q(name)} is null or {q('of')}.{q(name)} < {q('at')}.{q(time)})"
            for name in dates[1:]
        ]
        known = " and ".join([first, *others])
        return f"{q(child)} as {q('of')} join {q(table)} as {q('at')} on {on} where {known}"
