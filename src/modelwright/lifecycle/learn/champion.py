"""The version that answers: its goal, the rows it was made from, and the side of the split each was on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.book import Book
from modelwright.core.errors import BadInput
from modelwright.core.records.data import ROW, Collected, Column, Labelled, Split
from modelwright.core.records.evidence import Finding
from modelwright.core.records.models import Analysis
from modelwright.goal.goal import Goal
from modelwright.lifecycle.folder import RunFolder
from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.release.lineage import BORN
from modelwright.runtime import Model, load
from modelwright.store import atomic

if TYPE_CHECKING:
    import polars as pl

PART = "__side__"
"""Column of a snapshot that names each row's side of the split."""
STRONGEST = 3
"""Columns that say most of the target: slices are made of them besides those that the goal names."""


@dataclass(frozen=True)
class Champion:
    """A version, and what is known of how it came about."""

    version: str
    digest: str
    model: Model
    goal: Goal
    run: RunFolder | None
    rows: pl.DataFrame
    """As the source gave them, with neither ROW nor PART."""
    parts: tuple[str, ...]
    """``train``, ``validation`` or ``test`` of each row."""
    raw: dict[str, Any]
    """How the source spells each class; empty for regression."""
    columns: tuple[Column, ...]
    strongest: tuple[str, ...]
    held: frozenset[str]
    """Ids of predictions whose rows are among ``rows``."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def target(self) -> str:
        return str(self.model.metadata["target"])

    @property
    def problem(self) -> str:
        return self.model.problem


def find(place: Place, settings: Settings, runs: Path) -> Champion:
    """The champion of a live model, with its rows. Raises :class:`BadInput` where they cannot be had."""
    version = deployment.read(place).champion
    entry = atomic.read_json(place.versions / version / "version.json")
    model = load(place.bundle(version), threads=1)
    name = str(entry.get("run") or "")
    folder = RunFolder(runs / name) if name and (runs / name / "state.json").exists() else None
    goal = _goal(settings, folder, name, runs)
    held = _held(folder)
    kept = None if folder is None else _kept(folder)
    if kept is None:
        return _read_again(version, entry["digest"], model, goal, folder, runs, name, held)
    collected, split, labelled, analysis = kept
    frame: pl.DataFrame = collected.table.get()
    parts = _parts(frame[ROW].to_list(), split)
    raw = _raw(frame, labelled)
    kept_rows = [i for i, part in enumerate(parts) if part]
    drop = [c for c in (ROW, PART) if c in frame.columns]
    return Champion(
        version=version,
        digest=str(entry["digest"]),
        model=model,
        goal=goal,
        run=folder,
        rows=frame[kept_rows].drop(drop),
        parts=tuple(parts[i] for i in kept_rows),
        raw=raw,
        columns=tuple(c for c in labelled.columns if c.name != PART),
        strongest=tuple(r.column for r in analysis.relations[:STRONGEST]) if analysis else (),
        held=held,
    )


def _goal(settings: Settings, folder: RunFolder | None, name: str, runs: Path) -> Goal:
    if settings.goal is not None:
        return Goal.load(settings.goal)
    if folder is None:
        raise BadInput(
            f"the run {name or 'of the champion'} is not in {runs}",
            code="retrain.run-unknown",
            hint="--runs DIR names the folder of its runs; the goal and the rows are read from there",
        )
    state = folder.state()
    text = (folder.path / "goal.yaml").read_text(encoding="utf-8")
    return Goal.restore(text, base=Path(state["base"]), name=state["goal"], frames=bool(state.get("frames")))


def _held(folder: RunFolder | None) -> frozenset[str]:
    if folder is None or not (folder.path / BORN).exists():
        return frozenset()
    return frozenset(atomic.read_json(folder.path / BORN)["ids"])


def _kept(folder: RunFolder) -> tuple[Collected, Split, Labelled, Analysis | None] | None:
    """The run's records, where their rows are still in the store."""
    made: list[Any] = []
    for name, kind in (("collect", Collected), ("split", Split), ("label", Labelled)):
        stage = folder.read_stage(name)
        record = None if stage is None else folder.store.revive(kind, stage[1])
        if record is None:
            return None
        made.append(record)
    stage = folder.read_stage("analyse")
    made.append(None if stage is None else folder.store.revive(Analysis, stage[1]))
    return made[0], made[1], made[2], made[3]


def _parts(rows: list[int], split: Split) -> list[str]:
    """The side of each collected row, by ROW (numbers of deleted rows are missing); empty for rows that were
    in no part."""
    parts: dict[int, str] = {}
    learned: pl.DataFrame = split.development.table.get()
    holdout = split.development.scheme == "holdout"
    for row, fold in zip(learned[ROW].to_list(), learned["__fold__"].to_list(), strict=True):
        parts[row] = "validation" if holdout and fold == 1 else "train"
    for row in split.sealed.table.get()[ROW].to_list():
        parts[row] = "test"
    return [parts.get(row, "") for row in rows]


def _raw(frame: pl.DataFrame, labelled: Labelled) -> dict[str, Any]:
    """The commonest spelling of each class in the source."""
    import polars as pl

    if not labelled.classes:
        return {}
    codes: pl.DataFrame = labelled.table.get().select(ROW, "__target__")
    joined = codes.join(frame.select(ROW, pl.col(labelled.target).alias("raw")), on=ROW, how="left")
    counted = joined.group_by("__target__", "raw").len().sort(["len", "raw"], descending=[True, False])
    found: dict[str, Any] = {}
    for code, raw, _ in counted.iter_rows():
        found.setdefault(labelled.classes[code], raw)
    return found


def _read_again(
    version: str,
    digest: str,
    model: Model,
    goal: Goal,
    folder: RunFolder | None,
    runs: Path,
    run: str,
    held: frozenset[str],
) -> Champion:
    """The goal's source as it is now; test rows are known by their content, from the ledger of openings."""

    from modelwright.data.collect import collect
    from modelwright.lifecycle.openings import hashes_in_order, opened_by

    if goal.sections.source.source.startswith("<") or held:
        raise BadInput(
            f"the rows of the run {run} are no longer in the store, and no source has them",
            code="retrain.rows-gone",
            hint="train a version from a source with `modelwright run`, and serve that",
        )
    opened = opened_by(runs / ".store" / "openings", run)
    collected = collect(goal.sections.source, Book())
    frame: pl.DataFrame = collected.table.get()
    parts = ["test" if h in opened else "train" for h in hashes_in_order(frame)]
    if collected.test_rows:
        parts[-collected.test_rows :] = ["test"] * collected.test_rows
    if "test" not in parts:
        raise BadInput(
            f"which rows the run {run} was tested on can no longer be known",
            code="retrain.test-unknown",
            hint="name the folder of its runs with --runs, or train a version with `modelwright run`",
        )
    target = str(model.metadata["target"])
    raw: dict[str, Any] = {}
    if model.classes:
        named = frame[target].drop_nulls().unique().to_list()
        raw = {_class_of(value, model.classes): value for value in sorted(named, key=str)}
        raw.pop("", None)
    labelled = frame[target].is_not_null().to_list()
    rows = [i for i, there in enumerate(labelled) if there]
    said = Finding(
        "retrain.read-again",
        "warning",
        "the rows that the champion was made from are no longer in the store; its goal's source was read "
        f"again ({len(rows)} rows, {parts.count('test')} of them known as test rows)",
        "rows that were validation rows are training rows now; keep runs until their model is retired",
    )
    return Champion(
        version, digest, model, goal, folder, frame[rows].drop(ROW), tuple(parts[i] for i in rows), raw,
        (), (), held, (said,),
    )  # fmt: skip


def _class_of(value: Any, classes: Sequence[str]) -> str:
    return class_named(value, classes) or ""


def class_named(value: Any, classes: Sequence[str]) -> str | None:
    """The class that a value names, None where none or several: as it is written, as a number, or but for
    case, blanks and a closing full stop."""
    from modelwright.data.classes import number_name

    if isinstance(value, bool):
        value = "true" if value else "false"
    text = number_name(value) if isinstance(value, (int, float)) else str(value)
    if text in classes:
        return text
    loose = _loose(text)
    alike = [name for name in classes if _loose(name) == loose]
    return alike[0] if len(alike) == 1 else None


def _loose(text: str) -> str:
    return text.strip().casefold().rstrip(".")
