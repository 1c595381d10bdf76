"""The database of the log: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import modelwright.live.settings as live_settings
from modelwright.core.errors import BadInput
from modelwright.live.entries import Failure, Feedback, Prediction
from modelwright.live.log.database import LogDatabase, LogDown
from modelwright.live.log.outcomes import by_time
from modelwright.live.log.traffic import MINUTE
from modelwright.live.place import Place

Make = Callable[..., Prediction]
Outcome = Callable[..., Feedback]
Databases = Callable[..., LogDatabase]
HOUR = 60 * MINUTE


def test_what_is_added_is_read(database: LogDatabase, prediction: Make, outcome: Outcome) -> None:
    entries = [
        prediction("a", warnings=("unknown-category:job",), key="k1", abstained=True),
        prediction(
            "b", prediction=2.5, probabilities=None, low=-1.5, high=1e300, version="v2", role="canary"
        ),
        prediction("a.s", role="shadow", version="v3"),
        prediction("z", inputs={}, prediction=math.inf),
        outcome("a"),
        outcome("b", 2.75),
        Failure(5, 422, "invalid-input", 99, {"missing": 2}),
    ]
    assert database.add(entries, segment="s-1-1.jsonl", upto=10)
    last = database.predictions()[3]
    assert last[0] == 4
    assert isinstance(last[1].prediction, float)
    assert math.isnan(last[1].prediction)
    assert database.predictions(limit=3) == list(zip((1, 2, 3), entries, strict=False))
    assert database.feedback() == [(5, entries[4]), (6, entries[5])]
    assert database.failures() == [(7, entries[6])]
    assert database.offset("s-1-1.jsonl") == 10
    assert database.offset("other") == 0
    assert database.get("a") == entries[0]
    assert database.get("a.s") == entries[2]
    assert database.get("none") is None
    assert list(database.get_many(["b", "x", "a.s", "b"])) == ["b", "a.s"]


def test_reading_goes_on_after_a_number_and_within_times(database: LogDatabase, prediction: Make) -> None:
    rows = [prediction(f"p{i}", at=1000 + i, version=f"v{i % 2}") for i in range(10)]
    database.add(rows, segment="s", upto=1)
    assert [n for n, _ in database.predictions(after=7)] == [8, 9, 10]
    assert [n for n, _ in database.predictions(after=2, limit=2)] == [3, 4]
    assert [p.id for _, p in database.predictions(version="v1", since=1003, until=1008)] == ["p3", "p5", "p7"]
    assert database.predictions(role="shadow") == []
    assert database.feedback(after=3) == database.failures(since=3, until=4) == []


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_stored(database: LogDatabase, prediction: Make, data: Any) -> None:
    text = st.text(st.characters() | st.sampled_from("\x00\ud83d'\"%\\:?"), max_size=20)
    said = data.draw(st.dictionaries(text, st.none() | text | st.integers() | st.booleans(), max_size=4))
    number = len(database.predictions(limit=1000))
    row = prediction(f"{number}", inputs=said, prediction=data.draw(text), key=data.draw(text))
    segment = data.draw(text)
    assert database.add([row], segment=f"{number}{segment!a}", upto=1)
    kept = database.get(row.id)
    assert kept is not None
    assert kept.inputs == said
    plain = str(row.prediction).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    assert kept.prediction == plain


def test_a_batch_arrives_once(database: LogDatabase, prediction: Make, outcome: Outcome) -> None:
    batch = [prediction("a"), outcome("a")]
    assert database.add(batch, segment="s", upto=100)
    assert not database.add(batch, segment="s", upto=100)
    assert not database.add(batch, segment="s", upto=150, start=50)
    assert database.add([outcome("a", "yes")], segment="s", upto=150, start=100)
    # Under another segment an id that is known is passed over, and not counted again.
    assert database.add([prediction("a", version="v9"), prediction("b")], segment="t", upto=7)
    assert [p.id for _, p in database.predictions()] == ["a", "b"]
    assert database.get("a") == batch[0]
    assert [f.outcome for _, f in database.feedback()] == ["no", "yes"]
    counts = database.counts()
    assert (counts["rows"], counts["feedback"], sorted(counts["versions"])) == (2, 2, ["v1"])


def test_last_feedback_counts(database: LogDatabase, prediction: Make, outcome: Outcome) -> None:
    database.add(
        [
            prediction("a", at=10),
            prediction("a.s", at=10, role="shadow", version="v2"),
            prediction("b", at=20),
            prediction("c", at=30),
            outcome("b", "first", at=50),
            outcome("a", "later", at=90),
            outcome("a", "earlier", at=40),  # through another worker's journal
            outcome("b", "same time", at=50),
            outcome("nobody", "x"),
        ],
        segment="s",
        upto=1,
    )
    pairs = [(p.id, f.outcome) for p, f in database.labelled()]
    assert pairs == [("a", "later"), ("a.s", "later"), ("b", "same time")]
    assert [p.id for p, _ in database.labelled(limit=2)] == ["a.s", "b"]
    assert [p.id for p, _ in database.labelled(version="v2")] == ["a.s"]
    assert [p.id for p, _ in database.labelled(role="champion", since=11, until=31)] == ["b"]


def test_labelled_rows_are_read_page_by_page(
    database: LogDatabase, prediction: Make, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{i:03}" for i in range(50)]
    rows = [row for name in names for row in (prediction(name), prediction(f"{name}.s", role="shadow"))]
    database.add([*rows, *(outcome(name) for name in names)], segment="s", upto=1)
    for page in (1, 2, 3, 7, 100, 200):
        monkeypatch.setattr("modelwright.live.log.database._PAGE", page)
        found = [p.id for p, _ in database.labelled()]
        assert found == [row.id for row in rows]


def test_counts_and_percentiles(database: LogDatabase, prediction: Make, outcome: Outcome) -> None:
    rng = np.random.default_rng(7)
    start = 1_700_000_000_000_000 // HOUR * HOUR
    micros = np.exp(rng.normal(7, 1, 3000)).astype(int) + 1
    rows = [
        prediction(f"p{i}", at=start + i * 3_000_000, micros=int(m), version=f"v{1 + (i >= 2000)}")
        for i, m in enumerate(micros)
    ]
    # One request with many rows counts once, also when it comes in two batches, and its shadow by itself.
    many = [prediction(f"m{i}", at=start, request="many", micros=10**9, version="v8") for i in range(20)]
    shadows = [replace(p, id=p.id + ".s", role="shadow", version="v9") for p in many]
    mixed = [row for pair in zip(many, shadows, strict=True) for row in pair]
    database.add(rows[:1500] + mixed[:17], segment="s", upto=1)
    database.add(mixed[17:] + rows[1500:] + [outcome()], segment="s", upto=2)
    database.add([Failure(start + 1, 503, "overloaded", 70)] * 3, segment="t", upto=1)
    counts = database.counts()
    assert (counts["rows"], counts["requests"], counts["failures"]) == (3020, 3001, 3)
    assert (counts["feedback"], counts["shadow_rows"], counts["abstained"]) == (1, 20, 0)
    assert counts["versions"]["v8"]["requests"] == counts["versions"]["v9"]["requests"] == 1
    assert counts["versions"]["v8"]["p50"] == pytest.approx(10**9, rel=0.022)
    assert counts["versions"]["v1"]["rows"] == 2000
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        exact = np.quantile([*micros, 10**9], share, method="inverted_cdf")
        assert counts[name] == pytest.approx(exact, rel=0.022)
    assert (counts["first"], counts["last"]) == (start, rows[-1].at)
    later = database.counts(since=rows[2000].at)
    assert 1000 <= later["requests"] <= 1020  # from the minute on
    hours = database.traffic(since=start, bucket=HOUR)
    assert [part["at"] for part in hours[:3]] == [start, start + HOUR, start + 2 * HOUR]
    assert [part["rows"] for part in hours[:3]] == [1220, 1200, 600]
    assert [part["failures"] for part in hours[:3]] == [3, 0, 0]
    assert sorted(hours[1]["versions"]) == ["v1", "v2"]
    with pytest.raises(ValueError, match="whole minutes, in microseconds"):
        database.traffic(since=start, bucket=3600)


def test_withheld_answers_count_with_the_class_that_they_would_have_named(
    database: LogDatabase, prediction: Make, outcome: Outcome
) -> None:
    rows = [
        prediction("a", prediction="yes", abstained=True),
        prediction("b", prediction="no", abstained=True),
        prediction("c", prediction="no"),
    ]
    database.add([*rows, *(outcome(p.id, "no") for p in rows)], segment="s", upto=1)
    (found,) = by_time(database, since=0, bucket=HOUR)
    assert (found["n"], found["right"]) == (3, 2)


def test_an_empty_log(database: LogDatabase) -> None:
    counts = database.counts()
    assert (counts["rows"], counts["first"], counts["p50"], counts["versions"]) == (0, None, None, {})
    assert database.predictions() == []
    assert list(database.labelled()) == list(database.labelled(limit=5)) == []
    assert database.traffic(since=0, bucket=HOUR) == []


def test_models_that_share_a_database(
    databases: Databases, url: str, prediction: Make, tmp_path: Place
) -> None:
    one, two = databases("one"), databases("two")
    one.add([prediction("a")], segment="s", upto=5)
    two.add([prediction("a", version="v7"), prediction("b")], segment="s", upto=9)
    assert [(n, p.version) for n, p in one.predictions()] == [(1, "v1")]
    assert [(n, p.version) for n, p in two.predictions()] == [(1, "v7"), (2, "v1")]
    assert (one.offset("s"), two.offset("s")) == (5, 9)
    assert one.delete_before(2**62) == 1
    assert two.counts()["rows"] == 2
    # What the settings name says whose rows are meant.
    log = live_settings.LogSettings(database=url)
    named = live_settings.database_url(Place(tmp_path / "two"), live_settings.Settings("two", log=log))
    three = LogDatabase(named)
    assert three.model == "two"
    assert [p.version for _, p in three.predictions()] == ["v7", "v1"]
    three.close()


# A reader sees no number before all smaller ones, however writers come in.
def test_reader_beside_writers_skips_nothing(databases: Databases, prediction: Make) -> None:
    each, writers = 60, 4
    made = [databases() for _ in range(writers)]

    def write(k: int) -> None:
        for i in range(each):
            made[k].add([prediction(f"{k}-{i}"), prediction(f"{k}-{i}b")], segment=f"s{k}", upto=i + 1)

    threads = [threading.Thread(target=write, args=(k,)) for k in range(writers)]
    for thread in threads:
        thread.start()
    reader, after, seen = databases(), 0, []
    while True:
        working = any(thread.is_alive() for thread in threads)
        page = reader.predictions(after=after, limit=7)
        seen += [p.id for _, p in page]
        after = page[-1][0] if page else after
        if not working and not page:
            break
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(
        f"{k}-{i}{b}" for k in range(writers) for i in range(each) for b in ("", "b")
    )


def test_two_that_set_it_up_at_once(databases: Databases, prediction: Make) -> None:
    made = [databases() for _ in range(4)]
    failed: list[BaseException] = []

    def work(k: int) -> None:
        try:
            made[k].add([prediction(f"{k}")], segment=f"s{k}", upto=1)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(p.id for _, p in made[0].predictions()) == ["0", "1", "2", "3"]


def test_a_database_from_the_future_is_refused(databases: Databases, url: str) -> None:
    from sqlalchemy import text

    databases().counts()
    other = databases()
    with other._reading() as (connection, _):  # the public door has no way to change it
        connection.execute(text("update modelwright_log set version = 99"))
        connection.commit()
    with pytest.raises(BadInput, match="later modelwright") as caught:
        databases().counts()
    assert caught.value.code == "live.database-version"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "cannot be understood"),
        ("mysql://u:s3cret@h/x", "cannot be kept in mysql://h/x"),
        ("sqlite://", "cannot be kept in memory"),
        ("postgresql://u:s3cret@h:port/x", "cannot be understood"),
    ],
)
def test_addresses_that_do_not_do(address: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        LogDatabase(address)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_is_not_there() -> None:
    database = LogDatabase("postgresql://ann:s3cret@127.0.0.1:9/shop?password=s3cret")
    with pytest.raises(LogDown, match=r"postgresql://127.0.0.1:9/shop does not answer") as caught:
        database.counts()
    told = str(caught.value) + repr(database) + repr(caught.value.__cause__)
    assert "s3cret" not in told
    assert "ann" not in told
    assert caught.value.code == "live.log-down"
    database.close()


def test_sqlite_file_is_private_and_survives_being_replaced(place: Place, prediction: Make) -> None:
    database = LogDatabase(place.database)
    database.add([prediction("a")], segment="s", upto=5)
    path = place.folder / "log.db"
    sides = [place.folder / f"log.db{end}" for end in ("", "-wal", "-shm")]
    assert [side.stat().st_mode & 0o777 for side in sides] == [0o600] * 3
    for side in sides:
        side.unlink()
    assert database.offset("s") == 0  # a new file: what is still in the journal comes again
    database.add([prediction("b")], segment="s", upto=5)
    assert [p.id for _, p in database.predictions()] == ["b"]
    database.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("select count(*) from modelwright_predictions").fetchone() == (1,)
    plain.close()


def test_sqlite_that_is_none_or_cannot_be_written(place: Place, prediction: Make) -> None:
    path = place.folder / "log.db"
    path.write_bytes(b"no database at all, " * 100)
    database = LogDatabase(place.database)
    with pytest.raises(LogDown, match="not a database"):
        database.counts()
    path.unlink()
    away = place.folder.with_name("away")
    os.rename(place.folder, away)
    with pytest.raises(LogDown, match=r"log\.db does not answer"):
        database.add([prediction("a")], segment="s", upto=5)
    os.rename(away, place.folder)
    assert database.add([prediction("a")], segment="s", upto=5)
    database.close()


def test_a_busy_sqlite_is_waited_for(place: Place, prediction: Make) -> None:
    database = LogDatabase(place.database)
    database.counts()
    other = sqlite3.connect(place.folder / "log.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    assert database.add([prediction("a")], segment="s", upto=5)
    timer.join()
    other.close()
    database.close()


# Slow: a PostgreSQL server is stopped and started again.
@pytest.mark.slow
def test_a_server_that_goes_and_comes_back(databases: Databases, postgres: Any, prediction: Make) -> None:
    database = LogDatabase(postgres.url, "coming-back")
    assert database.add([prediction("a")], segment="s", upto=5)
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(LogDown) as caught:
                database.add([prediction("b")], segment="s", upto=9)
            assert postgres.password not in str(caught.value)
    finally:
        postgres.start()
    assert database.add([prediction("b")], segment="s", upto=9)
    assert [p.id for _, p in database.predictions()] == ["a", "b"]
    with database._writing() as (connection, _, _):  # leave nothing behind for other tests
        for table in ("log", "models", "segments", "predictions", "feedback", "failures", "minutes"):
            connection.exec_driver_sql(f"drop table modelwright_{table}")
    # Tables that vanish are told once, and made again.
    with pytest.raises(LogDown):
        database.counts()
    assert database.counts()["rows"] == 0
    with database._writing() as (connection, _, _):
        for table in ("log", "models", "segments", "predictions", "feedback", "failures", "minutes"):
            connection.exec_driver_sql(f"drop table modelwright_{table}")
    database.close()
