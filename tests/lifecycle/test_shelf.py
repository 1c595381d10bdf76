from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadInput
from modelwright.core.records.blob import Blob
from modelwright.core.records.models import Member
from modelwright.lifecycle import shelf
from modelwright.lifecycle.folder import RunFolder, find_runs
from modelwright.lifecycle.run import Run
from modelwright.store import lock
from modelwright.store.lock import locked, using


def made_run(runs: Path, name: str, **state: Any) -> RunFolder:
    folder = RunFolder(runs / name)
    folder.path.mkdir(parents=True)
    folder.set_state(goal="g", status="finished", started=name, **state)
    return folder


def kept(folder: RunFolder, stage: str, content: bytes, place: Path | None = None) -> Blob:
    """A stage's record that holds a blob, in the run or in a place within it."""
    blob = Blob.of(content, "bytes")
    target = RunFolder(place or folder.path, folder.path.parent / ".store")
    target.keep_stage(stage, f"key-{stage}", target.store.keep(Member("m", "f", blob, 1.0)), (), {})
    return blob


def test_gc_keeps_what_runs_need_in_outer_folds_too(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a")
    wanted = [kept(run, "train", b"one"), kept(run, "train", b"two", run.path / "outer" / "0")]
    lost = run.store.put(Blob.of(b"nobody's", "bytes"))
    stage = run.store.stage("key-train")
    stage.parent.mkdir()
    stage.write_text("{}")
    assert shelf.collect_garbage(tmp_path) == (1, 8)
    assert all(blob.path is not None and blob.path.exists() for blob in wanted)
    assert lost.path is not None
    assert not lost.path.exists()
    assert stage.exists()


def test_gc_frees_what_a_deleted_run_alone_needed(tmp_path: Path) -> None:
    first, second = made_run(tmp_path, "a"), made_run(tmp_path, "b")
    both = kept(first, "train", b"both")
    kept(second, "train", b"both")
    own = kept(first, "test", b"own!")
    assert shelf.delete("a", tmp_path) == "a"
    assert [run.name for run in find_runs(tmp_path)] == ["b"]
    assert shelf.collect_garbage(tmp_path) == (1, 4)
    assert both.path is not None
    assert both.path.exists()
    assert own.path is not None
    assert not own.path.exists()


def test_gc_waits_for_nobody_and_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    run = made_run(tmp_path, "a")
    lost = run.store.put(Blob.of(b"nobody's", "bytes"))
    with locked(run.path), pytest.raises(BadInput, match="a is running") as caught:
        shelf.collect_garbage(tmp_path)
    assert caught.value.code == "gc.busy"
    with using(tmp_path / ".store"), pytest.raises(BadInput, match="a run is running"):
        shelf.collect_garbage(tmp_path)
    assert lost.path is not None
    assert lost.path.exists()


def test_gc_removes_what_kills_left(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a")
    (run.path / ".x.json.00ff.tmp").write_text("ha")
    (tmp_path / f"{shelf.DELETED}b").mkdir()
    (tmp_path / f"{shelf.DELETED}b" / "state.json").write_text("{}")
    (tmp_path / "c-20260101T000000-pending").mkdir()
    (tmp_path / "notes").mkdir()  # a folder of the user's own
    assert [found.name for found in find_runs(tmp_path)] == ["a"]
    assert shelf.collect_garbage(tmp_path) == (3, 0)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == [".store", "a", "notes"]
    assert shelf.collect_garbage(tmp_path / "nowhere") == (0, 0)
    assert not (tmp_path / "nowhere").exists()


def test_a_run_that_goes_on_is_not_deleted(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a")
    with locked(run.path), pytest.raises(BadInput, match="a is running"):
        shelf.delete("a", tmp_path)
    assert run.path.exists()


def test_a_run_whose_process_died_is_listed_as_stopped(tmp_path: Path) -> None:
    run = made_run(tmp_path, "a")
    run.set_state(status="running")
    assert shelf.listing(tmp_path)[0]["status"] == "stopped"
    with locked(run.path):
        assert shelf.listing(tmp_path)[0]["status"] == "running"


def test_comparing_two_runs(undisturbed: Run, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "other")
    shutil.copytree(undisturbed.path, copy.path)
    verdict = json.loads((copy.path / "verdict.json").read_text())
    (copy.path / "verdict.json").write_text(json.dumps({**verdict, "verdict": "unproven"}))
    table = {row["what"]: (row["first"], row["second"]) for row in shelf.compare(undisturbed.folder, copy)}
    assert table["verdict"] == ("met", "unproven")
    assert table["collect rows"] == (240, 240)
    assert table["run"] == (undisturbed.path.name, "other")
    assert table["train trials"] == (2, 2)
    (copy.path / "verdict.json").unlink()
    table = {row["what"]: (row["first"], row["second"]) for row in shelf.compare(undisturbed.folder, copy)}
    assert table["verdict"] == ("met", "-")
