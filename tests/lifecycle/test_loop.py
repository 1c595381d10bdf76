"""Retraining from feedback, end to end on small tables: real runs, a real log, no server."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadInput, Stopped
from modelwright.core.records.data import ROW, Collected, Split
from modelwright.lifecycle.folder import RunFolder, find_runs
from modelwright.lifecycle.learn import record
from modelwright.lifecycle.learn.champion import PART
from modelwright.lifecycle.learn.record import Decision
from modelwright.lifecycle.learn.sides import Sides
from modelwright.lifecycle.loop import decide, retrain
from modelwright.live import deployment, settings
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.store import atomic
from modelwright.store.lock import locked
from modelwright.testing.answered import START, answer, served, table

pytestmark = pytest.mark.slow  # nearly every test here trains a model by a whole run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a live model, before any feedback. Read-only: tests work on copies."""
    folder = tmp_path_factory.mktemp("first")
    served(folder)
    return folder


@pytest.fixture
def place(first: Path, tmp_path: Path) -> Place:
    return moved(first, tmp_path / "here")


def moved(folder: Path, to: Path) -> Place:
    shutil.copytree(folder, to)
    place = Place.of(to / "live", "toy")
    kept = settings.read(place)
    settings.write(place, dataclasses.replace(kept, runs=str(to / "runs")))
    return place


def learn(place: Place, **keys: Any) -> Decision:
    return retrain(place, inline=True, report=False, **keys)


def run_of(place: Place, version: str) -> RunFolder:
    entry = atomic.read_json(place.versions / version / "version.json")
    return RunFolder(place.folder.parents[1] / "runs" / entry["run"])


def texts(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """The rows by content, however their numbers are spelled."""
    numbers = [pl.col(name).cast(pl.Float64).cast(pl.String) for name in ("a", "b")]
    return [tuple(row) for row in frame.select(*numbers, "site", "y").iter_rows()]


def parts(run: RunFolder) -> dict[str, list[tuple[str, ...]]]:
    """The rows of a run's sides, as its source gave them, without the column that names the side."""
    stage, collected = run.read_stage("split"), run.read_stage("collect")
    assert stage is not None
    assert collected is not None
    split, rows = run.store.revive(Split, stage[1]), run.store.revive(Collected, collected[1])
    assert split is not None
    assert rows is not None
    table: pl.DataFrame = rows.table.get()
    made = {}
    for name, frame in (("learned", split.development.table.get()), ("test", split.sealed.table.get())):
        some = frame.select(ROW).join(table, on=ROW, how="left").drop(ROW, PART, strict=False)
        made[name] = texts(some)
    return made


def test_a_better_challenger_is_promoted_and_the_record_can_be_worked_out_again(place: Place) -> None:
    before = deployment.read(place)
    answer(place, table(600, 2, turned=True))
    made = learn(place, why="drift")
    assert made.action == "promote", made.because
    assert made.acted
    assert made.exit_code == 0
    after = deployment.read(place)
    assert (after.champion, after.previous) == ("v2", ("v1",))
    assert after.serial == before.serial + 1 == made.data["serial"]
    assert made.data["why"] == "drift"
    assert record.check(place, made.number) == []
    page = made.path.with_suffix(".md").read_text()
    assert "promoted" in page
    assert "site: north" in page
    # Everything that the decision rests on is named in it.
    data = json.loads(made.path.read_text())
    assert data["champion"]["digest"] != data["challenger"]["digest"]
    assert len(data["ids"]) == data["rows"]["judged"] == data["comparison"]["overall"]["n"]
    assert data["rows"]["labelled"] == 600
    assert data["round"] == 1
    # And the new version says where it comes from.
    lineage = json.loads((place.bundle("v2") / "model.json").read_text())["lineage"]
    assert lineage["parent"] == {
        "version": "v1", "digest": data["champion"]["digest"], "run": data["champion"]["run"]
    }  # fmt: skip
    assert sum(lineage["feedback"]["rows"].values()) == 600 - data["rows"]["judged"]
    assert lineage["feedback"]["digest"] == data["rows"]["digest of the learned"]
    entry = atomic.read_json(place.versions / "v2" / "version.json")
    assert entry["parent"]["version"] == "v1"


def test_a_changed_answer_is_found_when_a_record_is_worked_out_again(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    made = learn(place, promote="never")
    kept = made.path.with_suffix(".npz")
    whole = kept.read_bytes()
    kept.write_bytes(whole + b"x")
    assert record.check(place, made.number) == ["the answers are not those that were decided on"]
    kept.write_bytes(whole)
    data = atomic.read_json(made.path)
    data["answers"]["sha256"] = hashlib.sha256(kept.read_bytes()).hexdigest()
    data["comparison"]["overall"]["gap"] += 0.1
    atomic.write_json(made.path, data)
    assert record.check(place, made.number) == ["overall"]


def test_never_only_says(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    made = learn(place, promote="never")
    assert made.action == "promote"
    assert not made.acted
    assert deployment.read(place).champion == "v1"
    # The rows were looked at: a second try may not judge on them again.
    again = learn(place, promote="auto")
    assert again.action == "not enough evidence"
    assert again.data["round"] == 2


def test_an_equal_challenger_is_not_promoted(place: Place) -> None:
    answer(place, table(1500, 3))
    made = learn(place)
    assert made.action == "keep", made.because
    assert made.exit_code == 3
    assert deployment.read(place).champion == "v1"
    assert "not proven better" in made.because


def test_a_worse_challenger_is_kept_away_by_every_way(place: Place) -> None:
    """Its goal forbids it the one column that says anything."""
    goal = place.folder.parents[1] / "worse.yaml"
    goal.write_text(
        "name: toy\ndata: {source: toy.csv, target: y, columns: {a: ignore}}\n"
        "success: [accuracy >= 0.7]\nsearch: {trials: 1, families: [toy]}\n"
    )
    settings.write(place, dataclasses.replace(settings.read(place), goal=str(goal)))
    answer(place, table(1500, 3))
    made = learn(place)
    assert made.action == "keep"
    assert "worse" in made.because
    answer(place, table(1500, 4), begin=START + 10**12)
    tried = learn(place, promote="shadow")
    assert tried.action == "keep"
    assert deployment.read(place) == dataclasses.replace(
        deployment.read(place), champion="v1", challenger=None
    )


def test_harm_to_one_site_keeps_the_champion(first: Path, tmp_path: Path) -> None:
    """The whole is better, and the few rows of the south are served much worse."""
    place = moved(first, tmp_path / "here")
    north = table(900, 5, turned=True).with_columns(pl.lit("north").alias("site"))
    south = table(220, 6).with_columns(pl.lit("south").alias("site"))
    answer(place, pl.concat([north, south]))
    made = learn(place)
    assert made.data["comparison"]["overall"]["gap"] > 0.1
    assert made.action == "keep", made.because
    assert "site: south" in made.because


def test_test_rows_stay_test_rows_and_judging_rows_are_never_learned_from(place: Place) -> None:
    """Three rounds, each champion replaced: by content, no test row and no judging row is ever learned."""
    old = parts(run_of(place, "v1"))
    held, judged = set(old["test"]), set[tuple[str, ...]]()
    sides: dict[str, str] = {}
    for turn in range(3):
        rows = table(700, 20 + turn, turned=turn % 2 == 0)
        ids = answer(place, rows, begin=START + turn * 10**12)
        by_id = dict(zip(ids, texts(rows), strict=True))
        made = learn(place)
        assert made.action == "promote", made.because
        judged |= {by_id[one] for one in made.data["ids"]}
        learned = parts(run_of(place, deployment.read(place).champion))
        assert held <= set(learned["test"])
        assert not held & set(learned["learned"])
        assert not judged & set(learned["learned"])
        # What one round judged on is in the test of the next, and of no round before.
        held |= judged
        kept = Sides(place)
        sides |= {one: kept[one] for one in ids}
        assert {one: kept[one] for one in sides} == sides
        assert set(learned["learned"]) & set(by_id.values()), "nothing new was learned"
    assert deployment.read(place).champion == "v4"


def test_copies_of_test_rows_are_not_learned_from(place: Place) -> None:
    old = parts(run_of(place, "v1"))
    names = ["a", "b", "site", "y"]
    copies = pl.DataFrame(old["test"], schema=names, orient="row").with_columns(
        pl.col("a").cast(pl.Float64), pl.col("b").cast(pl.Float64)
    )
    answer(place, pl.concat([copies, table(600, 7, turned=True)]))
    made = learn(place)
    assert made.action == "promote"
    learned = parts(run_of(place, "v2"))
    assert not set(old["test"]) & set(learned["learned"])
    assert any(f["code"] == "retrain.copies" for f in made.data["findings"])


def test_too_few_rows_say_how_many_are_needed(place: Place) -> None:
    answer(place, table(40, 8))
    made = learn(place)
    assert made.action == "not enough evidence"
    assert made.exit_code == 3
    assert "needed" in made.because
    assert not made.data["spent"]
    assert len(find_runs(place.folder.parents[1] / "runs")) == 1, "no run was begun"
    # Nothing was looked at: the rows still count later.
    answer(place, table(600, 9, turned=True), begin=START + 10**12)
    later = learn(place)
    assert later.action == "promote"
    assert later.data["round"] == 1
    early = {f"{START:x}-{i:06d}" for i in range(40)}
    assert early & set(later.data["ids"])


def test_a_second_retraining_at_the_same_time_is_refused(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    with locked(place.folder / "learn"), pytest.raises(BadInput) as error:
        learn(place)
    assert error.value.code == "retrain.busy"


@pytest.mark.parametrize("stage", ["clean", "train", "release"])
def test_a_killed_retraining_is_gone_on_with(place: Place, stage: str) -> None:
    answer(place, table(600, 2, turned=True))

    def killed(event: str, **facts: Any) -> None:
        if event == "stage" and facts["stage"] == stage:
            raise Stopped("killed", code="stopped.signal")

    with pytest.raises(Stopped):
        learn(place, say=killed)
    assert record.every(place) == []
    runs = len(find_runs(place.folder.parents[1] / "runs"))
    made = learn(place)
    assert made.action == "promote"
    assert len(find_runs(place.folder.parents[1] / "runs")) == runs, "it was begun anew"
    assert not (place.folder / "learn" / "plan.json").exists()


def test_a_killed_retraining_whose_rows_are_gone_is_given_up(place: Place) -> None:
    """They were deleted as old, or forgotten, before anybody went on with it."""
    answer(place, table(600, 2, turned=True))

    def killed(event: str, **facts: Any) -> None:
        if event == "stage" and facts["stage"] == "train":
            raise Stopped("killed", code="stopped.signal")

    with pytest.raises(Stopped):
        learn(place, say=killed)
    database = LogDatabase(place.database)
    assert database.delete_before(START + 10**12) > 600
    database.close()
    made = learn(place)
    assert made.action == "not enough evidence"
    assert not (place.folder / "learn" / "plan.json").exists()


def test_a_decision_that_was_not_carried_out_is_carried_out_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(place, table(600, 2, turned=True))
    with monkeypatch.context() as patch:
        patch.setattr(record, "carry_out", lambda decision: decision)
        made = learn(place)
    assert made.data["done"] == "to do"
    assert deployment.read(place).champion == "v1"
    learn(place)  # too few rows for more, but first it finishes
    assert deployment.read(place).champion == "v2"
    assert atomic.read_json(made.path)["done"] == "done"


def test_a_decision_is_not_carried_out_against_another_champion(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(place, table(600, 2, turned=True))
    learn(place, promote="never")
    answer(place, table(600, 3, turned=True), begin=START + 10**12)
    with monkeypatch.context() as patch:
        patch.setattr(record, "carry_out", lambda decision: decision)
        made = learn(place)
    deployment.deploy(place, "v2", "by hand")
    learn(place)
    assert atomic.read_json(made.path)["done"] == "overtaken"
    assert deployment.read(place).champion == "v2"


def test_rounds_spend_less_and_less(place: Place) -> None:
    alphas = []
    for turn in range(2):
        answer(place, table(3000, 40 + turn), begin=START + turn * 10**12)
        made = learn(place)
        if made.data["comparison"] is not None:
            alphas.append(made.data["comparison"]["alpha"])
    assert alphas == [pytest.approx(0.025), pytest.approx(0.05 / 6)]


def shadowed(place: Place, rows: pl.DataFrame, begin: int) -> None:
    ids = answer(place, rows, begin=begin)
    challenger = deployment.read(place).challenger
    assert challenger is not None
    answer(place, rows, version=challenger.version, role="shadow", ids=ids, begin=begin)


FUTURE = 4_000_000_000_000_000
"""After any trial began."""


def test_a_shadow_is_promoted_on_what_both_answered(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    made = learn(place, promote="shadow")
    assert made.action == "challenge"
    assert made.acted
    assert deployment.read(place).champion == "v1"
    assert deployment.read(place).challenger == deployment.Challenger("v2", "shadow", 0.1)
    assert decide(place).action == "not enough evidence"
    shadowed(place, table(300, 10, turned=True), FUTURE)
    done = decide(place)
    assert done.action == "promote", done.because
    after = deployment.read(place)
    assert (after.champion, after.challenger) == ("v2", None)
    assert record.check(place, done.number) == []
    assert done.data["rows"]["judged"] < 300, "rows that are learned from judge nobody"
    with pytest.raises(BadInput) as error:
        decide(place)
    assert error.value.code == "decide.no-challenger"


def test_a_canary_that_does_harm_is_ended(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    made = learn(place, promote="canary", share=0.2)
    assert made.action == "challenge"
    trial = deployment.read(place).challenger
    assert trial is not None
    assert (trial.mode, trial.share) == ("canary", 0.2)
    # The world turns back: the champion was right after all.
    answer(place, table(500, 11), begin=FUTURE)
    answer(place, table(100, 12), version="v2", role="canary", begin=FUTURE + 10**12)
    done = decide(place)
    assert done.action == "end challenge", done.because
    assert deployment.read(place).challenger is None
    assert deployment.read(place).champion == "v1"


def test_a_torn_line_of_the_history_ends_no_trial(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    learn(place, promote="shadow")
    shadowed(place, table(600, 5, turned=True), FUTURE)
    with place.history.open("ab") as out:
        out.write(b'{"serial": 3, "champ')  # a disk that was full
    made = decide(place)
    assert made.action == "promote", made.because
    assert "retrain.history-torn" in {f["code"] for f in made.data["findings"]}
    known, torn = deployment.changes(place)
    assert (known[-1], torn) == (deployment.read(place), 1)


def test_rows_of_the_log_are_for_the_owner_alone(place: Place) -> None:
    runs = place.folder.parents[1] / "runs"
    before = {p for p in (runs / ".store").rglob("*") if p.is_file()}
    answer(place, table(600, 2, turned=True))
    learn(place)
    run = run_of(place, "v2").path
    folders = [place.folder / "learn", place.decisions, run]
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o700] * 3
    blobs = {p for name in ("blobs", "stages") for p in (runs / ".store" / name).rglob("*") if p.is_file()}
    files = [*(blobs - before), run / "feedback.json", *place.decisions.glob("0001.*")]
    assert len(files) > 10
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    # The bundle may be handed on: no row is in it.
    assert (run / "bundle" / "model.onnx").stat().st_mode & 0o044


def test_a_trial_is_looked_at_again_only_when_there_are_many_more_rows(place: Place) -> None:
    answer(place, table(600, 2, turned=True))
    learn(place, promote="shadow")
    mixed = pl.concat([table(400, 13, turned=True), table(400, 14)])
    order = np.random.default_rng(0).permutation(800).tolist()
    shadowed(place, mixed[order], FUTURE)
    looked = decide(place)
    assert looked.action == "keep", looked.because
    assert looked.data["spent"]
    assert deployment.read(place).challenger is not None, "the trial goes on"
    again = decide(place)
    assert again.action == "not enough evidence"
    assert "next look" in again.because
    assert not again.data["spent"]
