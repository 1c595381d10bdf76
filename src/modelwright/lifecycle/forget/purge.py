"""Stored tables without a person's rows. What finds the rows is rewritten last, so that a deletion that was
killed finds them again and ends what it began."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.core.codec import encode
from modelwright.core.records.blob import Blob, Kind
from modelwright.core.records.data import ROW
from modelwright.core.records.evidence import Finding
from modelwright.lifecycle.folder import RunFolder, json_lines, lines
from modelwright.lifecycle.forget.rows import Held, references, source, value_of
from modelwright.lifecycle.forget.shown import Cells, clean
from modelwright.lifecycle.openings import hashes_in_order
from modelwright.live.log.personal import canonical
from modelwright.release.lineage import BORN
from modelwright.store import atomic
from modelwright.store.lock import in_turn

if TYPE_CHECKING:
    import polars as pl

NOTED = "privacy.forgotten"
BEFORE = ("define", "collect")
"""Stages whose folders an unfinished run keeps: the others are made anew when it goes on."""


def run(held: Held, values: Collection[str], gone: Collection[str]) -> None:
    """Take the people out of one run.

    ``gone``: ids of logged predictions that were deleted. In this order: what the run shows; the hashes of
    sealed rows; tables behind the split; at last what was collected.
    """
    folder = held.run
    if held.finished:
        _note(held)
    clean(folder.path, Cells((held.cells | frozenset(values)) - _classes(held), held.rows))
    _openings(held)
    if not held.finished:
        for path in sorted(folder.path.iterdir()):
            if path.is_dir() and path.name not in BEFORE:
                shutil.rmtree(path)
    shutil.rmtree(folder.path / "train" / "fits", ignore_errors=True)  # scores of rows, in their order
    _born(folder, gone)
    last = folder.stage("collect") / "record.json"
    for path in [p for p in sorted(folder.path.rglob("record.json")) if p != last]:
        data = atomic.read_json(path)
        if _replaced(folder, data, held.rows):
            atomic.write_json(path, data)
    if held.finished and (folder.path / "report.html").exists():
        from modelwright import report

        folder.gather_evidence(_order())
        report.write(folder.path)
    _collected(held, values)


def _classes(held: Held) -> frozenset[str]:
    """Names of the classes that other people's rows have too: a number that names a person may be one of
    them by chance, and without them the run's records could not be understood."""
    label, found = held.run.read_stage("label"), source(held.run)
    if label is None or found is None or label[1]["target"] not in found[1].columns:
        return frozenset()
    frame = found[1]
    others = frame.filter(~frame[ROW].is_in(list(held.rows)))[label[1]["target"]].unique()
    return frozenset(label[1]["classes"]) & {canonical(one) for one in others if one is not None}


def _note(held: Held) -> None:
    """A finding with the run's other ones: counts that it tells are those of the time before."""
    path = held.run.stage("collect") / "evidence.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = [json.loads(line) for line in json_lines(text)]
    finding = Finding(
        NOTED,
        "note",
        "Rows were deleted from what this run keeps, at the wish of the people they are of. Counts and "
        "results are those of the time before; what the model has learned stays in it.",
        "Train anew from the source without these rows.",
    )
    kept = [json.dumps(e, ensure_ascii=False) + "\n" for e in found if e.get("code") != NOTED]
    atomic.write_text(path, "".join(kept) + lines("collect", (finding,)))


def _order() -> tuple[str, ...]:
    from modelwright.lifecycle.plan import PLAN

    return tuple(stage.name for stage in PLAN)


def _replaced(folder: RunFolder, data: Any, rows: Collection[int]) -> bool:
    """Put tables and arrays without these rows in place of a record's; whether any was changed."""
    changed = False
    for told in references(data):
        value = value_of(folder, told) if told["$blob"] in ("table", "arrays") else None
        made = None if value is None else _without(value, rows)
        if made is not None:
            changed = True
            told.update(_put(folder, told["$blob"], made))
    return changed


def _put(folder: RunFolder, kind: Kind, value: Any) -> dict[str, Any]:
    return dict(encode(folder.store.put(Blob.of(value, kind))))


def _without(value: Any, rows: Collection[int]) -> Any | None:
    """A frame or arrays without these rows; None where they hold none."""
    if isinstance(value, dict):
        told = value.get("row")
        if told is None or told.ndim != 1:
            return None
        keep = ~np.isin(told, list(rows))
        if keep.all():
            return None
        return {name: a[keep] if a.shape[:1] == told.shape else a for name, a in value.items()}
    name = ROW if ROW in value.columns else "row" if "row" in value.columns else None
    if name is None:
        return None
    frame: pl.DataFrame = value
    theirs = frame[name].is_in(list(rows))
    return compact(frame.filter(~theirs)) if theirs.any() else None


def compact(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame with texts in buffers of their own: those of a filtered one still hold what was filtered
    out, and would be written with it. Arrow's older form of texts has no such leftovers."""
    import polars as pl

    passed = io.BytesIO()
    frame.write_ipc(passed, compat_level=pl.CompatLevel.oldest())
    passed.seek(0)
    return pl.read_ipc(passed)


def _collected(held: Held, values: Collection[str]) -> None:
    """The rows as read, with broken rows, corrections and answers that belong to them."""
    folder = held.run
    found = source(folder)
    if found is None:
        return
    data, frame = found
    if data.get("test_rows"):
        places = frame.tail(int(data["test_rows"]))[ROW]
        data["test_rows"] = int(data["test_rows"]) - int(places.is_in(list(held.rows)).sum())
    kept = compact(frame.filter(~frame[ROW].is_in(list(held.rows))))
    data["table"] = _put(folder, "table", kept)
    data["rows"] = kept.height
    for name in ("corrections", "answers"):
        entries = value_of(folder, data.get(name))
        if entries is not None and any(entry[0] in held.rows for entry in entries):
            data[name] = _put(folder, "json", [e for e in entries if e[0] not in held.rows])
    broken = value_of(folder, data.get("quarantine"))
    if broken:
        lines = str(broken).splitlines(keepends=True)
        clear = [line for line in lines if not any(_told(value) in line for value in values)]
        if len(clear) < len(lines):
            data["quarantine"] = _put(folder, "text", "".join(clear))
            data["quarantined"] = len(clear)
    atomic.write_json(folder.stage("collect") / "record.json", data)


def _told(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _born(folder: RunFolder, gone: Collection[str]) -> None:
    path = folder.path / BORN
    if gone and path.exists():
        born = atomic.read_json(path)
        born["ids"] = [one for one in born.get("ids", []) if one not in gone]
        atomic.write_json(path, born, private=True)


def _openings(held: Held) -> None:
    """Hashes of their sealed rows, in both forms, out of the ledger."""
    folder = held.run.store.folder / "openings"
    found = source(held.run)
    if found is None or not folder.is_dir():
        return
    frame = found[1]
    hashes = set(hashes_in_order(frame.filter(frame[ROW].is_in(list(held.rows)))))
    split = held.run.read_stage("split")
    for told in references(split[1]) if split is not None else ():
        table = value_of(held.run, told)
        if table is not None and ROW in getattr(table, "columns", ()):
            hashes |= set(hashes_in_order(table.filter(table[ROW].is_in(list(held.rows)))))
    with in_turn(folder):
        for path in sorted(folder.glob("*.json")):
            entry = atomic.read_json(path)
            made = {k: [h for h in entry.get(k, []) if h not in hashes] for k in ("hashes", "read")}
            if any(made[k] != entry.get(k, []) for k in made):
                atomic.write_json(path, {**entry, **made}, indent=None)
