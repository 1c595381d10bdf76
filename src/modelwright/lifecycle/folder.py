"""A run on disk: the folder that can be resumed, compared, and read without this software."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from modelwright.core.book import Book
from modelwright.core.codec import encode
from modelwright.core.errors import BadInput
from modelwright.core.records.evidence import Evidence, Figure, Finding, Metric, Table
from modelwright.core.records.models import FitRow
from modelwright.core.records.pictures import Gallery
from modelwright.release.lineage import BORN
from modelwright.store import atomic
from modelwright.store.store import Store

Status = Literal["running", "stopped", "finished"]
KINDS: dict[type, str] = {
    Finding: "finding",
    Metric: "metric",
    Figure: "figure",
    Table: "table",
    Gallery: "gallery",
}


@dataclass
class RunFolder:
    """Paths and small files of one run. Every file is written whole or not at all."""

    path: Path
    shared: Path | None = None
    """The store, where it is not beside the run (an outer fold's folder lies inside of its run)."""

    @classmethod
    def create(cls, runs: Path, name: str) -> RunFolder:
        """A new folder ``<name>-<time>-pending``; it gets its final name once the data's digest is known."""
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
        for attempt in range(1000):
            tail = f"-{attempt}" if attempt else ""
            path = runs / f"{name}-{stamp}{tail}-pending"
            if any(runs.glob(f"{name}-{stamp}{tail}-*")):
                continue
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise BadInput(
                    f"the folder for runs cannot be written to: {error.strerror}",
                    code="runs.unwritable",
                    hint="choose another folder with --runs DIR",
                ) from error
            return cls(path)
        raise BadInput("no free name for the run", code="runs.busy", hint="delete old runs")

    def settle_name(self, digest: str) -> None:
        """Replace ``-pending`` by the hash of the resolved goal and the data."""
        if self.path.name.endswith("-pending"):
            final = self.path.with_name(self.path.name.removesuffix("pending") + digest[:8])
            self.path.rename(final)
            self.path = final

    @property
    def store(self) -> Store:
        shared = self.shared or self.path.parent / ".store"
        within = [p for p in (self.path, *self.path.parents) if shared.parent in p.parents]
        return Store(shared, private=any((p / BORN).exists() for p in within))

    @property
    def name(self) -> str:
        return self.path.name

    def stage(self, name: str) -> Path:
        return self.path / name

    def state(self) -> dict[str, Any]:
        """What is known of the run as a whole: status, versions, where the goal's paths start."""
        try:
            return dict(atomic.read_json(self.path / "state.json"))
        except (FileNotFoundError, ValueError):
            return {}

    def set_state(self, **facts: Any) -> None:
        atomic.write_json(self.path / "state.json", {**self.state(), **facts})

    @property
    def status(self) -> Status:
        found = self.state().get("status", "stopped")
        return found if found in ("running", "stopped", "finished") else "stopped"

    def keep_stage(
        self, name: str, key: str, data: Any, evidence: tuple[Evidence, ...], facts: dict[str, Any]
    ) -> None:
        """Write a stage's evidence and record, and last its manifest: its presence means complete."""
        folder = self.stage(name)
        # A stage made again: its old manifest must not vouch for new files.
        (folder / "stage.json").unlink(missing_ok=True)
        atomic.write_text(folder / "evidence.jsonl", lines(name, evidence))
        atomic.write_json(folder / "record.json", data)
        atomic.write_json(folder / "stage.json", {"stage": name, "key": key, **facts})

    def read_stage(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Manifest and record data of a finished stage, or None."""
        folder = self.stage(name)
        try:
            return dict(atomic.read_json(folder / "stage.json")), atomic.read_json(folder / "record.json")
        except (FileNotFoundError, ValueError):
            return None

    def stage_evidence(self, name: str) -> list[dict[str, Any]]:
        path = self.stage(name) / "evidence.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in json_lines(path.read_text(encoding="utf-8"))]

    def gather_evidence(self, order: tuple[str, ...]) -> None:
        """``evidence.jsonl`` of the run: the stages' evidence in the order of the plan."""
        parts = [self.stage(name) / "evidence.jsonl" for name in order]
        text = "".join(part.read_text(encoding="utf-8") for part in parts if part.exists())
        atomic.write_text(self.path / "evidence.jsonl", text)

    def write_leaderboard(self, rows: tuple[FitRow, ...]) -> None:
        columns = (
            "name,family,taken,status,score,low,high,train_score,fit_seconds,predict_us,size,weight,"
            "diagnosis,why,advice,baseline,config"
        ).split(",")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            data = encode(row)
            data["config"] = json.dumps(data["config"], sort_keys=True)
            writer.writerow(["" if data[c] is None else data[c] for c in columns])
        atomic.write_text(self.path / "leaderboard.csv", out.getvalue())


def lines(stage: str, evidence: tuple[Evidence, ...]) -> str:
    """Evidence as JSON lines, each with its stage and kind."""
    return "".join(
        json.dumps({"stage": stage, "kind": KINDS[type(item)], **encode(item)}, ensure_ascii=False) + "\n"
        for item in evidence
    )


def json_lines(text: str) -> list[str]:
    """The lines of JSON lines: ended by a line feed alone, since texts may hold the other ends of lines that
    ``str.splitlines`` knows (U+0085, U+2028)."""
    return [line for line in text.split("\n") if line.strip()]


def accepted(text: str, book: Book) -> str:
    """Evidence as JSON lines, its findings accepted by the goal at hand and not by the one they were made
    for: what the goal accepts is no part of a stage's key."""
    made = []
    for line in json_lines(text):
        item = json.loads(line)
        if item["kind"] == KINDS[Finding]:
            item["accepted"] = book.reason(item["code"], item["column"])
        made.append(json.dumps(item, ensure_ascii=False) + "\n")
    return "".join(made)


def find_runs(runs: Path) -> list[RunFolder]:
    """All runs of a folder, oldest first (names carry the time)."""
    if not runs.is_dir():
        return []
    folders = [p for p in runs.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found = [RunFolder(p) for p in folders if (p / "state.json").exists()]
    return sorted(found, key=lambda r: (r.state().get("started", ""), r.name))


def find_run(name: str, runs: Path, *, finished: bool | None = None) -> RunFolder:
    """The run of a path, of its own name, or the newest of a goal's name. Raises :class:`BadInput`."""
    path = Path(name)
    if (path / "state.json").exists():
        return RunFolder(path)
    every = find_runs(runs)
    exact = [r for r in every if r.name == name]
    if exact:
        return exact[0]
    of_goal = [
        r
        for r in every
        if r.state().get("goal") == name and (finished is None or (r.status == "finished") == finished)
    ]
    if of_goal:
        return of_goal[-1]
    import difflib

    names = sorted({*(r.name for r in every), *(str(r.state().get("goal", "")) for r in every)} - {""})
    near = difflib.get_close_matches(name, names, 1)
    raise BadInput(
        f"there is no run {name!r} in {runs}",
        code="run.unknown",
        hint=f"did you mean {near[0]!r}?"
        if near
        else "`modelwright runs` lists the runs; --runs DIR looks elsewhere",
    )
