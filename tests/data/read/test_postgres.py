"""PostgreSQL, against a real server (tests/conftest.py starts it); skipped where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import read

# Slow: starting a database server takes some two seconds.
pytestmark = pytest.mark.slow
SECRET = "s3cret-word"


@pytest.fixture(scope="module")
def people(postgres: Any) -> str:
    import psycopg

    server = str(postgres.url)
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
