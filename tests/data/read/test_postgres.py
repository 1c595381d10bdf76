"""PostgreSQL, against a real server that the test starts; skipped where there is none."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import read

# Slow: starting a database server takes some two seconds.
pytestmark = pytest.mark.slow
SECRET = "s3cret-word"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("psycopg")
    tools = shutil.which("initdb")
    if tools is None:
        pytest.skip("there is no PostgreSQL server here (initdb is not found)")
    tools = os.path.realpath(tools) if Path(os.path.realpath(tools)).name == "initdb" else tools
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binaries = found[-1].parent if found else Path(tools).parent
    # The server refuses to run as root; its own user is there where it was installed as a package.
    user = "postgres" if getpass.getuser() == "root" else None
    folder = Path(tempfile.mkdtemp(prefix="mwpg"))
    if user is not None:
        shutil.chown(folder, user)
    (folder / "password").write_text(SECRET)
    (folder / "password").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*words: str) -> None:
        subprocess.run(
            words, check=True, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )

    data = str(folder / "data")
    try:
        call(
            str(binaries / "initdb"), "-D", data, "-U", "reader", "-A", "scram-sha-256", "--no-sync",
            f"--pwfile={folder / 'password'}",
        )  # fmt: skip
        call(
            str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o",
            f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -F", "start",
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip("a PostgreSQL server cannot be started by this user")
    try:
        yield f"postgresql://reader:{SECRET}@127.0.0.1:{port}/postgres"
    finally:
        call(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def people(server: str) -> str:
    import psycopg

    with psycopg.connect(server) as connection:
        connection.execute("create table people (id int, name text, born date, paid numeric(8,2), ok bool)")
        connection.execute("insert into people select g, 'p' || g, date '2000-01-01' + g, g * 1.5, g % 2 = 0 "
                           "from generate_series(1, 5) g")  # fmt: skip
    return server


def test_rows(people: str) -> None:
    made = read(people)
    assert [str(dtype) for dtype in made.frame.dtypes] == ["Int64", "String", "Date", "Float64", "Boolean"]
    assert made.frame["paid"].to_list() == [1.5, 3.0, 4.5, 6.0, 7.5]
    chosen = read(people, "select id from people where name ~ '[34]' and born::text > '1999';")
    assert chosen.frame.rows() == [(3,), (4,)]
    assert SECRET not in str(made.facts)
    assert "reader" not in str(made.facts)


@pytest.mark.parametrize(
    ("change", "query", "says"),
    [
        (("", ""), "select * from poeple", 'relation "poeple" does not exist'),
        (("", ""), "with x as (delete from people returning *) select * from x", "read-only transaction"),
        (("", ""), "select 1; drop table people", "read-only transaction"),
        ((SECRET, "wrong"), "select 1", "password authentication failed"),
        (("/postgres", "/none"), "select 1", 'database "none" does not exist'),
    ],
)
def test_refusals(people: str, change: tuple[str, str], query: str, says: str) -> None:
    source = people.replace(*change) if change[0] else people
    with pytest.raises(BadData) as caught:
        read(source, query)
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "reader" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert read(people, "select count(*) as n from people").frame.rows() == [(5,)]
