"""One execution of a goal: the stages of the plan, in order, each kept as soon as it is done."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadInput
from modelwright.core.records.verdict import Released
from modelwright.core.stage import Say, say_nothing
from modelwright.goal.goal import Goal
from modelwright.lifecycle.agree import agree
from modelwright.lifecycle.folder import RunFolder, find_runs
from modelwright.lifecycle.plan import PLAN
from modelwright.lifecycle.runner import Runner
from modelwright.lifecycle.versions import versions
from modelwright.release.lineage import BORN
from modelwright.store import atomic
from modelwright.store.lock import is_locked, locked, using


@dataclass(frozen=True)
class Run:
    """A run as a whole: where it is, and what came of it."""

    folder: RunFolder
    released: Released | None

    def __repr__(self) -> str:
        return f"Run({self.folder.name!r}, {self.verdict or 'unfinished'})"

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def verdict(self) -> str | None:
        """met, not met, unproven; None while the run is unfinished."""
        return self.released.verdict if self.released else None

    @property
    def bundle(self) -> Path | None:
        """The folder of the released model, or None."""
        if self.released is None or self.released.bundle is None:
            return None
        return self.path / self.released.bundle

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def exit_code(self) -> int:
        """0 when released under the goal's own policy; 3 when it finished without that."""
        good = self.released is not None and self.released.released and not self.released.forced
        return 0 if good else 3

    @property
    def leaderboard(self) -> Any:
        """A polars frame with a row for every family and configuration."""
        import polars as pl

        return pl.read_csv(self.path / "leaderboard.csv")


def start(
    goal: Goal,
    runs: Path,
    *,
    say: Say = say_nothing,
    started_at: float | None = None,
    force_release: bool = False,
    report: bool = True,
    inline: bool = False,
    born: Mapping[str, Any] | None = None,
) -> Run:
    """Run a goal from the beginning in a new folder. ``started_at``: monotonic time at which the command
    began, so that the budget covers imports too. ``inline``: fit in this process, without workers (for tiny
    work only: such a fit cannot be killed). ``born``: ``feedback.json`` of a run that learns from feedback
    (``parent`` and ``feedback`` enter the lineage). Raises what the stages raise for bad input."""
    agree(goal)
    with _begun(runs, goal) as folder:
        if born is not None:  # rows of a log will be in it, with all that is private in them
            atomic.private_folder(folder.path)
            atomic.write_json(folder.path / BORN, dict(born), private=True)
        # Before the state, whose presence makes the folder a run that can be resumed.
        atomic.write_text(folder.path / "goal.yaml", goal.to_yaml())
        folder.set_state(
            status="running",
            goal=goal.sections.problem.name,
            base=str(goal.base),
            frames=goal.frame is not None,
            started=dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
            versions=versions(),
            force_release=force_release,
            seconds=goal.sections.budget.seconds,
            engine=goal.sections.engine,
            process=os.getpid(),
        )
        try:
            began = started_at or time.monotonic()
            return Run(folder, Runner(folder, goal, say, began, force_release, report, inline=inline).go())
        except BadInput:
            if not any(folder.stage(s.name).joinpath("stage.json").exists() for s in PLAN[2:]):
                _forget(folder)
            raise


@contextmanager
def _begun(runs: Path, goal: Goal) -> Iterator[RunFolder]:
    """A new run's folder, locked, and the store in use so that nothing is freed meanwhile."""
    try:
        (runs / ".store").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the folder for runs cannot be made: {error.strerror}",
            code="runs.unwritable",
            hint="choose another folder with --runs DIR",
        ) from error
    with using(runs / ".store"):
        folder = RunFolder.create(runs, goal.sections.problem.name)
        with locked(folder.path):
            yield folder


def _forget(folder: RunFolder) -> None:
    """A run that never got past reading its data leaves no folder behind."""
    import shutil

    shutil.rmtree(folder.path, ignore_errors=True)


def resume(
    folder: RunFolder,
    *,
    say: Say = say_nothing,
    started_at: float | None = None,
    seconds: float | None = None,
    allow_versions: bool = False,
    report: bool = True,
    engine: str | None = None,
) -> Run:
    """Go on with an unfinished run; with finished work kept. A finished run is only gone on with when
    ``seconds`` gives it more time, as a child run of its own. ``engine``: fit elsewhere than so far."""
    state = folder.state()
    if state.get("versions") != versions() and not allow_versions:
        old, new = state.get("versions", {}), versions()
        changed = [
            f"{k} {old.get(k)} -> {new.get(k)}" for k in sorted({*old, *new}) if old.get(k) != new.get(k)
        ]
        raise BadInput(
            f"{folder.name} was started with other versions: {', '.join(changed)}",
            code="run.versions",
            hint="install those versions again, or accept the change with --allow-versions",
        )
    text = (folder.path / "goal.yaml").read_text(encoding="utf-8")
    goal = Goal.restore(text, base=Path(state["base"]), name=state["goal"], frames=bool(state.get("frames")))
    if state.get("frames") and folder.read_stage("collect") is None:
        raise BadInput(
            f"{folder.name} was stopped before its rows were stored, and its rows were given from Python",
            code="run.rows-lost",
            hint="start afresh with the same rows: modelwright.run(goal)",
        )
    asked = state.get("seconds") if seconds is None else seconds
    if asked is not None:  # a budget of the command line is not in the goal's text
        goal = goal.with_budget(asked)
    if (place := engine or state.get("engine")) is not None:  # neither is an engine
        goal = goal.with_engine(place)
    if folder.status == "finished":
        if seconds is None:
            raise BadInput(
                f"{folder.name} is finished",
                code="run.finished",
                hint="give it more with `modelwright resume RUN --budget 60s`, or use `modelwright run`",
            )
        return _child(folder, goal, say, started_at, report)
    with using(folder.store.folder), locked(folder.path):
        folder.set_state(
            status="running",
            process=os.getpid(),
            versions=versions(),
            seconds=asked,
            engine=goal.sections.engine,
        )
        forced = bool(state.get("force_release"))
        began = started_at or time.monotonic()
        return Run(folder, Runner(folder, goal, say, began, forced, report, again=True).go())


def _child(parent: RunFolder, goal: Goal, say: Say, started_at: float | None, report: bool) -> Run:
    """A new run that starts with the stages and fits of a finished one."""
    import shutil

    with _begun(parent.path.parent, goal) as child:
        keep = {s.name for s in PLAN if s.caching != "run"} | {"define"}
        for name in sorted(keep):
            if parent.stage(name).exists():
                shutil.copytree(parent.stage(name), child.stage(name))
        if (parent.stage("train") / "fits").exists():
            shutil.copytree(parent.stage("train") / "fits", child.stage("train") / "fits")
        atomic.write_text(child.path / "goal.yaml", goal.to_yaml())
        if (parent.path / BORN).exists():
            atomic.private_folder(child.path)
            shutil.copy2(parent.path / BORN, child.path / BORN)
        born = {k: v for k, v in parent.state().items() if k not in ("verdict", "released")}
        child.set_state(
            **{
                **born,
                "status": "running",
                "parent": parent.name,
                "seconds": goal.sections.budget.seconds,
                "engine": goal.sections.engine,
                "versions": versions(),
                "started": dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
                "process": os.getpid(),
            }
        )
        forced = bool(child.state().get("force_release"))
        began = started_at or time.monotonic()
        return Run(child, Runner(child, goal, say, began, forced, report, again=True).go())


def newest_unfinished(runs: Path) -> RunFolder:
    """The run that ``resume`` without a name means. Raises :class:`BadInput` when there is none."""
    for folder in reversed(find_runs(runs)):
        if folder.status != "finished" and not is_locked(folder.path):
            return folder
    raise BadInput(
        f"there is no unfinished run in {runs}",
        code="run.none-unfinished",
        hint="`modelwright runs` lists the runs; --runs DIR looks elsewhere",
    )
