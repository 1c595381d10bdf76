"""Data quality by column, over the most recent rows: missing, unreadable, new categories, out of range.

Counts alone; whether they differ from the reference is tested by the streams ``missing``, ``new`` and
``range`` (streams.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from modelwright.live.watch.rows import Batch
from modelwright.live.watch.streams import Stream
from modelwright.stats.cells import Cells

PART: Final = 4000
"""Rows of a part; what is told are the part that is full and the one that fills."""
State = dict[str, Any]


def begin() -> State:
    return {"rows": 0, "counts": {}, "before": {"rows": 0, "counts": {}}}


def feed(state: State, streams: Sequence[Stream], batch: Batch) -> None:
    """Count a batch, which must not reach beyond the part that fills (a multiple of ``watcher.MARK``)."""
    if state["rows"] == PART:
        state["before"] = {"rows": state["rows"], "counts": state["counts"]}
        state["rows"], state["counts"] = 0, {}
    state["rows"] += len(batch)
    for name, column in batch.columns.items():
        if column.measured:
            continue
        _add(state, name, "missing", int((column.missing & column.logged).sum()))
        _add(state, name, "unreadable", column.unreadable)
        _add(state, name, "not logged", int((~column.logged).sum()))
    for stream in streams:
        if stream.kind in ("new", "range") and stream.column is not None:
            codes = stream.values(batch)
            if codes is not None:
                wanted = 0.0 if stream.kind == "new" else 2.0
                _add(state, stream.column, stream.kind, int(np.sum(codes == wanted)))


def told(state: State, streams: Sequence[Stream]) -> list[dict[str, Any]]:
    """By column: shares in the recent rows, and at release where known (None where not)."""
    rows = state["rows"] + state["before"]["rows"]
    if not rows:
        return []
    at_release: dict[tuple[str, str], float] = {}
    for stream in streams:
        if stream.column is not None and stream.cells is not None and stream.kind != "values":
            at_release[stream.column, stream.kind] = _share(stream.cells, stream.kind)
    names = sorted({*state["before"]["counts"], *state["counts"]})
    said = []
    for name in names:
        one: dict[str, Any] = {"name": name, "rows": rows}
        for what in ("missing", "unreadable", "new", "range", "not logged"):
            both = (part["counts"].get(name, {}).get(what) for part in (state, state["before"]))
            counts = [count for count in both if count is not None]
            key = {"range": "out_of_range", "not logged": "not_logged"}.get(what, what)
            # A null is neither new nor out of range: of the values alone, as at release.
            of = max(rows - _nulls(state, name), 1) if what in ("new", "range") else rows
            one[key] = sum(counts) / of if counts else None
            if what in ("missing", "new", "range"):
                one[f"{key}_at_release"] = at_release.get((name, what))
        said.append(one)
    return said


def _nulls(state: State, name: str) -> int:
    """Recent rows without a value of the column, or without one in the log."""
    counts = (part["counts"].get(name, {}) for part in (state, state["before"]))
    return sum(one.get("missing", 0) + one.get("not logged", 0) for one in counts)


def _share(cells: Cells, kind: str) -> float:
    """The share of the cell that a quality stream counts: "other" for new, the last name for the others."""
    counts = cells.counts
    wanted = {"new": counts[0], "range": counts[2], "missing": counts[-1]}[kind]
    return wanted / max(sum(counts), 1)


def _add(state: State, name: str, what: str, count: int) -> None:
    of = state["counts"].setdefault(name, {})
    of[what] = of.get(what, 0) + count
