"""One execution of a goal: the stages of the plan, in order, each kept as soon as it is done."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.core.book import Book
from modelwright.core.codec import decode
from modelwright.core.errors import BadInput, ModelwrightError, Stopped
from modelwright.core.records.data import Collected, Sealed
from modelwright.core.records.evidence import Finding
from modelwright.core.records.goal import Force, Openings
from modelwright.core.records.models import Compressed, Outer, Trained
from modelwright.core.records.verdict import Findings, Released
from modelwright.core.stage import Say, Work, say_nothing
from modelwright.goal.goal import Goal
from modelwright.goal.sections import Sections
from modelwright.lifecycle import wiring
from modelwright.lifecycle.agree import agree
from modelwright.lifecycle.folder import RunFolder, find_runs
from modelwright.lifecycle.machine import available_cores, available_memory, peak_memory
from modelwright.lifecycle.openings import open_rows
from modelwright.lifecycle.outer import carry_through
from modelwright.lifecycle.plan import PLAN, Stage
from modelwright.lifecycle.resolved import resolved
from modelwright.lifecycle.steps import account
from modelwright.lifecycle.versions import versions
from modelwright.models.pool import Pool, workers_for
from modelwright.store import atomic
from modelwright.store.lock import is_locked, locked, using

DEFAULT_SECONDS = 300.0
"""Time when a goal gives neither time nor work."""


@dataclass(frozen=True)
class Run:
    """A run as a whole: where it is, and what came of it."""

    folder: RunFolder
    released: Released | None

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


class Interrupts:
    """The first Ctrl-C asks to end well with the best so far; the second stops at once."""

    def __init__(self, say: Say) -> None:
        self.asked = False
        self._say = say

    def _first(self, signum: int, frame: Any) -> None:
        if self.asked:
            raise Stopped(
                "stopped by a second interrupt",
                code="stopped.signal",
                hint="`modelwright resume` goes on from here",
            )
        self.asked = True
        self._say("interrupted")

    def _terminate(self, signum: int, frame: Any) -> None:
        raise Stopped(
            f"stopped by {signal.Signals(signum).name}",
            code="stopped.signal",
            hint="`modelwright resume` goes on from here",
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside the block (in the main thread alone)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, self._first)
        signal.signal(signal.SIGTERM, self._terminate)
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def start(
    goal: Goal,
    runs: Path,
    *,
    say: Say = say_nothing,
    started_at: float | None = None,
    force_release: bool = False,
    report: bool = True,
    inline: bool = False,
) -> Run:
    """Run a goal from the beginning in a new folder. ``started_at``: monotonic time at which the command
    began, so that the budget covers imports too. ``inline``: fit in this process, without workers (for tiny
    work only: such a fit cannot be killed). Raises what the stages raise for bad input."""
    agree(goal)
    with _begun(runs, goal) as folder:
        folder.set_state(
            status="running",
            goal=goal.sections.problem.name,
            base=str(goal.base),
            frames=goal.frame is not None,
            started=dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
            versions=versions(),
            force_release=force_release,
            seconds=goal.sections.budget.seconds,
            process=os.getpid(),
        )
        atomic.write_text(folder.path / "goal.yaml", goal.to_yaml())
        try:
            began = started_at or time.monotonic()
            return Runner(folder, goal, say, began, force_release, report, inline=inline).go()
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
) -> Run:
    """Go on with an unfinished run; with finished work kept. A finished run is only gone on with when
    ``seconds`` gives it more time, as a child run of its own."""
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
    asked = state.get("seconds") if seconds is None else seconds
    if asked is not None:  # a budget of the command line is not in the goal's text
        goal = goal.with_budget(asked)
    if folder.status == "finished":
        if seconds is None:
            raise BadInput(
                f"{folder.name} is finished",
                code="run.finished",
                hint="give it more with `modelwright resume RUN --budget 60s`, or start afresh with `modelwright run`",
            )
        return _child(folder, goal, say, started_at, report)
    with using(folder.store.folder), locked(folder.path):
        folder.set_state(status="running", process=os.getpid(), versions=versions(), seconds=asked)
        forced = bool(state.get("force_release"))
        return Runner(folder, goal, say, started_at or time.monotonic(), forced, report, again=True).go()


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
        born = {k: v for k, v in parent.state().items() if k not in ("verdict", "released")}
        child.set_state(
            **{
                **born,
                "status": "running",
                "parent": parent.name,
                "seconds": goal.sections.budget.seconds,
                "versions": versions(),
                "started": dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
                "process": os.getpid(),
            }
        )
        atomic.write_text(child.path / "goal.yaml", goal.to_yaml())
        forced = bool(child.state().get("force_release"))
        return Runner(child, goal, say, started_at or time.monotonic(), forced, report, again=True).go()


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


class Runner:
    """Goes through the plan once. Holds the records made so far, by type."""

    def __init__(
        self,
        folder: RunFolder,
        goal: Goal,
        say: Say,
        started_at: float,
        force_release: bool,
        report: bool,
        *,
        again: bool = False,
        inline: bool = False,
    ) -> None:
        self.folder = folder
        self.goal = goal
        self.sections: Sections = goal.sections
        self.say = say
        self.started_at = started_at
        self.force_release = force_release
        self.report = report
        self.again = again
        self.inline = inline
        self.records: dict[type, Any] = {}
        self.findings: list[Finding] = []
        self.timings: dict[str, float] = {}
        self.pool: Pool | None = None
        self.pause_at = float("inf")
        """When the outer fold that is going on must have ended."""
        self.versions = versions()
        self.interrupts = Interrupts(self.note)

    def note(self, event: str, **facts: Any) -> None:
        """Tell the listener, and the run's own log."""
        stamp = dt.datetime.now(dt.UTC).strftime("%H:%M:%S.%f")[:-3]
        text = " ".join(f"{k}={v}" for k, v in facts.items())
        with (self.folder.path / "log.txt").open("a", encoding="utf-8") as out:
            out.write(f"{stamp} {event} {text}\n".replace("\x00", ""))
        self.say(event, **facts)

    def seconds(self) -> float | None:
        budget = self.sections.budget.seconds
        if budget is None and self.sections.search.trials is None:
            return DEFAULT_SECONDS
        return budget

    def work(self, stage: Stage) -> Work:
        seconds = self.seconds()
        path = self.folder.stage(stage.name)
        path.mkdir(parents=True, exist_ok=True)
        return Work(
            folder=path,
            seed=self.sections.seed,
            cores=self.sections.budget.cores or available_cores(),
            memory=self.sections.budget.memory or available_memory(),
            ends_at=None if seconds is None else min(self.started_at + seconds, self.pause_at),
            say=self.note,
            stop=lambda: self.interrupts.asked,
            started_at=self.started_at,
            inline=self.inline,
            pool=self.pool,
        )

    def go(self) -> Run:
        self.note("run", name=self.folder.name, again=self.again)
        try:
            with self.interrupts.watching(), self._workers():
                wiring.check(PLAN)
                for stage in PLAN:
                    self.carry_out(stage)
                    if stage.name == "split":
                        self.records[Outer] = carry_through(self)
        except ModelwrightError:
            self.folder.set_state(status="stopped")
            raise
        except (MemoryError, OSError) as error:
            self.folder.set_state(status="stopped")
            raise Stopped(
                f"the run stopped: {str(error) or 'out of memory'}",
                code="stopped.system",
                hint="mend the cause, then `modelwright resume`",
            ) from error
        return self._finish()

    @contextmanager
    def _workers(self) -> Iterator[None]:
        """Processes for fits, started before anything else so that their imports cost no waiting."""
        if self.inline:
            yield
            return
        cores = self.sections.budget.cores or available_cores()
        with Pool(workers_for(cores), None, log=self.folder.path / "worker.log") as self.pool:
            yield
        self.pool = None

    def carry_out(self, stage: Stage) -> None:
        began = time.monotonic()
        book = Book(dict(self.sections.success.accept))
        arguments = self._arguments(stage, book)
        key = wiring.key_of(stage, arguments, self.sections.seed, self.versions)
        self.note("stage", stage=stage.name)
        kind = wiring.made_by(stage)
        kept = self._kept(stage, key, kind)
        if kept is None:
            record = stage.function(**arguments)
            data = self.folder.store.keep(record)
            evidence = book.items
            facts = {
                "seconds": round(time.monotonic() - began, 4),
                "peak_memory": peak_memory(),
                "from": "computed",
            }
            if stage.caching == "shared":
                path = self.folder.store.stage(key)
                from modelwright.lifecycle.folder import lines

                atomic.write_json(
                    path, {"record": data, "evidence": lines(stage.name, evidence)}, indent=None
                )
            self.folder.keep_stage(stage.name, key, data, evidence, facts)
        else:
            record = kept
        for part in wiring.unpack(record):
            self.records[type(part)] = part
        if isinstance(record, Collected):
            if kept is not None:
                self._compare_sources(record)
            content = self.goal.digest + record.digest
            self.folder.settle_name(hashlib.sha256(content.encode()).hexdigest())
        if isinstance(record, Trained):
            self.folder.write_leaderboard(record.leaderboard)
        self.findings += [
            decode(Finding, {k: v for k, v in item.items() if k not in ("stage", "kind")})
            for item in self.folder.stage_evidence(stage.name)
            if item["kind"] == "finding"
        ]
        self.timings[stage.name] = round(time.monotonic() - began, 4)
        self.note("stage done", stage=stage.name, seconds=self.timings[stage.name])

    def _compare_sources(self, collected: Collected) -> None:
        """Note sources that are no longer what the snapshot holds; the snapshot is what counts."""
        if self.goal.frame is not None or self.folder.state().get("frames"):
            return
        from modelwright.data.read.changed import changed

        places = (self.sections.source.source, self.sections.source.test)
        for place, facts in zip((p for p in places if p is not None), collected.sources, strict=False):
            what = changed(place, facts)
            if what:
                self.note("source changed", what=what, used="the rows as they were first read")

    def _kept(self, stage: Stage, key: str, kind: type) -> Any | None:
        """The stage's record from this run (when it is resumed) or from the store."""
        store = self.folder.store
        if self.again and (found := self.folder.read_stage(stage.name)):
            manifest, data = found
            snapshot = stage.caching == "looks"
            if manifest["key"] == key or snapshot:
                return store.revive(kind, data)
        path = store.stage(key)
        if stage.caching == "shared" and path.exists():
            held = atomic.read_json(path)
            record = store.revive(kind, held["record"])
            if record is not None:
                target = self.folder.stage(stage.name)
                atomic.write_text(target / "evidence.jsonl", held["evidence"])
                atomic.write_json(target / "record.json", held["record"])
                atomic.write_json(
                    target / "stage.json", {"stage": stage.name, "key": key, "seconds": 0.0, "from": "store"}
                )
            return record
        return None

    def _arguments(self, stage: Stage, book: Book) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, kind in wiring.parameters(stage).items():
            if kind is Book:
                given[name] = book
            elif kind is Work:
                given[name] = self.work(stage)
            elif kind is Findings:
                given[name] = Findings(tuple(self.findings))
            elif kind is Force:
                given[name] = Force(self.force_release)
            elif kind is Openings:
                given[name] = self._openings()
            elif name == "seed":
                given[name] = self.sections.seed
            elif name == "frame":
                given[name] = self.goal.frame
            elif kind in self.records:
                given[name] = self.records[kind]
            else:
                given[name] = next(
                    value
                    for value in (getattr(self.sections, f) for f in self.sections.__dataclass_fields__)
                    if type(value) is kind
                )
        return given

    def _openings(self) -> Openings:
        outer: Outer = self.records[Outer]
        if outer.folds:
            return self._outer_openings(outer)
        sealed, compressed = self.records[Sealed], self.records[Compressed]
        return open_rows(
            self.folder.store.folder / "openings",
            sealed.table.get(),
            compressed.graph.digest,
            self.folder.name,
        )

    def _outer_openings(self, outer: Outer) -> Openings:
        """All folds' sealed rows and all folds' graphs are one opening."""
        import polars as pl

        tables = [f.sealed.table.get() for f in outer.folds] + [self.records[Sealed].table.get()]
        graphs = [f.compressed.graph.digest for f in outer.folds] + [self.records[Compressed].graph.digest]
        together = hashlib.sha256("".join(graphs).encode()).hexdigest()
        rows = pl.concat(tables, how="vertical_relaxed")
        return open_rows(self.folder.store.folder / "openings", rows, together, self.folder.name)

    def _finish(self) -> Run:
        released: Released = self.records[Released]
        if self.force_release and released.bundle is None:
            self.note("forced release refused", why=released.reason)
        atomic.write_text(self.folder.path / "resolved.yaml", resolved(self.goal, self.records))
        steps = account(self.folder, self.records)
        atomic.write_json(self.folder.path / "steps.json", steps)
        self.folder.gather_evidence(tuple(stage.name for stage in PLAN))
        total = round(time.monotonic() - self.started_at, 3)
        atomic.write_json(
            self.folder.path / "timings.json",
            {"stages": self.timings, "total": total, "budget": self.seconds()},
        )
        if self.report:
            from modelwright import report

            report.write(self.folder.path)
        self.folder.set_state(status="finished", verdict=released.verdict, released=released.released)
        self.note("done", verdict=released.verdict, seconds=round(time.monotonic() - self.started_at, 2))
        return Run(self.folder, released)
