"""From journals to the database: everything, once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwright.live.entries import Feedback, Prediction
from modelwright.live.log.database import LogDatabase, LogDown
from modelwright.live.log.drain import drain
from modelwright.live.log.journal import AGAIN, Journal, JournalFull, segments, waiting
from modelwright.live.place import Place

Make = Callable[..., Prediction]
Outcome = Callable[..., Feedback]


def ids(database: LogDatabase) -> list[str]:
    found: list[tuple[int, Prediction]] = []
    while page := database.predictions(after=found[-1][0] if found else 0):
        found += page
    return [p.id for _, p in found]


def test_what_is_complete_moves_and_what_is_written_stays(
    place: Place, database: LogDatabase, prediction: Make, outcome: Outcome
) -> None:
    assert drain(place, database) == 0
    journal = Journal(place.journal, "w1", segment=4096)
    for i in range(20):
        journal.append([prediction(f"p{i}"), outcome(f"p{i}")])
    assert drain(place, database) == 40
    assert drain(place, database) == 0
    assert ids(database) == [f"p{i}" for i in range(20)]
    assert len(segments(place.journal)) == 1  # the one that the worker has open
    journal.append([prediction("next")])
    assert drain(place, database) == 1
    journal.close()
    assert drain(place, database) == 0
    assert segments(place.journal) == []
    assert database.counts()["unreadable"] == 0
    assert [f.prediction for _, f in database.feedback()] == [f"p{i}" for i in range(20)]


def test_batches_of_any_size_and_a_line_longer_than_what_is_read_at_once(
    place: Place, database: LogDatabase, prediction: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelwright.live.log.drain._CHUNK", 700)
    journal = Journal(place.journal, "w1")
    rng = random.Random(3)
    rows = [prediction(f"p{i}", inputs={"t": "x" * rng.choice([0, 50, 3000])}) for i in range(50)]
    journal.append(rows)
    journal.close()
    assert drain(place, database, most=3) == 50
    assert [p for _, p in database.predictions()] == rows
    assert segments(place.journal) == []


def test_torn_lines_are_counted_and_passed_over(
    place: Place, database: LogDatabase, prediction: Make
) -> None:
    journal = Journal(place.journal, "w1")
    journal.append([prediction("a")])
    journal.close()
    (path,) = segments(place.journal)
    whole = path.read_bytes()
    torn = whole[: len(whole) // 2]
    path.write_bytes(whole + torn + b"\n\n" + whole.replace(b'"a"', b'"b"') + b"\xff\xfe\n" + torn)
    assert drain(place, database) == 2
    assert ids(database) == ["a", "b"]
    assert database.counts()["unreadable"] == 3
    assert segments(place.journal) == []


def test_a_torn_end_that_is_still_being_written_is_left(
    place: Place, database: LogDatabase, prediction: Make
) -> None:
    journal = Journal(place.journal, "w1")
    journal.append([prediction("a")])
    (path,) = segments(place.journal)
    line = path.read_bytes().replace(b'"a"', b'"b"')
    with path.open("ab") as half:
        half.write(line[:40])
        half.flush()
        assert drain(place, database) == 1
        half.write(line[40:])
    assert drain(place, database) == 1
    assert ids(database) == ["a", "b"]
    journal.close()


def test_the_place_may_lack_a_journal_and_hold_other_files(place: Place, database: LogDatabase) -> None:
    place.journal.mkdir()
    (place.journal / "w1-17-1.jsonl").touch()
    (place.journal / "notes.jsonl").write_text("not ours\n")
    (place.journal / "w1-17-1.jsonl.old").write_text("not ours\n")
    assert drain(place, database) == 0
    kept = sorted(p.name for p in place.journal.iterdir() if not p.name.startswith("."))
    assert kept == ["notes.jsonl", "w1-17-1.jsonl.old"]


def test_the_database_away_means_waiting_and_then_refusing(place: Place, prediction: Make) -> None:
    store = place.folder.parent / "store"
    store.mkdir()
    database = LogDatabase(f"sqlite:///{store / 'log.db'}")
    journal = Journal(place.journal, "w1", most=100_000)
    journal.append([prediction("first")])
    assert drain(place, database) == 1
    store.rename(store.with_name("away"))
    kept = ["first"]

    def fill() -> None:
        for i in range(10_000):
            journal.append([prediction(f"p{i}", inputs={"t": "x" * 3000})])
            kept.append(f"p{i}")
            time.sleep(0.005)

    with pytest.raises(JournalFull):
        fill()
    for _ in range(3):
        with pytest.raises(LogDown):
            drain(place, database)
    assert journal.full
    store.with_name("away").rename(store)
    assert drain(place, database) == len(kept) - 1
    assert waiting(place.journal) == 0
    time.sleep(2 * AGAIN)
    journal.append([prediction("last")])
    journal.close()
    assert drain(place, database) == 1
    assert ids(database) == [*kept, "last"]
    database.close()


def test_a_lost_database_gets_again_what_the_journal_still_has(place: Place, prediction: Make) -> None:
    database = LogDatabase(place.database)
    journal = Journal(place.journal, "w1")
    journal.append([prediction("a")])
    assert drain(place, database) == 1
    for end in ("", "-wal", "-shm"):
        (place.folder / f"log.db{end}").unlink()
    journal.append([prediction("b")])
    assert drain(place, database) == 2
    assert ids(database) == ["a", "b"]
    journal.close()
    database.close()


WRITER = """
import random, sys, time
from pathlib import Path
from modelwright.live.entries import Feedback, Prediction
from modelwright.live.log.journal import Journal

rng = random.Random(int(sys.argv[2]))
journal = Journal(Path(sys.argv[1]), f"w{sys.argv[2]}", segment=6000)
i = 0
while not Path(sys.argv[3]).exists():
    name = f"{sys.argv[2]}-{i}"
    rows = [Prediction(f"{name}-{k}", i, "v1", "champion", {"a": i}, "yes", request=name)
            for k in range(rng.choice([1, 1, 1, 5]))]
    journal.append([*rows, Feedback(rows[0].id, i, "no")])
    for row in rows:
        print(row.id)
    i += 1
    time.sleep(0.002)
sys.stdout.flush()
"""
DRAINER = """
import sys
from pathlib import Path
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.drain import drain
from modelwright.live.place import Place

place, database = Place(Path(sys.argv[1])), LogDatabase(sys.argv[2])
print("ready", flush=True)
while True:
    drain(place, database, most=7)
"""


# Slow: drainers are started and killed while two processes write.
@pytest.mark.slow
def test_drain_killed_at_any_point_moves_each_entry_once(
    place: Place, url: str, database: LogDatabase, tmp_path: Path
) -> None:
    database.counts()
    enough, writers = tmp_path / "enough", []
    for k in range(2):
        command = [sys.executable, "-c", WRITER, str(place.journal), str(k), str(enough)]
        with (tmp_path / f"said-{k}").open("w") as file:
            writers.append(subprocess.Popen(command, stdout=file))
    rng = random.Random(11)
    for _ in range(7):
        drainer = subprocess.Popen(
            [sys.executable, "-c", DRAINER, str(place.folder), url], stdout=subprocess.PIPE
        )
        assert drainer.stdout is not None
        drainer.stdout.readline()
        time.sleep(rng.uniform(0, 0.4))
        os.kill(drainer.pid, signal.SIGKILL)
        drainer.wait()
        drainer.stdout.close()
    enough.touch()
    assert [writer.wait(120) for writer in writers] == [0, 0]
    said = [line for k in range(2) for line in (tmp_path / f"said-{k}").read_text().split()]
    while drain(place, database):
        pass
    found = ids(database)
    assert len(found) == len(set(found))
    assert sorted(found) == sorted(said)
    marked: list[tuple[int, Feedback]] = []
    while page := database.feedback(after=marked[-1][0] if marked else 0):
        marked += page
    assert sorted(f.prediction for _, f in marked) == sorted(name for name in said if name.endswith("-0"))
    assert segments(place.journal) == []
    counts = database.counts()
    assert (counts["rows"], counts["requests"]) == (len(said), len(marked))
    assert counts["unreadable"] == 0


def test_a_database_thrown_back_by_a_power_cut_gets_its_lines_again(place: Place, prediction: Make) -> None:
    # A segment goes only after what was read from it is on the disk; here the database is put back as it was
    # before the drain, and the segment is still there, because its worker writes it.
    database = LogDatabase(place.database)
    database.counts()
    database.close()
    shutil.copy(place.folder / "log.db", place.folder / "before.db")
    journal = Journal(place.journal, "w1")
    journal.append([prediction("a")])
    assert drain(place, database) == 1
    database.close()
    os.replace(place.folder / "before.db", place.folder / "log.db")
    journal.append([prediction("b")])
    journal.close()
    assert drain(place, database) == 2
    assert ids(database) == ["a", "b"]
    database.close()


def test_another_process_may_hold_the_database_for_a_moment(place: Place, prediction: Make) -> None:
    database = LogDatabase(place.database)
    journal = Journal(place.journal, "w1")
    journal.append([prediction("a")])
    database.counts()
    reader = sqlite3.connect(place.folder / "log.db")
    reader.execute("begin")
    assert reader.execute("select count(*) from modelwright_predictions").fetchone() == (0,)
    assert drain(place, database) == 1  # a reader does not stand in the way
    journal.close()
    assert drain(place, database) == 0
    reader.close()
    database.close()


def test_places_are_apart(tmp_path: Path, prediction: Make) -> None:
    for name in ("one", "two"):
        folder = Place(tmp_path / name)
        folder.folder.mkdir()
        journal = Journal(folder.journal, "w1")
        journal.append([prediction(name)])
        journal.close()
        database = LogDatabase(folder.database)
        assert drain(folder, database) == 1
        assert ids(database) == [name]
        database.close()
