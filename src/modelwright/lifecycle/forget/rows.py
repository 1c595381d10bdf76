"""Which rows of a run are a person's, and what stands in them that stands in no other row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW
from modelwright.lifecycle.folder import RunFolder
from modelwright.live.log.personal import canonical
from modelwright.store import atomic

if TYPE_CHECKING:
    import polars as pl

LEAST = 2
"""Characters of a cell that can be looked for in what a run shows."""


@dataclass(frozen=True)
class Held:
    """What one run holds of the people."""

    run: RunFolder
    rows: frozenset[int]
    """Of ROW: places among the rows as collected."""
    parts: dict[str, int]
    """How many of them were learned from (``development``), tested on (``test``), in neither (``other``)."""
    finished: bool
    bundle: bool
    cells: frozenset[str] = field(repr=False, default=frozenset())
    """Texts of theirs that no other row has."""


def source(run: RunFolder) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """The record and the table of what a run collected; None where there are none."""
    kept = run.read_stage("collect")
    if kept is None:
        return None
    frame = value_of(run, kept[1].get("table"))
    return None if frame is None else (kept[1], frame)


def value_of(run: RunFolder, told: Any) -> Any:
    """The stored value of a reference in a record's JSON; None where it is gone."""
    if not isinstance(told, dict) or "$blob" not in told or not told["digest"]:
        return None
    blob = run.store.attach(Blob(told["$blob"], told["digest"], told["size"]))
    return None if blob.path is None else blob.get()


def rows_of(frame: pl.DataFrame, column: str, values: Collection[str]) -> frozenset[int]:
    """ROW of the rows whose cell is one of ``values``, however it is written (7, 7.0, "7 ")."""
    import polars as pl

    cells = frame.select(ROW, column)
    if cells[column].dtype == pl.String:
        hits = cells[column].str.strip_chars().is_in(list(values))
    else:
        kinds = cells[column].unique().to_list()
        same = [one for one in kinds if one is not None and canonical(one) in values]
        hits = cells[column].is_in(same) if same else pl.Series([False] * cells.height, dtype=pl.Boolean)
    return frozenset(cells.filter(hits.fill_null(value=False))[ROW].to_list())


def own_cells(frame: pl.DataFrame, rows: Collection[int], column: str | None = None) -> set[str]:
    """Texts of these rows that no other row has in that column; of ``column`` also numbers as written."""
    import polars as pl

    theirs = frame[ROW].is_in(list(rows))
    mine, others = frame.filter(theirs), frame.filter(~theirs)
    found: set[str] = set()
    for name, dtype in frame.schema.items():
        if name == ROW or name.startswith("__") or not (dtype == pl.String or name == column):
            continue
        cells = mine[name].drop_nulls().unique()
        alone = cells.filter(~cells.is_in(others[name].unique().to_list())) if len(cells) else cells
        found |= {text for text in (canonical(cell) for cell in alone) if len(text) >= LEAST}
    return found


def tables(run: RunFolder) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every stored value that a record of the run names, once, with its reference."""
    seen: set[str] = set()
    for path in sorted(run.path.rglob("record.json")):
        for told in references(atomic.read_json(path)):
            if told["digest"] not in seen:
                seen.add(told["digest"])
                value = value_of(run, told) if told["$blob"] in ("table", "arrays") else None
                if value is not None:
                    yield told, value


def references(data: Any) -> Iterator[dict[str, Any]]:
    """The references to blobs in a record's JSON."""
    if isinstance(data, dict):
        if "$blob" in data:
            yield data
            return
        for value in data.values():
            yield from references(value)
    elif isinstance(data, list):
        for value in data:
            yield from references(value)


def held(run: RunFolder, column: str, values: Collection[str]) -> Held | None:
    """What a run holds of the people; None where it has no rows of theirs."""
    found = source(run)
    if found is None or column not in found[1].columns:
        return None
    rows = rows_of(found[1], column, values)
    if not rows:
        return None
    import polars as pl

    cells = own_cells(found[1], rows, column)
    parts = {"development": 0, "test": 0}
    split = run.read_stage("split")
    of_split = {} if split is None else {
        str(split[1]["development"]["table"]["digest"]): "development",
        str(split[1]["sealed"]["table"]["digest"]): "test",
    }  # fmt: skip
    for told, value in tables(run):
        if isinstance(value, pl.DataFrame) and ROW in value.columns:
            cells |= own_cells(value, rows)
            if (part := of_split.get(str(told["digest"]))) is not None:
                parts[part] = int(value[ROW].is_in(list(rows)).sum())
    parts["other"] = len(rows) - sum(parts.values())
    finished = run.status == "finished"
    bundle = (run.path / "bundle" / "model.json").exists()
    return Held(run, rows, parts, finished, bundle, frozenset(cells - set(found[1].columns)))
