"""The runs of the folder, and one of them in detail."""

from __future__ import annotations

from pathlib import Path

from modelwright.lifecycle.folder import RunFolder
from modelwright.report import RunView, build
from modelwright.store.lock import is_locked
from modelwright.web.reading.files import fresh, number, object_of, stamp
from modelwright.web.reading.watched import criterion
from modelwright.web.refusal import Refused
from modelwright.web.site import Site
from modelwright.web.views import RunLine

STAGE_FILES = ("record.json", "evidence.jsonl", "stage.json")
FILES = (
    "report.html", "goal.yaml", "resolved.yaml", "verdict.json", "steps.json", "timings.json",
    "leaderboard.csv", "evidence.jsonl", "log.txt", "bundle/model.json", "bundle/MODEL_CARD.md",
    "bundle/DATA_CARD.md",
    "bundle/reference.json", "bundle/preprocess.json",
)  # fmt: skip
"""What of a run's folder can be read in the browser, beside each stage's files."""


def names(site: Site) -> frozenset[str]:
    """The names of the runs in the folder. Cached by the folder's own time: a name that is there stays."""
    return frozenset(path.name for path in _folders(site.runs))


def _folders(runs: Path) -> list[Path]:
    """As ``find_runs``, without reading what is in them."""
    if not runs.is_dir():
        return []
    return [p for p in runs.iterdir() if not p.name.startswith(".") and (p / "state.json").is_file()]


def listing(site: Site) -> tuple[RunLine, ...]:
    """Every run, newest first."""
    found = [line(path) for path in _folders(site.runs)]
    return tuple(sorted(found, key=lambda r: (r.started, r.name), reverse=True))


def line(path: Path) -> RunLine:
    """One run; its files are read again when they have changed."""
    parts = tuple(path / name for name in ("state.json", "verdict.json", "timings.json", "report.html"))
    made = fresh(("run", path), parts, lambda: _line(path))
    if made.status == "running" and not is_locked(path):
        return RunLine(
            made.name, made.goal, "stopped", made.verdict, made.released, made.started, made.seconds,
            made.criteria, made.report,
        )  # fmt: skip
    return made


def _line(path: Path) -> RunLine:
    run = RunFolder(path)
    state, verdict = run.state(), object_of(path / "verdict.json")
    criteria = verdict.get("criteria")
    return RunLine(
        name=path.name,
        goal=str(state.get("goal") or ""),
        status=run.status,
        verdict=str(verdict.get("verdict") or state.get("verdict") or ""),
        released=bool(verdict.get("released", state.get("released", False))),
        started=str(state.get("started") or ""),
        seconds=number(object_of(path / "timings.json").get("total")),
        criteria=tuple(criterion(c) for c in criteria if isinstance(c, dict))
        if isinstance(criteria, list)
        else (),
        report=(path / "report.html").is_file(),
    )


def find(site: Site, name: str) -> RunFolder:
    """The run of that name in the folder: names are compared with those that are there, never joined."""
    for path in _folders(site.runs):
        if path.name == name:
            return RunFolder(path)
    raise Refused(404, f"There is no run {name!r}", "The list of runs has those that there are.")


def view(run: RunFolder) -> RunView:
    """The view that the report is made of; made again when the run has come further."""
    parts = tuple(run.path / name for name in ("state.json", "verdict.json", "timings.json", "steps.json"))
    stages = tuple(sorted(p for p in run.path.glob("*/stage.json")))
    return fresh(("view", run.path, stages, tuple(stamp(p) for p in stages)), parts, lambda: build(run.path))


def files(run: RunFolder) -> dict[str, Path]:
    """The files that can be read in the browser, by their names inside the run's folder."""
    found = {name: run.path / name for name in FILES if (run.path / name).is_file()}
    for folder in sorted(p for p in run.path.iterdir() if p.is_dir() and p.name.isalpha()):
        for name in STAGE_FILES:
            if (folder / name).is_file():
                found[f"{folder.name}/{name}"] = folder / name
    top = run.path.resolve()
    return {name: path for name, path in found.items() if path.resolve().is_relative_to(top)}
