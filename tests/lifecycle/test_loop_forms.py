"""Retraining on tables of other forms: numbers, groups, times, typed sources, what the log hides."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadInput
from modelwright.core.records.data import Collected, Split
from modelwright.lifecycle.folder import RunFolder
from modelwright.lifecycle.learn import record
from modelwright.lifecycle.learn.champion import PART
from modelwright.lifecycle.learn.record import Decision
from modelwright.lifecycle.learn.sides import Row, Sides
from modelwright.lifecycle.loop import retrain
from modelwright.lifecycle.run import start
from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.store import atomic
from modelwright.testing.answered import START, answer, goal, serve, table

pytestmark = pytest.mark.slow  # nearly every test here trains two models by whole runs


def learn(place: Place, **keys: Any) -> Decision:
    return retrain(place, inline=True, report=False, **keys)


def live(folder: Path, frame: pl.DataFrame, name: str = "toy.csv", **keys: Any) -> Place:
    source = folder / name
    frame.write_parquet(source) if name.endswith("parquet") else frame.write_csv(source)
    log = keys.pop("log", {})
    done = start(goal(source, **keys), folder / "runs", inline=True, report=False, force_release=True)
    return serve(done, folder, **log)


def snapshot(place: Place) -> pl.DataFrame:
    """The rows of the champion's run, with their sides."""
    entry = atomic.read_json(place.versions / deployment.read(place).champion / "version.json")
    run = RunFolder(place.folder.parents[1] / "runs" / entry["run"])
    stage = run.read_stage("collect")
    assert stage is not None
    found = run.store.revive(Collected, stage[1])
    assert found is not None
    made: pl.DataFrame = found.table.get()
    return made


def priced(rows: int, seed: int, *, turned: bool = False) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    size, age = rng.integers(20, 200, rows), rng.integers(0, 80, rows)
    garden = rng.random(rows) < 0.4
    price = 3.0 * size + (-2.0 if turned else 2.0) * age + 20 * garden + 5 * rng.normal(size=rows)
    built = [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 2000, rows)]
    return pl.DataFrame({"size": size, "age": age, "garden": garden, "built": built, "price": price.round(2)})


@pytest.mark.parametrize("name", ["houses.parquet", "houses.csv"])
def test_numbers_are_learned_and_judged_by_the_goals_error(tmp_path: Path, name: str) -> None:
    keys: dict[str, Any] = {
        "data": {"target": "price"},
        "success": ["mae <= 40", "latency_p99 <= 1s"],
        "search": {"trials": 1, "families": ["ridge"]},
    }
    place = live(tmp_path, priced(300, 1), name, **keys)
    sent = priced(500, 2, turned=True).with_columns(pl.col("built").cast(pl.String))
    answer(place, sent, target="price")
    made = learn(place)
    assert made.action == "promote", made.because
    assert made.data["comparison"]["metric"] == "mae"
    assert made.data["comparison"]["overall"]["gap"] < 0
    assert [c["criterion"] for c in made.data["criteria"]["champion"]] == keys["success"]
    assert record.check(place, made.number) == []
    rows = snapshot(place)
    old = (
        pl.read_parquet(tmp_path / name)
        if name.endswith("parquet")
        else pl.read_csv(tmp_path / name, infer_schema_length=0)
    )
    assert {c: rows[c].dtype for c in old.columns} == dict(old.schema)
    assert rows.null_count().sum_horizontal().item() == 0


def test_rows_of_a_group_keep_to_its_side(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)

    def shop(frame: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
        names = [f"shop {i}" for i in rng.integers(low, high, frame.height)]
        return frame.with_columns(pl.Series("shop", names))

    place = live(tmp_path, shop(table(400, 1), 0, 40), data={"group": "shop"})
    answer(place, shop(table(900, 2, turned=True), 20, 120), also=["shop"])
    made = learn(place)
    assert made.action == "promote", made.because
    rows = snapshot(place)
    sides = rows.group_by("shop").agg(pl.col(PART).replace("validation", "train").n_unique())
    assert sides[PART].max() == 1
    told = {p.id: p for p in _logged(place)}
    judged = {told[one].inputs["shop"] for one in made.data["ids"]}
    assert not judged & set(rows.filter(pl.col(PART) != "test")["shop"])
    assert "group" in made.data["comparison"]["overall"]["method"]


def test_groups_that_the_log_does_not_hold_are_told(tmp_path: Path) -> None:
    frame = table(300, 1)
    place = live(
        tmp_path,
        frame.with_columns(pl.Series("shop", [f"shop {i % 30}" for i in range(300)])),
        data={"group": "shop"},
    )
    answer(place, table(20, 2))  # the group is no input, and nobody sends it
    (found,) = [f for f in learn(place).data["findings"] if f["code"] == "feedback.group-missing"]
    assert (found["column"], found["numbers"]["rows"]) == ("shop", 20.0)
    assert "was not sent" in found["message"]


def test_later_rows_judge_where_the_goal_has_a_time(tmp_path: Path) -> None:
    def timed(frame: pl.DataFrame, first: int) -> pl.DataFrame:
        days = [
            (dt.date(2024, 1, 1) + dt.timedelta(days=first + i // 4)).isoformat() for i in range(frame.height)
        ]
        return frame.with_columns(pl.Series("day", days))

    place = live(tmp_path, timed(table(400, 1), 0), data={"time": "day"})
    answer(place, timed(table(800, 2, turned=True), 300), also=["day"])
    made = learn(place)
    assert made.action == "promote", made.because
    told = {p.id: p for p in _logged(place)}
    judged = {told[one].inputs["day"] for one in made.data["ids"]}
    learned = {p.inputs["day"] for p in told.values() if p.id not in made.data["ids"]}
    assert min(judged) >= max(learned)
    assert made.data["judged"]["time_order"]


def test_a_time_that_was_not_sent_is_when_the_row_was_asked(tmp_path: Path) -> None:
    days = [(dt.date(2024, 1, 1) + dt.timedelta(days=i // 4)).strftime("%d.%m.%Y") for i in range(400)]
    frame = table(400, 1).with_columns(pl.Series("day", days))
    place = live(tmp_path, frame, data={"time": "day", "columns": {"day": "date"}})
    names = [c["name"] for c in atomic.read_json(place.bundle("v1") / "model.json")["inputs"]]
    rows = table(800, 2, turned=True).with_columns(pl.lit("05.06.2025").alias("day"))
    answer(place, rows if "day" in names else rows.drop("day"))
    made = learn(place)
    assert made.action == "promote", made.because
    new = snapshot(place)["day"].to_list()[400:]
    assert new
    assert all(len(day.split(".")) == 3 for day in new)


def test_what_the_log_hides_is_told_and_stops_a_promotion(tmp_path: Path) -> None:
    """The column that decides is masked: what the champion is asked again is not what it was asked."""
    place = live(tmp_path, table(300, 1), log={"personal": "mask"})
    rows = table(900, 2, turned=True)
    ids = answer(place, rows)
    hidden = rows.with_columns(pl.lit("<personal>").alias("a"))
    other = place.folder.parent / "masked"
    shutil.copytree(place.folder, other)
    shutil.rmtree(other / "journal")
    place = Place(other)
    kept = {p.id: p for p in _logged(Place(tmp_path / "live" / "toy"))}
    _log_again(place, [kept[one] for one in ids], hidden, rows)
    made = learn(place)
    found = [f for f in made.data["findings"] if f["code"] == "feedback.column-missing"]
    assert [f["column"] for f in found] == ["a"]
    assert made.action == "keep"
    assert "another way" in made.because


def test_unknown_outcomes_are_counted_and_left_out(tmp_path: Path) -> None:
    place = live(tmp_path, table(300, 1))
    answer(place, table(600, 2, turned=True))
    answer(place, table(30, 3).with_columns(pl.lit("perhaps").alias("y")), begin=START + 10**12)
    answer(place, table(30, 4).with_columns(pl.lit(" YES ").alias("y")), begin=START + 2 * 10**12)
    made = learn(place)
    assert made.data["rows"]["labelled"] == 630
    assert [f["code"] for f in made.data["findings"]].count("feedback.unknown-outcome") == 1
    assert set(snapshot(place)["y"]) == {"yes", "no"}


def test_who_gives_feedback_is_told(tmp_path: Path) -> None:
    place = live(tmp_path, table(300, 1))
    rows = table(1200, 2, turned=True)
    answer(place, rows.filter(pl.col("a") > 0))
    answer(place, rows.filter(pl.col("a") <= 0).head(300), told=False, begin=START + 10**12)
    answer(place, rows.filter(pl.col("a") <= 0).tail(200), begin=START + 2 * 10**12)
    made = learn(place, promote="never")
    codes = [f["code"] for f in made.data["findings"]]
    assert "feedback.share" in codes
    assert "feedback.selected" in codes
    assert 0.5 < made.data["rows"]["share labelled"] < 0.9


def test_rows_that_left_the_store_are_read_again(tmp_path: Path) -> None:
    place = live(tmp_path, table(300, 1))
    run = RunFolder(tmp_path / "runs" / atomic.read_json(place.versions / "v1" / "version.json")["run"])
    stage = run.read_stage("split")
    assert stage is not None
    split = run.store.revive(Split, stage[1])
    assert split is not None
    test = {(row["a"], row["b"]) for row in split.sealed.table.get().iter_rows(named=True)}
    shutil.rmtree(tmp_path / "runs" / ".store" / "blobs")
    answer(place, table(600, 2, turned=True))
    made = learn(place)
    assert made.action == "promote", made.because
    assert any(f["code"] == "retrain.read-again" for f in made.data["findings"])
    rows = snapshot(place)
    again = rows.filter(pl.col(PART) == "test").select(pl.col("a", "b").cast(pl.Float64))
    assert {tuple(row) for row in again.iter_rows()} == test


def test_rows_that_nobody_has_any_more_are_an_error(tmp_path: Path) -> None:
    place = live(tmp_path, table(300, 1))
    answer(place, table(600, 2, turned=True))
    shutil.rmtree(tmp_path / "runs")
    with pytest.raises(BadInput) as error:
        learn(place)
    assert error.value.code == "retrain.run-unknown"


def test_sides_are_kept_for_ever(tmp_path: Path) -> None:
    place = Place(tmp_path / "toy")
    rows = [Row(f"row {i}", None, float(i)) for i in range(2000)]
    keys: dict[str, Any] = {"groups": {}, "validation": 0.2, "time_order": False}
    first = Sides(place)
    first.assign(rows[:1000], **keys)
    was = {row.id: first[row.id] for row in rows[:1000]}
    second = Sides(place)
    second.assign(rows, groups={}, validation=0.9, time_order=True)
    assert {row.id: second[row.id] for row in rows[:1000]} == was
    share = np.mean([side == "judge" for side in was.values()])
    assert 0.35 < share < 0.45
    learned = [side for side in was.values() if side != "judge"]
    assert 0.12 < np.mean([side == "validation" for side in learned]) < 0.28
    # The digest decides, not the order or the company.
    other = Sides(Place(tmp_path / "other"))
    other.assign(reversed(rows[:1000]), **keys)
    assert {row.id: other[row.id] for row in rows[:1000]} == was


@pytest.mark.parametrize("together", [1, 3])
def test_rows_that_come_few_at_a_time_get_every_side(tmp_path: Path, together: int) -> None:
    sides = Sides(Place(tmp_path / "toy"))
    rows = [Row(f"row {i}", None, float(i)) for i in range(600)]
    for at in range(0, len(rows), together):
        some = rows[at : at + together]
        sides.assign(some, groups={}, validation=0.2, time_order=True)
        place = [sides[row.id] for row in some]
        assert place == sorted(place, key=["train", "validation", "judge"].index)  # the later judge
    given = [sides[row.id] for row in rows]
    assert 0.33 < given.count("judge") / len(rows) < 0.47
    assert 0.05 < given.count("validation") / len(rows) < 0.2


def _logged(place: Place) -> list[Any]:
    from modelwright.live import settings
    from modelwright.live.log.database import LogDatabase
    from modelwright.live.log.drain import drain

    database = LogDatabase(settings.database_url(place, settings.read(place)))
    while drain(place, database):
        pass
    found = [one for _, one in database.predictions(limit=100_000)]
    database.close()
    return found


def _log_again(place: Place, predictions: list[Any], hidden: pl.DataFrame, rows: pl.DataFrame) -> None:
    """The same answers, logged with what a server keeps of personal data."""
    import dataclasses

    from modelwright.live.entries import Feedback
    from modelwright.live.log.journal import Journal

    for name in ("log.db", "log.db-wal", "log.db-shm"):
        (place.folder / name).unlink(missing_ok=True)
    journal = Journal(place.journal, "masked")
    inputs = hidden.select("a", "b", "site").to_dicts()
    journal.append([dataclasses.replace(p, inputs=i) for p, i in zip(predictions, inputs, strict=True)])
    journal.append([Feedback(p.id, p.at + 1, y) for p, y in zip(predictions, rows["y"], strict=True)])
    journal.close()
