"""The log of one live model in its database: SQLite by itself, PostgreSQL for a team.

Every entry of a model has a number, in the order of insertion. Whoever writes holds the model's row (SQLite:
the database) from before the numbers are given until the transaction has ended; so a number that can be read
means that all smaller ones can be read too, and a reader that goes on ``after`` the last one it saw skips
nothing, with several writers as well. (A sequence of PostgreSQL would not do: its numbers are given before
the commit, and become visible in any order.) Numbers may be missing; they never come twice.

How much of a segment of the journal has arrived is written in the same transaction as its entries: a writer
that is killed at any point has moved all of a batch or none of it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.live.entries import Entry, Failure, Feedback, Prediction
from modelwright.live.log import delete, engine, tables, traffic
from modelwright.live.log.engine import LogDown
from modelwright.live.log.lines import encode_line, parse

__all__ = ["LogDatabase", "LogDown"]

_PAGE: Final = 5000
_CREATING: Final = 7_305_921_645_113
"""Of PostgreSQL's advisory locks, the one that is held while tables are made."""
_SKEW: Final = 3600 * 10**6
"""Clocks of two machines may differ by so much (microseconds): an outcome is not expected before its
prediction."""


class LogDatabase:
    """Opened when first used; its tables are made then. Every method raises :class:`LogDown` when the
    database cannot be reached, and works again when it can. May be used from several threads.

    ``url``: as ``settings.database_url`` gives it. It says which model's rows are meant, where several models
    share a database; ``model`` overrides that.
    """

    def __init__(self, url: str, model: str | None = None) -> None:
        self._url, named = engine.address(url)
        self.model = named if model is None else model
        self.name = engine.shown(self._url)
        """The address without anything secret."""
        self._engine: sa.Engine | None = None
        self._id: int | None = None
        self._file: tuple[int, int] | None = None
        self._setting_up = threading.Lock()
        mark = "?" if self._url.get_backend_name() == "sqlite" else "%s"
        # Written out: rows pass to the driver as they are, several times faster than through SQLAlchemy.
        self._inserts = {
            kind: f"INSERT INTO {table.name} ({', '.join(c.name for c in table.c)}) "
            f"VALUES ({', '.join([mark] * len(table.c))}) ON CONFLICT DO NOTHING"
            for kind, table in tables.TABLES.items()
        }

    def __repr__(self) -> str:
        return f"LogDatabase({self.name!r})"

    # --- writing ------------------------------------------------------------------------------------------

    def add(self, entries: Sequence[Entry], *, segment: str, upto: int, start: int | None = None) -> bool:
        """Store entries of a journal's segment that end at byte ``upto``, and that they have arrived, in one
        transaction.

        Nothing is done, and False returned, where the segment has arrived as far already, or (with ``start``)
        not exactly as far as ``start``. Predictions whose id is known already are passed over.
        """
        return self.add_lines([encode_line(entry) for entry in entries], segment, upto, start=start)[0]

    def add_lines(
        self, lines: Sequence[bytes], segment: str, upto: int, *, start: int | None = None, torn: int = 0
    ) -> tuple[bool, int]:
        """As :meth:`add`, from the journal's lines: whether it was done, and how many entries were read.

        Lines that cannot be read are counted with ``torn`` more, as ``unreadable``.
        """
        rows: dict[str, list[tuple[int, tuple[Any, ...]]]] = {kind: [] for kind in tables.TABLES}
        read = 0
        for line in lines:
            try:
                said = parse(line)
                row = tables.row_of(line, said)
            except ValueError:
                torn += bool(line.strip())
                continue
            read += 1
            rows[said["kind"]].append((read, row))
        with self._writing() as (connection, model, last):
            s = tables.segments.c
            at = (s.model == model) & (s.segment == segment)
            old = connection.execute(sa.select(s.upto, s.request, s.shadowed).where(at)).first()
            done, request, shadowed = old or (0, "", "")
            if upto <= done or (start is not None and start != done):
                return False, 0
            tallies = traffic.Tallies(request, shadowed)
            self._insert(connection, model, last, rows, tallies)
            tallies.store(connection, model)
            state = {"upto": upto, "request": tallies.request, "shadowed": tallies.shadowed}
            if old is None:
                key = {"model": model, "segment": segment}
                connection.execute(sa.insert(tables.segments).values({**key, **state}))
            else:
                connection.execute(sa.update(tables.segments).where(at).values(state))
            m = tables.models.c
            change: dict[Any, Any] = {m.last: last + read, m.unreadable: m.unreadable + torn}
            connection.execute(sa.update(tables.models).where(m.id == model).values(change))
        return True, read

    def _insert(
        self,
        connection: sa.Connection,
        model: int,
        last: int,
        rows: dict[str, list[tuple[int, tuple[Any, ...]]]],
        tallies: traffic.Tallies,
    ) -> None:
        for kind, found in rows.items():
            if not found:
                continue
            made = connection.exec_driver_sql(
                self._inserts[kind], [(model, last + i, *row) for i, row in found]
            )
            if kind == "feedback":
                for _, row in found:
                    tallies.feedback(row)
            elif kind == "failure":
                for _, row in found:
                    tallies.failure(row)
            elif made.rowcount == len(found):
                for _, row in found:
                    tallies.prediction(row)
            else:  # some were known: they are not counted again
                p = tables.predictions.c
                new = set(connection.scalars(sa.select(p.n).where(p.model == model, p.n > last)))
                for i, row in found:
                    tallies.prediction(row, counted=last + i in new)

    def offset(self, segment: str) -> int:
        """Bytes of the segment that have arrived."""
        s = tables.segments.c
        with self._reading() as (connection, model):
            query = sa.select(s.upto).where(s.model == model, s.segment == segment)
            return connection.scalar(query) or 0

    def settle(self) -> None:
        """Bring what has arrived to the disk; only then may its journal be removed."""
        with self._reading():
            engine.settle(self._url)

    def end_segment(self, segment: str) -> None:
        """The segment's file is gone: its offset is of no more use."""
        with self._writing() as (connection, model, _):
            s = tables.segments.c
            connection.execute(sa.delete(tables.segments).where(s.model == model, s.segment == segment))

    def delete_before(self, at: int, *, seconds: float | None = None) -> int:
        """Delete predictions older than ``at`` with their feedback, and feedback, failures and counts as old,
        a thousand at a time. Returns how many entries went. ``seconds``: go on another time after so long."""
        return delete.before(self._writing, self._swept, at, seconds)

    def forget(self, column: str, values: Collection[str | float | None]) -> list[str]:
        """Delete the predictions whose logged input ``column`` is one of ``values``, with their feedback (see
        ``retention.forget``, which knows what is logged of a value). Returns the ids, as they were given, of
        the predictions that went; that of a shadow's is its answer's."""
        return delete.person(self._reading, self._writing, self._swept, column, values)

    def _swept(self) -> None:
        """After deleting: SQLite's side file still has the old pages, until it is emptied."""
        if engine.file_of(self._url) is not None:
            with self._reading() as (connection, _):
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    # --- reading ------------------------------------------------------------------------------------------

    def predictions(
        self,
        *,
        after: int = 0,
        limit: int = 10_000,
        version: str | None = None,
        role: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[tuple[int, Prediction]]:
        """In the order of insertion, each with its number: those with a greater number than ``after``, made
        at ``since`` or later and before ``until`` (microseconds)."""
        p = tables.predictions.c
        query = _when(sa.select(tables.predictions), p.at, since, until)
        if version is not None:
            query = query.where(p.version == version)
        if role is not None:
            query = query.where(p.role == role)
        return [(row[1], tables.prediction_of(row)) for row in self._page(query, p, after, limit)]

    def feedback(
        self, *, after: int = 0, limit: int = 10_000, since: int | None = None, until: int | None = None
    ) -> list[tuple[int, Feedback]]:
        """As :meth:`predictions`."""
        f = tables.feedback.c
        query = _when(sa.select(tables.feedback), f.at, since, until)
        return [(row[1], tables.feedback_of(row)) for row in self._page(query, f, after, limit)]

    def failures(
        self, *, after: int = 0, limit: int = 10_000, since: int | None = None, until: int | None = None
    ) -> list[tuple[int, Failure]]:
        """As :meth:`predictions`."""
        f = tables.failures.c
        query = _when(sa.select(tables.failures), f.at, since, until)
        return [(row[1], tables.failure_of(row)) for row in self._page(query, f, after, limit)]

    def _page(self, query: sa.Select[Any], columns: Any, after: int, limit: int) -> Sequence[Any]:
        with self._reading() as (connection, model):
            query = query.where(columns.model == model, columns.n > after).order_by(columns.n).limit(limit)
            return connection.execute(query).all()

    def labelled(
        self,
        *,
        version: str | None = None,
        role: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
    ) -> Iterator[tuple[Prediction, Feedback]]:
        """Predictions with their last feedback, in the order in which that arrived; shadows' with that of the
        answer which the client saw. ``since``, ``until``: of the prediction. With ``limit``, the newest.

        Reads a page at a time: memory stays flat, and what arrives meanwhile may be met.
        """
        p, f, g = tables.predictions.c, tables.feedback.c, tables.feedback.alias("g").c
        later = sa.or_(g.at > f.at, sa.and_(g.at == f.at, g.n > f.n))
        again = sa.exists().where(g.model == f.model, g.prediction == f.prediction, later)
        # Sums keep SQLite from walking through all predictions of a time: feedback is the smaller side.
        query = _when(sa.select(tables.feedback, tables.predictions), p.at + 0, since, until)
        query = query.where(p.model == f.model, p.given == f.prediction, ~again)
        if since is not None:
            query = query.where(f.at >= since - _SKEW)
        if version is not None:
            query = query.where(p.version == version)
        if role is not None:
            query = query.where(p.role == role)
        split = len(tables.feedback.c)
        with self._reading() as (connection, model):
            query = query.where(f.model == model)
            if limit is not None:
                newest = query.order_by(f.n.desc(), p.shadow.desc()).limit(limit)
                rows: Sequence[Any] = connection.execute(newest).all()[::-1]
        if limit is not None:
            yield from ((tables.prediction_of(r[split:]), tables.feedback_of(r[:split])) for r in rows)
            return
        after, whole = 0, True
        while True:
            # An outcome has two rows at most: the answer's and, after it, the shadow's.
            rest = f.n > after if whole else sa.or_(f.n > after, sa.and_(f.n == after, p.shadow))
            with self._reading() as (connection, _):
                page = query.where(f.n >= after, rest).order_by(f.n, p.shadow).limit(_PAGE)
                rows = connection.execute(page).all()
            yield from ((tables.prediction_of(r[split:]), tables.feedback_of(r[:split])) for r in rows)
            if len(rows) < _PAGE:
                return
            after, whole = rows[-1][1], rows[-1][split + 4]

    def get(self, id: str) -> Prediction | None:  # noqa: A002
        return self.get_many([id]).get(id)

    def get_many(self, ids: Collection[str]) -> dict[str, Prediction]:
        """Those of the predictions that are there, by id."""
        p = tables.predictions.c
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Prediction] = {}
        with self._reading() as (connection, model):
            for at in range(0, len(wanted), 500):
                given = {name.removesuffix(tables.SHADOW) for name in wanted[at : at + 500]}
                query = sa.select(tables.predictions).where(p.model == model, p.given.in_(sorted(given)))
                for row in connection.execute(query):
                    made = tables.prediction_of(row)
                    found[made.id] = made
        return {name: found[name] for name in wanted if name in found}

    def last(self) -> int:
        """The greatest number that was given; all entries up to it can be read."""
        m = tables.models.c
        with self._reading() as (connection, model):
            return connection.scalar(sa.select(m.last).where(m.id == model)) or 0

    def first_feedback(self, ids: Collection[str]) -> dict[str, int]:
        """The number of the first feedback that is there for each of these predictions."""
        f = tables.feedback.c
        wanted = list(dict.fromkeys(ids))
        found: dict[str, int] = {}
        with self._reading() as (connection, model):
            for at in range(0, len(wanted), 500):
                query = sa.select(f.prediction, sa.func.min(f.n))
                query = query.where(f.model == model, f.prediction.in_(wanted[at : at + 500]))
                found.update((row[0], row[1]) for row in connection.execute(query.group_by(f.prediction)))
        return found

    def counts(self, *, since: int = 0) -> dict[str, Any]:
        """Totals from the minute of ``since`` on: ``rows``, ``requests``, ``p50``, ``p95``, ``p99``
        (microseconds; off by 2.2% at most), ``abstained``, ``warned``, ``failures``, ``feedback``,
        ``shadow_rows``, ``versions`` (rows, requests and percentiles of each, shadows included);
        ``unreadable`` (lines of journals, ever); ``first`` and ``last`` (time of any prediction, or None)."""
        p, m = tables.predictions.c, tables.models.c
        with self._reading() as (connection, model):
            kept = traffic.stored(connection, model, since)
            torn = connection.scalar(sa.select(m.unreadable).where(m.id == model))
            first = connection.scalar(sa.select(sa.func.min(p.at)).where(p.model == model))
            last = connection.scalar(sa.select(sa.func.max(p.at)).where(p.model == model))
        return {**traffic.totals(kept), "unreadable": torn or 0, "first": first, "last": last}

    def traffic(self, *, since: int, bucket: int) -> list[dict[str, Any]]:
        """By ``bucket`` (microseconds, whole minutes) of time from ``since`` on, where there was any: ``at``,
        and what :meth:`counts` says of requests, failures, latencies and versions."""
        with self._reading() as (connection, model):
            kept = traffic.stored(connection, model, since)
        return traffic.by_time(kept, bucket)

    # --- connections --------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of all connections; the next use opens new ones."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._id = self._file = None

    @contextmanager
    def _reading(self) -> Iterator[tuple[sa.Connection, int]]:
        with engine.told(self._url), self._ready() as connection:
            assert self._id is not None
            yield connection, self._id

    @contextmanager
    def _writing(self) -> Iterator[tuple[sa.Connection, int, int]]:
        """A transaction that alone may add entries of the model; connection, model, last number given."""
        with engine.told(self._url), self._ready() as connection:
            m = tables.models.c
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{engine.PATIENCE}s'")
            query = sa.select(m.last).where(m.id == self._id).with_for_update()
            last = connection.scalar(query)
            if last is None:  # somebody emptied the tables
                self._id = None
                raise LogDown(
                    f"the log's database {self.name} has been emptied",
                    code="live.log-down",
                    hint="it is set up anew at the next attempt",
                )
            assert self._id is not None
            yield connection, self._id, last
            connection.commit()

    @contextmanager
    def _ready(self) -> Iterator[sa.Connection]:
        """A connection to a database that has our tables."""
        with self._setting_up:
            path = engine.file_of(self._url)
            if path is not None:
                status = engine.private(path)
                if self._file != (status.st_dev, status.st_ino):  # new, or replaced under us
                    self.close()
                    self._file = (status.st_dev, status.st_ino)
            if self._engine is None:
                self._engine = engine.connect(self._url)
            made = self._engine
        with made.connect() as connection:
            if self._id is None:
                with self._setting_up:
                    self._id = self._prepare(connection)
            try:
                yield connection
            except sa.exc.ProgrammingError:
                self._id = None  # such as a table that was dropped
                raise

    def _prepare(self, connection: sa.Connection) -> int:
        """Make what is not there; the model's number."""
        lite = connection.dialect.name == "sqlite"
        lock = "BEGIN IMMEDIATE" if lite else f"SELECT pg_advisory_xact_lock({_CREATING})"
        connection.exec_driver_sql(lock)
        tables.meta.create_all(connection)
        version = connection.scalar(sa.select(tables.log.c.version))
        if version is None:
            connection.execute(sa.insert(tables.log).values(version=tables.VERSION))
        elif version > tables.VERSION:
            raise BadInput(
                f"the log's database {self.name} was made by a later modelwright (schema {version})",
                code="live.database-version",
                hint="update modelwright, or name another database",
            )
        m = tables.models.c
        model = connection.scalar(sa.select(m.id).where(m.name == self.model))
        if model is None:
            values = {"name": self.model, "last": 0, "unreadable": 0}
            made = connection.execute(sa.insert(tables.models).values(values))
            assert made.inserted_primary_key is not None
            model = made.inserted_primary_key[0]
        connection.commit()
        return int(model)


def _when(query: sa.Select[Any], column: Any, since: int | None, until: int | None) -> sa.Select[Any]:
    if since is not None:
        query = query.where(column >= since)
    return query if until is None else query.where(column < until)
