"""Databases that hang, or go away in the middle."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import database, read
from modelwright.goal.sections import ReadingSection

FOREVER = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) as c from n"


def test_sqlite_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table t (id integer)")
    connection.close()
    with pytest.raises(BadData, match=r"a.sqlite gave no answer within 0.2 s") as caught:
        read(str(path), FOREVER, ReadingSection(wait=0.2))
    assert "reading: {wait: 1h}" in caught.value.hint


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.slow  # libpq waits for two seconds at the least.
def test_a_server_that_never_speaks(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setattr(database, "_CONNECT_SECONDS", 2)
    with pytest.raises(BadData, match=r"refuses the connection: .*timeout"):
        read(f"postgresql://reader:s3cret@127.0.0.1:{silent}/postgres", "select 1")


@pytest.mark.slow  # Starting a database server takes some two seconds.
def test_postgres_that_hangs_freezes_and_goes(postgres: Any) -> None:
    import psycopg

    with pytest.raises(BadData, match=r"gave no answer within 0.5 s"):
        read(postgres.url, "select pg_sleep(60)", ReadingSection(wait=0.5))
    assert read(postgres.url, "select 1 as n").frame.rows() == [(1,)]

    def backend() -> int:
        """The process that serves the slow query, once it is there."""
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            while True:
                found = connection.execute(
                    "select pid from pg_stat_activity where state = 'active' "
                    "and query like 'select 7, pg_sleep%'"
                ).fetchone()
                if found is not None:
                    return int(found[0])
                time.sleep(0.02)

    def freeze() -> None:
        pids.append(backend())
        os.kill(pids[0], signal.SIGSTOP)

    pids: list[int] = []
    thread = threading.Thread(target=freeze)
    thread.start()
    try:
        with pytest.raises(BadData, match=r"gave no answer within 3 s"):
            read(postgres.url, "select 7, pg_sleep(1)", ReadingSection(wait=3.0))
    finally:
        thread.join()
        os.kill(pids[0], signal.SIGCONT)

    thread = threading.Thread(target=lambda: (backend(), postgres.stop()))
    thread.start()
    try:
        with pytest.raises(BadData, match=r"went away while it was read") as caught:
            read(postgres.url, "select 7, pg_sleep(60)")
    finally:
        thread.join()
        postgres.start()
    assert "s3cret" not in str(caught.value)
    assert read(postgres.url, "select 1 as n").frame.rows() == [(1,)]


@pytest.mark.slow  # SQLite itself waits 5 s for the lock
def test_sqlite_that_another_program_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("create table t (id integer)")
    holder.execute("pragma locking_mode=exclusive")
    holder.execute("begin exclusive")
    with pytest.raises(BadData, match=r"a\.sqlite cannot be read: database is locked") as caught:
        read(str(path), "select * from t")
    holder.close()
    assert "another program is writing to it" in caught.value.hint


def test_a_table_named_as_in_a_dump(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.sqlite")
    connection.execute("create table t (id integer)")
    connection.close()
    with pytest.raises(BadData, match=r"there is no file a\.sqlite#t") as caught:
        read(str(tmp_path / "a.sqlite#t"))
    assert caught.value.hint.startswith(
        "a.sqlite is a database: leave out #t, and write `query: select * from t`"
    )
