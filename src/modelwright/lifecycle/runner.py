"""The runner: goes through the plan, gives each stage what it asks for, keeps what it makes."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelwright.core.book import Book
from modelwright.core.codec import decode
from modelwright.core.errors import ModelwrightError, Stopped
from modelwright.core.records.data import ROW, Collected, Earlier, Sealed
from modelwright.core.records.evidence import Finding
from modelwright.core.records.goal import Force, Openings
from modelwright.core.records.models import Compressed, Outer, Trained
from modelwright.core.records.verdict import Findings, Released
from modelwright.core.stage import Say, Work
from modelwright.goal.goal import Goal
from modelwright.goal.sections import Sections
from modelwright.lifecycle import increments, wiring
from modelwright.lifecycle.folder import RunFolder, accepted, lines
from modelwright.lifecycle.interrupts import Interrupts
from modelwright.lifecycle.machine import available_cores, available_memory, peak_memory
from modelwright.lifecycle.openings import open_rows
from modelwright.lifecycle.outer import carry_through
from modelwright.lifecycle.plan import PLAN, Stage
from modelwright.lifecycle.resolved import resolved
from modelwright.lifecycle.steps import account
from modelwright.lifecycle.versions import versions
from modelwright.models.pool import Pool, early_imports, workers_for
from modelwright.store import atomic

if TYPE_CHECKING:
    import polars as pl

DEFAULT_SECONDS = 300.0
"""Time when a goal gives neither time nor work."""


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

    def go(self) -> Released:
        self.note("run", name=self.folder.name, again=self.again)
        try:
            with self.interrupts.watching(), self._workers():
                wiring.check(PLAN)
                for stage in PLAN:
                    self.carry_out(stage)
                    if stage.name == "split":
                        self.records[Outer] = carry_through(self)
                    if stage.name == "train" and self.pool is not None:
                        # Nothing is fitted any more: what workers hold is free for the stages that follow.
                        self.pool.close()
                        self.pool = None
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
        log, memory = self.folder.path / "worker.log", self.sections.budget.memory
        warm = early_imports(self.sections.search.families)
        made: Pool
        if self.sections.engine == "local":
            made = Pool(workers_for(cores), None, log=log, memory=memory, warm=warm)
        else:
            from modelwright.models.cluster.pool import RayPool

            made = RayPool(
                self.sections.engine,
                generation=workers_for(cores),
                versions=self.versions,
                log=log,
                warm=warm,
                say=self.note,
            )
        with made as self.pool:
            yield
        self.pool = None

    def carry_out(self, stage: Stage) -> None:
        if self.pool is not None:
            self.pool.check()
        began = time.monotonic()
        book = Book(dict(self.sections.success.accept))
        arguments = self._arguments(stage, book)
        key = wiring.key_of(stage, arguments, self.sections.seed, self.versions)
        self.note("stage", stage=stage.name)
        kind = wiring.made_by(stage)
        kept = self._kept(stage, key, kind, book)
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
                store = self.folder.store
                held = {"record": data, "evidence": lines(stage.name, evidence)}
                atomic.write_json(store.stage(key), held, indent=None, private=store.private)
            self.folder.keep_stage(stage.name, key, data, evidence, facts)
            if isinstance(record, Collected):
                increments.keep(self.folder.store, self.sections.source, record, data, self.folder.name)
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

    def _kept(self, stage: Stage, key: str, kind: type, book: Book) -> Any | None:
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
            record: Any = store.revive(kind, held["record"])
            if record is not None:
                target = self.folder.stage(stage.name)
                atomic.write_text(target / "evidence.jsonl", accepted(held["evidence"], book))
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
            elif kind is Earlier:
                given[name] = increments.earlier(self.folder.store, self.sections.source)
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
        return self._opened(self.records[Sealed].table.get(), self.records[Compressed].graph.digest)

    def _outer_openings(self, outer: Outer) -> Openings:
        """All folds' sealed rows and all folds' graphs are one opening."""
        import polars as pl

        tables = [f.sealed.table.get() for f in outer.folds] + [self.records[Sealed].table.get()]
        graphs = [f.compressed.graph.digest for f in outer.folds] + [self.records[Compressed].graph.digest]
        together = hashlib.sha256("".join(graphs).encode()).hexdigest()
        return self._opened(pl.concat(tables, how="vertical_relaxed"), together)

    def _opened(self, rows: pl.DataFrame, graph: str) -> Openings:
        """Sealed rows, also as they were read: another goal for the same source opens the same rows."""
        collected: Collected = self.records[Collected]
        read = rows.select(ROW).join(collected.table.get(), on=ROW, how="left")
        ledger = self.folder.store.folder / "openings"
        return open_rows(ledger, rows, graph, self.folder.name, read)

    def _finish(self) -> Released:
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
        return released
