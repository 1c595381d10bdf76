"""A run is carried out stage by stage, each kept as soon as it is done; what is kept is never made again."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.core.codec import decode, encode
from modelwright.core.errors import BadInput, Stopped
from modelwright.core.records.data import Cleaned
from modelwright.goal.goal import Goal
from modelwright.lifecycle import wiring
from modelwright.lifecycle.folder import RunFolder, find_run, find_runs
from modelwright.lifecycle.plan import PLAN
from modelwright.lifecycle.run import Run, newest_unfinished, resume, start
from modelwright.models.race import Race
from modelwright.store import atomic
from modelwright.store.lock import locked

NAMES = [stage.name for stage in PLAN]


class Killed(BaseException):
    """Stands for the end of the process."""


def toy_goal(source: Any, **keys: Any) -> Goal:
    asked = {"name": "toy", "success": ["accuracy >= 0.6"], "search": {"trials": 2, "families": ["toy"]}}
    return Goal(data={"source": source, "target": "y"}, **(asked | keys))


def prints(run: Run) -> list[str]:
    files = [run.path / "verdict.json", run.path / "bundle" / "model.onnx"]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def made_from(run: Run) -> dict[str, str]:
    return {name: atomic.read_json(run.path / name / "stage.json")["from"] for name in NAMES}


def test_the_folder_of_a_run(undisturbed: Run) -> None:
    path = undisturbed.path
    assert undisturbed.verdict == "met"
    assert undisturbed.exit_code == 0
    files = ["goal.yaml", "resolved.yaml", "steps.json", "evidence.jsonl", "leaderboard.csv", "verdict.json"]
    assert all((path / name).is_file() for name in [*files, "timings.json", "log.txt", "bundle/model.json"])
    assert all((path / name / "stage.json").is_file() for name in NAMES)
    steps = json.loads((path / "steps.json").read_text())
    assert [s["step"] for s in steps] == list(range(1, 31))
    shown = [s["shown_by"] for s in steps if s["status"] == "done"]
    assert shown
    assert all((path / place).exists() for place in shown)
    assert {s["step"]: s["status"] for s in steps}[30] == "not done"
    assert not list(path.rglob("*.tmp"))


def test_evidence_stands_in_the_order_of_the_plan(undisturbed: Run) -> None:
    text = (undisturbed.path / "evidence.jsonl").read_text(encoding="utf-8")
    stages = [json.loads(line)["stage"] for line in text.splitlines()]
    assert stages == sorted(stages, key=NAMES.index)


@pytest.mark.parametrize("stage", PLAN, ids=NAMES)
def test_what_a_stage_made_reads_back_as_it_was(undisturbed: Run, stage: Any) -> None:
    """So that no stage's key changes by being stored."""
    kept = undisturbed.folder.read_stage(stage.name)
    assert kept is not None
    assert encode(decode(wiring.made_by(stage), kept[1])) == kept[1]


def test_the_leaderboard_is_a_table(undisturbed: Run) -> None:
    board = undisturbed.leaderboard
    assert {"toy-1", "toy-2", "majority-1"} <= set(board["name"])
    assert float(board["weight"].sum()) == pytest.approx(1.0)


# A run and its resumption each: a few seconds.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "step"),
    [("collect", "after"), ("split", "record.json"), ("train", "stage.json"), ("test", "evidence.jsonl")],
)
def test_killed_at_a_stage_and_resumed_to_the_same_bytes(
    undisturbed: Run, toy_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, step: str
) -> None:
    real = atomic.write_bytes
    state = {"hit": False}

    def write(path: Path, content: bytes, **how: bool) -> None:
        if path.parent.name == stage and path.name == step:
            raise Killed
        if step == "after" and state["hit"]:
            raise Killed
        real(path, content, **how)
        state["hit"] |= path.parent.name == stage and path.name == "stage.json"

    monkeypatch.setattr(atomic, "write_bytes", write)
    with pytest.raises(Killed):
        start(toy_goal(toy_csv), tmp_path, inline=True, report=False)
    monkeypatch.undo()
    folder = newest_unfinished(tmp_path)
    finished = [name for name in NAMES if (folder.path / name / "stage.json").exists()]
    before = {name: (folder.path / name / "stage.json").read_bytes() for name in finished}
    assert finished == NAMES[: NAMES.index(stage) + (step == "after")]
    done = resume(folder, report=False)
    assert prints(done) == prints(undisturbed)
    again = {name: (done.path / name / "stage.json").read_bytes() for name in finished}
    assert again == before
    assert done.path.name.rpartition("-")[2] == undisturbed.path.name.rpartition("-")[2]


# One run, killed in the race and resumed.
@pytest.mark.slow
def test_a_resumed_run_makes_no_finished_fit_again(
    undisturbed: Run, toy_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Race._arrived

    def arrive(self: Race, key: str, error: str, status: str) -> None:
        real(self, key, error, status)
        if sum(len(t.entries) for t in self.trials) == 3:
            raise Killed

    monkeypatch.setattr(Race, "_arrived", arrive)
    with pytest.raises(Killed):
        start(toy_goal(toy_csv), tmp_path, inline=True, report=False)
    monkeypatch.undo()
    folder = newest_unfinished(tmp_path)
    journal = sorted((folder.path / "train" / "fits").glob("*/fit.json"))
    atomic.write_json(journal[0], {**atomic.read_json(journal[0]), "seconds": 100.0})
    fits = {p: p.stat().st_mtime_ns for p in journal}
    assert len(fits) == 3
    done = resume(folder, report=False)
    assert prints(done) == prints(undisturbed)
    assert {p: p.stat().st_mtime_ns for p in fits} == fits
    # What fit_time asks for is all of the fitting, shared by at most 8 workers, and not what was left of it.
    assert atomic.read_json(done.path / "train" / "record.json")["seconds"] >= 100.0 / 8


# Two runs.
@pytest.mark.slow
def test_rows_from_python_are_resumed_from_the_snapshot(
    tmp_path: Path, toy_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.read_csv(toy_csv)
    whole = start(toy_goal(frame), tmp_path / "a", inline=True, report=False)

    def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(RunFolder, "write_leaderboard", die)
    with pytest.raises(Killed):
        start(toy_goal(frame), tmp_path / "b", inline=True, report=False)
    monkeypatch.undo()
    done = resume(newest_unfinished(tmp_path / "b"), report=False)
    assert prints(done) == prints(whole)
    assert "source changed" not in (done.path / "log.txt").read_text()


def test_rows_from_python_that_were_never_stored_cannot_be_resumed(
    tmp_path: Path, toy_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: RunFolder, name: str, *_: Any) -> None:
        raise Killed

    monkeypatch.setattr(RunFolder, "keep_stage", die)
    with pytest.raises(Killed):
        start(toy_goal(pl.read_csv(toy_csv)), tmp_path, inline=True, report=False)
    monkeypatch.undo()
    with pytest.raises(BadInput, match="its rows were given from Python") as caught:
        resume(newest_unfinished(tmp_path), report=False)
    assert caught.value.code == "run.rows-lost"


# One run, killed and resumed.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.write_text(p.read_text() + "0.1,0.2,u,yes\n"), "toy.csv has another size now"),
        (lambda p: p.write_text(p.read_text().replace("no", "on")), "toy.csv has another content now"),
        (lambda p: p.unlink(), "toy.csv cannot be read any more"),
        (lambda p: p.touch(), ""),
    ],
)
def test_a_changed_source_is_noted_and_the_snapshot_used(
    undisturbed: Run,
    toy_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], Any],
    said: str,
) -> None:
    copy = tmp_path / "toy.csv"
    shutil.copyfile(toy_csv, copy)
    monkeypatch.setattr(RunFolder, "write_leaderboard", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        start(toy_goal(copy), tmp_path / "runs", inline=True, report=False)
    monkeypatch.undo()
    change(copy)
    heard: list[str] = []

    def say(event: str, **facts: Any) -> None:
        if event == "source changed":
            heard.append(facts["what"])

    done = resume(newest_unfinished(tmp_path / "runs"), say=say, report=False)
    assert heard == ([said] if said else [])
    assert (said in (done.path / "log.txt").read_text()) == bool(heard) or not said
    assert prints(done)[1] == prints(undisturbed)[1]


# Two runs.
@pytest.mark.slow
def test_a_new_run_takes_from_the_store_what_did_not_change(toy_csv: Path, tmp_path: Path) -> None:
    first = start(toy_goal(toy_csv), tmp_path, inline=True, report=False)
    assert set(made_from(first).values()) == {"computed"}
    second = start(
        toy_goal(toy_csv, monitor={"alarm_rate": 0.2}, success_policy="point"),
        tmp_path, inline=True, report=False,
    )  # fmt: skip
    found = made_from(second)
    assert {name for name, how in found.items() if how == "store"} == {"clean", "profile"} | (
        {name for name in ("label", "split") if found[name] == "store"}
    )
    assert found["collect"] == found["train"] == found["test"] == "computed"
    # The same graph on the same rows tells nothing new; a new goal alone is no new opening.
    assert atomic.read_json(second.path / "verdict.json")["test_openings"] == 1
    assert prints(second)[1] == prints(first)[1]


def test_other_versions_are_refused(
    undisturbed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = RunFolder(tmp_path / undisturbed.path.name)
    shutil.copytree(undisturbed.path, copy.path)
    copy.set_state(status="stopped", versions={**copy.state()["versions"], "numpy": "1.0"})
    with pytest.raises(BadInput, match=r"started with other versions: numpy 1\.0 -> ") as caught:
        resume(copy)
    assert caught.value.code == "run.versions"


def test_a_finished_run_is_not_gone_on_with(undisturbed: Run) -> None:
    with pytest.raises(BadInput, match="is finished") as caught:
        resume(undisturbed.folder)
    assert caught.value.code == "run.finished"
    with pytest.raises(BadInput, match="no unfinished run"):
        newest_unfinished(undisturbed.path.parent)


def test_two_processes_on_one_run(undisturbed: Run, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / undisturbed.path.name)
    shutil.copytree(undisturbed.path, copy.path)
    copy.set_state(status="stopped")
    with locked(copy.path), pytest.raises(BadInput, match="another process is working on") as caught:
        resume(copy)
    assert caught.value.code == "run.locked"


def test_runs_are_found_by_path_name_and_goal(undisturbed: Run, tmp_path: Path) -> None:
    runs = undisturbed.path.parent
    for name in (str(undisturbed.path), undisturbed.path.name, "toy"):
        assert find_run(name, runs).path == undisturbed.path
    with pytest.raises(BadInput, match="there is no run 'toyy'") as caught:
        find_run("toyy", runs)
    assert caught.value.hint == "did you mean 'toy'?"
    assert find_runs(tmp_path / "nowhere") == []


def test_bad_rows_leave_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,y\n")
    with pytest.raises(BadInput):
        start(toy_goal(tmp_path / "x.csv"), tmp_path / "runs", inline=True, report=False)
    assert find_runs(tmp_path / "runs") == []


def test_names_of_runs_are_never_shared(tmp_path: Path) -> None:
    made = [RunFolder.create(tmp_path, "a").path.name for _ in range(3)]
    assert len(set(made)) == 3
    assert all(name.endswith("-pending") for name in made)


@pytest.mark.parametrize(
    ("error", "said"),
    [(MemoryError(), "out of memory"), (OSError(5, "Input/output error"), "Input/output error")],
)
def test_what_the_system_refuses_can_be_resumed(
    toy_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    real = wiring.parameters

    def fail(*_: Any) -> Cleaned:
        raise error

    monkeypatch.setattr("modelwright.data.clean.stage.clean", fail)
    monkeypatch.setattr(wiring, "parameters", lambda s: {} if s.name == "clean" else real(s))
    with pytest.raises(Stopped, match=said) as caught:
        start(toy_goal(toy_csv), tmp_path, inline=True, report=False)
    assert caught.value.exit_code == 4
    assert newest_unfinished(tmp_path).status == "stopped"


# A run each.
@pytest.mark.slow
def test_texts_may_hold_any_end_of_line(toy_csv: Path, tmp_path: Path) -> None:
    """Mis-decoded files have U+0085, which ends a line for Python and not in JSON lines."""
    named = {"yes": "yes\x85sir", "no": "no\u2028sir"}
    frame = pl.read_csv(toy_csv).with_columns(pl.col("y").replace_strict(named, return_dtype=pl.String))
    run = start(toy_goal(frame), tmp_path, inline=True)
    assert run.verdict == "met"
    assert "yes\x85sir" in (run.path / "evidence.jsonl").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_another_goal_accepted_is_not_accepted(toy_csv: Path, tmp_path: Path) -> None:
    """Cleaning is taken from the store whatever is accepted, so its findings are looked at again."""
    frame = pl.read_csv(toy_csv).with_columns(pl.lit("same").alias("d"))

    def reasons(run: Run) -> list[str | None]:
        found = run.folder.stage_evidence("clean")
        return [f["accepted"] for f in found if f.get("code") == "clean.constant"]

    lenient = start(toy_goal(frame, accept={"clean.constant": "fine"}), tmp_path, inline=True, report=False)
    assert reasons(lenient) == ["fine"]
    strict = start(toy_goal(frame), tmp_path, inline=True, report=False)
    assert made_from(strict)["clean"] == "store"
    assert reasons(strict) == [None]


def test_a_run_that_can_be_found_has_its_goal(
    toy_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RunFolder.set_state

    def dies(folder: RunFolder, **facts: Any) -> None:
        real(folder, **facts)
        raise Killed

    monkeypatch.setattr(RunFolder, "set_state", dies)
    with pytest.raises(Killed):
        start(toy_goal(toy_csv), tmp_path, inline=True, report=False)
    assert all((found.path / "goal.yaml").is_file() for found in find_runs(tmp_path))
    assert find_runs(tmp_path)


def test_a_budget_that_earlier_stages_used_up_ends_with_a_baseline(toy_csv: Path, tmp_path: Path) -> None:
    """As on a machine that is busy with something else: of twenty seconds none is left for the race."""
    goal = toy_goal(toy_csv, search={"families": ["toy"]}, budget="20s")
    made = start(goal, tmp_path, started_at=time.monotonic() - 21.0, inline=True, report=False)
    assert made.folder.status == "finished"
    trained = json.loads((made.folder.path / "train" / "record.json").read_text())
    assert trained["ended"] == "time"
    assert [row["name"] for row in trained["leaderboard"] if row["status"] == "fitted"] == [
        trained["baseline"]["name"]
    ]


def test_a_budget_that_is_too_small_names_the_way_on(toy_csv: Path, tmp_path: Path) -> None:
    goal = toy_goal(toy_csv, search={"families": ["toy"]}, budget="1s")
    with pytest.raises(BadInput, match="before a single fit") as caught:
        start(goal, tmp_path, started_at=time.monotonic() - 1.0, inline=True, report=False)
    assert "modelwright resume" in caught.value.hint
