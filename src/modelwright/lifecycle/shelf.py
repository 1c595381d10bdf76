"""The runs of a folder: listed, compared, deleted, and their unneeded blobs freed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadInput
from modelwright.lifecycle.folder import RunFolder, find_run, find_runs
from modelwright.store import atomic
from modelwright.store.lock import clearing, is_locked, locked
from modelwright.store.store import Store

DELETED = ".deleted-"


def listing(runs: Path) -> list[dict[str, Any]]:
    """Oldest first: run, goal, status (a run whose process died is ``stopped``), verdict, start."""
    found = []
    for run in find_runs(runs):
        state = run.state()
        status = run.status
        if status == "running" and not is_locked(run.path):
            status = "stopped"
        found.append(
            {
                "run": run.name,
                "goal": state.get("goal"),
                "status": status,
                "verdict": state.get("verdict"),
                "released": state.get("released", False),
                "started": state.get("started", ""),
            }
        )
    return found


def delete(name: str, runs: Path) -> str:
    """Remove a run's folder. What it opened of the test rows stays in the ledger."""
    run = find_run(name, runs)
    if is_locked(run.path):
        raise BadInput(f"{run.name} is running", code="run.locked", hint="stop it first")
    with locked(run.path):
        # Renamed first: a kill in between leaves no half of a run, only a remainder that ``gc`` removes.
        doomed = run.path.with_name(f"{DELETED}{run.name}")
        run.path.rename(doomed)
        shutil.rmtree(doomed)
    return run.name


def collect_garbage(runs: Path) -> tuple[int, int]:
    """Free blobs and stage results that no run refers to, and what kills left behind; (files, bytes). Runs
    that are going on are safe: while one is, nothing is freed, and none begins until all is freed."""
    if not runs.is_dir():
        return 0, 0
    store = Store(runs / ".store")
    with clearing(store.folder) as alone:
        every = find_runs(runs)
        busy = [r.name for r in every if is_locked(r.path)]
        if busy or not alone:
            who = busy[0] if busy else "a run"
            raise BadInput(f"{who} is running", code="gc.busy", hint="wait for it to end, then free")
        return free(runs, store)


def free(runs: Path, store: Store) -> tuple[int, int]:
    """As :func:`collect_garbage`, for whoever keeps everybody out of the store already."""
    wanted: set[str] = set()
    keys: set[str] = set()
    for run in find_runs(runs):
        for stages in ("*", "outer/*/*"):
            for path in run.path.glob(f"{stages}/record.json"):
                _digests(atomic.read_json(path), wanted)
            for path in run.path.glob(f"{stages}/stage.json"):
                keys.add(str(atomic.read_json(path)["key"]))
    files, size = store.collect_garbage(wanted, keys)
    return files + _remainders(runs), size


def _remainders(runs: Path) -> int:
    """Remove halves of deleted runs, runs that were killed before they wrote anything down, and files that a
    kill left half-written."""
    gone = 0
    for run in find_runs(runs):
        for path in sorted(run.path.rglob(".*.tmp")):
            path.unlink()
            gone += 1
    for folder in sorted(p for p in runs.iterdir() if p.is_dir()):
        unborn = folder.name.endswith("-pending") and not (folder / "state.json").exists()
        if (folder.name.startswith(DELETED) or unborn) and not is_locked(folder):
            shutil.rmtree(folder)
            gone += 1
    return gone


def _digests(data: Any, into: set[str]) -> None:
    if isinstance(data, dict):
        if "$blob" in data:
            into.add(data["digest"])
        for value in data.values():
            _digests(value, into)
    elif isinstance(data, list):
        for value in data:
            _digests(value, into)


def compare(first: RunFolder, second: RunFolder) -> list[dict[str, Any]]:
    """What was asked, chosen and measured in two runs, line by line."""
    a, b = _facts(first), _facts(second)
    return [{"what": k, "first": a.get(k, "-"), "second": b.get(k, "-")} for k in dict.fromkeys([*a, *b])]


def _facts(run: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = {"run": run.name, "started": run.state().get("started", "")[:19]}
    for part, path in (("verdict", "verdict.json"), ("timings", "timings.json")):
        file = run.path / path
        if not file.exists():
            continue
        data = atomic.read_json(file)
        if part == "verdict":
            found |= {
                "verdict": data["verdict"],
                "released": data["released"],
                "openings": data["test_openings"],
            }
            for c in data["criteria"]:
                found[c["criterion"]] = _interval(c)
        else:
            found["seconds"] = data["total"]
    for name, key in (("collect", "rows"), ("train", "trials"), ("train", "score"), ("train", "metric")):
        kept = run.read_stage(name)
        if kept is not None:
            found[f"{name} {key}"] = kept[1][key]
    kept = run.read_stage("compress")
    if kept is not None:
        found["members"] = ", ".join(kept[1]["members"])
        found["bytes of the graph"] = kept[1]["graph"]["size"]
    for line in _evidence(run, "test"):
        if line["kind"] == "metric" and line["about"] == "model":
            found[f"test {line['name']}"] = _interval(line["estimate"])
    return found


def _interval(data: dict[str, Any]) -> str:
    value, low, high = data["value"], data["low"], data["high"]
    if value is None:
        return "-"
    return f"{value:.4g}" if low is None or high is None else f"{value:.4g} ({low:.4g} to {high:.4g})"


def _evidence(run: RunFolder, stage: str) -> list[dict[str, Any]]:
    try:
        return run.stage_evidence(stage)
    except json.JSONDecodeError:
        return []
