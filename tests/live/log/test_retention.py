"""What is old goes, with its feedback; what is of one person goes when asked, and leaves no bytes behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from modelwright.live import settings
from modelwright.live.entries import Failure, Feedback, Prediction
from modelwright.live.log import personal, retention
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.journal import Journal
from modelwright.live.log.traffic import MINUTE
from modelwright.live.place import Place
from modelwright.live.settings import LogSettings, Settings

Make = Callable[..., Prediction]
Outcome = Callable[..., Feedback]
DAY = 24 * 60 * MINUTE


def keeping(seconds: float | None) -> Settings:
    return Settings("loans", log=LogSettings(retention=seconds))


def test_what_is_old_goes_with_its_feedback(
    database: LogDatabase, prediction: Make, outcome: Outcome
) -> None:
    now = 1_700_000_000_000_000
    database.add(
        [
            prediction("old", at=now - 9 * DAY),
            prediction("old.s", at=now - 9 * DAY, role="shadow", version="v2"),
            outcome("old", at=now - DAY),  # it came late, and is of no use without its prediction
            prediction("new", at=now - DAY),
            outcome("new", at=now),
            outcome("nobody", at=now - 8 * DAY),
            Failure(now - 8 * DAY, 503, "overloaded"),
            Failure(now, 503, "overloaded"),
        ],
        segment="s",
        upto=1,
    )
    assert retention.apply(keeping(None), database, now=now) == 0
    assert retention.apply(keeping(7 * 86400.0), database, now=now) == 5
    assert [p.id for _, p in database.predictions()] == ["new"]
    assert [f.prediction for _, f in database.feedback()] == ["new"]
    assert [f.at for _, f in database.failures()] == [now]
    counts = database.counts()  # feedback is counted when it came
    assert (counts["rows"], counts["feedback"], counts["failures"], counts["shadow_rows"]) == (1, 2, 1, 0)
    assert retention.apply(keeping(7 * 86400.0), database, now=now) == 0
    # Numbers go on: a reader that has seen the old ones skips none of the new.
    database.add([prediction("next")], segment="s", upto=2)
    assert [n for n, _ in database.predictions(after=8)] == [9]


def test_much_goes_in_small_batches_while_others_write(
    databases: Callable[..., LogDatabase], prediction: Make
) -> None:
    database, other = databases(), databases()
    database.add([prediction(f"p{i}", at=1000 + i) for i in range(3500)], segment="s", upto=1)
    thread = threading.Thread(target=lambda: database.delete_before(1000 + 3400))
    thread.start()
    for i in range(20):
        assert other.add([prediction(f"new{i}", at=10**15)], segment="t", upto=i + 1)
    thread.join()
    assert len(database.predictions()) == 120
    # With no time left nothing is done, and the rest goes another time.
    assert database.delete_before(10**15, seconds=0.0) == 0
    assert database.delete_before(10**15) == 100


@pytest.mark.parametrize("policy", ["keep", "hash"])
def test_one_person_is_forgotten(
    place: Place, database: LogDatabase, prediction: Make, outcome: Outcome, policy: str
) -> None:
    key = personal.secret(place)
    said = (lambda value: personal.digest(key, value)) if policy == "hash" else (lambda value: value)
    journal = Journal(place.journal, "w1")
    for i in range(300):
        row = {"who": said(f"ann_{i}%"), "number": i % 7, "note": f'he said "who": ann_5%, {i}'}
        journal.append([prediction(f"p{i}", inputs=row), outcome(f"p{i}")])
    journal.append([replace(prediction("other", inputs={"Who": said("ann_5%")}))])
    journal.close()
    assert retention.forget(place, database, "who", "nobody").predictions == 0
    assert retention.forget(place, database, "who", "ann_5%").predictions == 1
    assert retention.forget(place, database, "who", "ann_5%").predictions == 0
    assert database.get("p5") is None
    assert database.get("other") is not None
    assert "p5" not in {f.prediction for _, f in database.feedback()}
    assert (
        retention.forget(place, database, "number", "3").predictions == 43
    )  # a number, however it is written
    assert database.counts()["feedback"] == 300  # what was counted is counted, and names nobody


def test_copies_that_are_left_are_named(place: Place, database: LogDatabase, prediction: Make) -> None:
    runs = place.folder.parent / "runs"
    for name, ids in (("a", ["p1", "p9"]), ("b", ["p2"]), ("c", [])):
        (runs / name).mkdir(parents=True)
        (runs / name / "feedback.json").write_text(json.dumps({"ids": ids}))
    (runs / "damaged").mkdir()
    (runs / "damaged" / "feedback.json").write_text("{")
    place.decisions.mkdir()
    (place.decisions / "0001.json").write_text(json.dumps({"ids": ["p3"]}))
    (place.decisions / "0002.json").write_text(json.dumps({"ids": ["p1"]}))
    whose = {"p1": "ann", "p2": "bob", "p3": "ann"}
    rows = [prediction(name, inputs={"who": who}) for name, who in whose.items()]
    database.add(rows, segment="s", upto=1)
    found = retention.forget(place, database, "who", "ann", runs=runs)
    assert found == retention.Forgotten(2, ("a",), ("0001", "0002"), ("p1", "p3"))
    settings.write(place, Settings("loans", runs=str(runs)))
    assert retention.forget(place, database, "who", "bob") == retention.Forgotten(1, ("b",), (), ("p2",))
    assert retention.forget(place, database, "who", "bob") == retention.Forgotten(0, (), ())


def test_sqlite_keeps_no_bytes_of_what_was_deleted(place: Place, prediction: Make) -> None:
    database = LogDatabase(place.database)
    journal = Journal(place.journal, "w1")
    for i in range(200):
        name = "Zaphod-Beeblebrox" if i % 3 else "Slartibartfast"
        journal.append([prediction(f"p{i}", inputs={"who": name, "note": "x" * 300})])
    journal.close()

    def trace(word: bytes) -> list[str]:
        return [p.name for p in place.folder.rglob("*") if p.is_file() and word in p.read_bytes()]

    assert retention.forget(place, database, "who", "Zaphod-Beeblebrox").predictions == 133
    assert trace(b"Zaphod") == []
    assert trace(b"Slartibartfast") != []
    assert database.delete_before(time.time_ns()) == 67
    assert trace(b"Slartibartfast") == []
    database.close()
