"""A person's rows are looked for, and deleted: in runs, logs of live models, stores of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.goal.nearest import did_you_mean
from modelwright.labels import forget as label_items
from modelwright.labels.engine import SUFFIX
from modelwright.labels.store import Store as LabelStore
from modelwright.lifecycle import shelf
from modelwright.lifecycle.folder import RunFolder, find_runs
from modelwright.lifecycle.forget import purge, rest
from modelwright.lifecycle.forget.asked import Asked
from modelwright.lifecycle.forget.ledger import Ledger
from modelwright.lifecycle.forget.rows import Held, held, source
from modelwright.live import deployment, place, settings
from modelwright.live.log import retention
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.store import atomic
from modelwright.store.lock import clearing, is_locked, locked
from modelwright.store.store import Store


@dataclass(frozen=True)
class Places:
    """Where is looked."""

    runs: Path
    live: Path
    labels: tuple[str, ...] = ()
    """Stores of labels, besides those that lie here and beside the goals of the runs."""

    def models(self) -> list[Place]:
        return place.every(self.live)

    def stores(self) -> list[str]:
        folders = {Path(), *(Path(r.state().get("base", ".")) for r in find_runs(self.runs))}
        found = {str(p) for folder in folders for p in sorted(folder.glob(f"*{SUFFIX}")) if p.is_file()}
        here = {str(Path(one).resolve()): one for one in sorted(found, key=len, reverse=True)}
        return list(dict.fromkeys([*sorted(here.values()), *self.labels]))


@dataclass
class Plan:
    """What was found, before anything is deleted."""

    asked: Asked
    values: frozenset[str] = field(repr=False)
    runs: list[Held] = field(default_factory=list)
    deployed: dict[str, list[str]] = field(default_factory=dict)
    """By run: the versions of live models that came from it."""
    labels: dict[str, int] = field(default_factory=dict)
    """By store of labels: items."""
    logs: list[str] = field(default_factory=list)
    """Live models whose logs will be searched."""
    unlooked: list[str] = field(default_factory=list)
    """Runs that could not be looked through: they have no such column, or their rows are gone."""
    unfinished: bool = False
    """An equal request was cut short, and has to be ended."""

    @property
    def anything(self) -> bool:
        return bool(self.runs or self.labels or self.logs or self.unfinished)


def look(asked: Asked, places: Places) -> Plan:
    """Look for the people. Raises :class:`BadInput` for a column that nothing here has."""
    models = places.models()
    runs = find_runs(places.runs)
    values = asked.kept_as(models, _secrets(runs))
    plan = Plan(asked, values, logs=[one.name for one in models])
    columns: set[str] = set()
    for run in runs:
        found = source(run)
        if found is None or asked.column not in found[1].columns:
            plan.unlooked.append(run.name)
            columns |= set() if found is None else set(found[0]["columns"])
            continue
        columns.add(asked.column)
        one = held(run, asked.column, values)
        if one is not None:
            plan.runs.append(one)
    known = asked.column in columns
    for where in places.stores():
        with _opened(where) as store:
            items = label_items.matching(store, asked.column, values)
        if items:
            plan.labels[where] = len(items)
            known = True
    if not known and not models:
        raise BadInput(
            f"no run in {places.runs} has a column {asked.column!r}",
            code="forget.column",
            hint=did_you_mean(asked.column, sorted(columns)) or "--column names a column of the data as read",
        )
    names = {one.run.name for one in plan.runs}
    for name, version in _versions(models, names):
        plan.deployed.setdefault(name, []).append(version)
    ledger = Ledger.of(places.runs)
    if ledger.folder.is_dir():
        plan.unfinished = ledger.unfinished(ledger.people(asked)) is not None
    return plan


def carry_out(plan: Plan, places: Places, step: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Delete what was found; the record of it, which is kept in the folder of runs.

    Repeating it ends what a kill cut short, and nothing that was deleted comes back. Raises
    :class:`BadInput` while a run is going on.
    """
    ledger = Ledger.of(places.runs)
    store = Store(places.runs / ".store")
    with clearing(store.folder) as alone:
        busy = [r.name for r in find_runs(places.runs) if is_locked(r.path)]
        if busy or not alone:
            who = busy[0] if busy else "a run"
            raise BadInput(f"{who} is running", code="forget.busy", hint="wait for it to end, or stop it")
        record = ledger.begin(plan.asked)
        _told(record, plan)
        ledger.write(record)
        gone = _logs(plan, places, record)
        ledger.write(record)
        for where in plan.labels:
            with _opened(where) as labels:
                went = label_items.forget(labels, plan.asked.column, plan.values)
            record["labels"][where] = record["labels"].get(where, 0) + went
            ledger.write(record)
        for one in plan.runs:
            step(one.run.name)
            with locked(one.run.path):
                purge.run(one, plan.values, gone)
        _cached(store, places.runs, record)
        record["unreached"] = rest.unreached(plan, places)
        record["still_shown"] = rest.still_shown(plan, places)
        ledger.end(record)
        return record


def _told(record: dict[str, Any], plan: Plan) -> None:
    """What the plan knows of runs and models, beside what a cut request knew."""
    for one in plan.runs:
        state = one.run.state()
        record["runs"][one.run.name] = {
            "goal": state.get("goal"),
            "rows": len(one.rows),
            **one.parts,
            "status": one.run.status,
            "verdict": state.get("verdict"),
            "bundle": one.bundle,
            "live": sorted(plan.deployed.get(one.run.name, [])),
        }
        record["stages"] = sorted({*record["stages"], *_keys(one.run)})


def _keys(run: RunFolder) -> set[str]:
    return {str(atomic.read_json(path)["key"]) for path in run.path.rglob("stage.json")}


def _logs(plan: Plan, places: Places, record: dict[str, Any]) -> frozenset[str]:
    """The logs of live models; ids of the predictions that went. A log that does not answer is told."""
    gone: set[str] = set()
    for model in places.models():
        try:
            database = LogDatabase(settings.database_url(model, settings.read(model)))
            for value in plan.asked.values:
                done = retention.forget(model, database, plan.asked.column, value, runs=places.runs)
                gone |= set(done.ids)
                entry = record["live"].setdefault(model.name, {"predictions": 0, "runs": [], "decisions": []})
                entry["predictions"] += done.predictions
                entry["runs"] = sorted({*entry["runs"], *done.runs})
                entry["decisions"] = sorted({*entry["decisions"], *done.decisions})
        except ModelwrightError as error:
            record["live"][model.name] = {"error": error.message}
    return frozenset(gone)


def _cached(store: Store, runs: Path, record: dict[str, Any]) -> None:
    """Kept results of stages that new runs might take, and tables that no run needs any more: those of runs
    that were removed earlier among them, in which nobody could be looked for."""
    for key in record["stages"]:
        store.stage(key).unlink(missing_ok=True)
    for path in sorted((store.folder / "blobs").glob("*/.*.tmp")):
        path.unlink()
    shelf.free(runs, store)


def _versions(models: Sequence[Place], runs: set[str]) -> Iterator[tuple[str, str]]:
    """Run and "model version (what it does)" of every version that came from one of these runs."""
    for model in models:
        try:
            now = deployment.read(model)
        except ModelwrightError:
            now = None
        for entry in deployment.versions(model):
            if entry.get("run") in runs:
                version = str(entry["version"])
                does = "not in use"
                if now is not None and version == now.champion:
                    does = "champion"
                elif now is not None and now.challenger is not None and version == now.challenger.version:
                    does = "challenger"
                elif now is not None and version in now.previous:
                    does = "kept for a rollback"
                yield str(entry["run"]), f"{model.name} {version} ({does})"


def _secrets(runs: Sequence[RunFolder]) -> set[str]:
    """Names of the environment's variables with secrets that runs hashed by."""
    found: set[str] = set()
    for run in runs:
        kept = run.read_stage("clean")
        for column in kept[1]["columns"] if kept else ():
            found |= {
                str(op["options"]["secret"]) for op in column["operations"] if op["options"].get("secret")
            }
    return found


@contextmanager
def _opened(where: str) -> Iterator[LabelStore]:
    store = LabelStore.at(where)
    try:
        yield store
    finally:
        store.close()
