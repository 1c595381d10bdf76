"""Our tests on a world, from the reference that a bundle ships to alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from world import World

from modelwright.core.records.data import Column
from modelwright.release.columns import reference as column_reference
from modelwright.release.joint import distances, joint
from modelwright.runtime.signature import NULL_TEXT
from modelwright.stats.alarms import Alarms
from modelwright.stats.cells import Cells, from_histogram, from_reference
from modelwright.stats.conformal import seed_of
from modelwright.stats.eprocess import block_starts
from modelwright.stats.streams import StreamTest

Codes = npt.NDArray[np.int64]

JOINT = 0.2
"""The joint stream's part of the alarm rate; columns share the rest evenly."""
_LABELS = np.array([f"c{i:03}" for i in range(1000)] + [NULL_TEXT], dtype=object)


@dataclass
class Watched:
    """One stream's test and where the rows fall."""

    test: StreamTest
    codes: Codes


def watched(world: World, only: tuple[str, ...] | None = None) -> dict[str, Watched]:
    """Every stream of the world (or ``only`` these), with references as ``modelwright run`` makes them."""
    past, now = world.tables()
    made: dict[str, Watched] = {}
    for i, name in enumerate(world.names):
        if only is not None and name not in only:
            continue
        kind = world.of_kind(i)
        entry = column_reference(Column(name, kind, "feature", True), _series(past[name], kind), False)
        cells = from_reference(entry)
        made[name] = _watched(f"{world.seed}:{name}", cells, _codes(cells, now[name], kind))
    kinds = {name: world.of_kind(i) for i, name in enumerate(world.names)}
    told = joint(_typed(past, kinds), kinds)
    if told["available"]:
        cells = from_histogram(told)
        needed = {column["name"] for column in told["columns"]}
        typed = _typed({name: now[name] for name in now if name in needed}, kinds)
        far = np.concatenate(
            [
                distances(told, {n: v[at : at + 20_000] for n, v in typed.items()})
                for at in range(0, world.rows, 20_000)
            ]
        )
        made["joint"] = _watched(f"{world.seed}:joint", cells, cells.codes(far))
    return made


def _watched(name: str, cells: Cells, codes: Codes) -> Watched:
    return Watched(StreamTest(cells, seed=seed_of(name)), codes)


def weights(world: World) -> dict[str, float]:
    """Of all streams of the world, tested here or not."""
    return {name: (1 - JOINT) / len(world.names) for name in world.names} | {"joint": JOINT}


def look(streams: dict[str, Watched], at: int, end: int) -> dict[str, float]:
    """Feed rows at..end - 1 to every stream; the most evidence of each so far."""
    for stream in streams.values():
        stream.test.update_codes(stream.codes[at:end])
    return {name: stream.test.log_most for name, stream in streams.items()}


def first_alarms(
    world: World, rates: tuple[float, ...], looks: npt.NDArray[np.int64]
) -> tuple[dict[float, int | None], dict[str, float]]:
    """Rows until the first alarm at each rate, when looking after ``looks`` rows; None without alarm. And the
    most evidence of each stream in the end."""
    streams = watched(world)
    first: dict[float, int | None] = dict.fromkeys(rates)
    budgets = {rate: Alarms(rate, weights(world)) for rate in rates}
    at, most = 0, dict.fromkeys(streams, 0.0)
    for end in looks.tolist():
        most = look(streams, at, end)
        at = end
        for rate, alarms in budgets.items():
            if first[rate] is None and alarms.judge(most):
                first[rate] = end
    return first, most


def alarm_row(world: World, rate: float, struck: tuple[str, ...]) -> tuple[int | None, str]:
    """The row that rang the first alarm, and its stream, testing the ``struck`` columns and the joint stream
    alone (the others' parts of the budget stay theirs). A look after every row would see it there."""
    alarms = Alarms(rate, weights(world))
    ends = block_starts(0, world.rows)[1:]
    found: list[tuple[int, str]] = []
    for name, stream in watched(world, struck).items():
        rang = np.flatnonzero(stream.test.update_codes(stream.codes) >= alarms.threshold(name))
        if len(rang):
            found.append((int(ends[rang[0]]), name))
    return min(found) if found else (None, "")


def _series(values: npt.NDArray[Any], kind: str) -> pl.Series:
    if kind != "category":
        return pl.Series(values, nan_to_null=True)
    return pl.Series(_LABELS[values.astype(np.int64)].tolist(), dtype=pl.String).replace(NULL_TEXT, None)


def _codes(cells: Cells, values: npt.NDArray[Any], kind: str) -> Codes:
    if kind == "number":
        return cells.codes(values)
    if kind == "boolean":
        return cells.codes(values.tolist())
    places = cells.codes(_LABELS[:-1].tolist())
    return places[values.astype(np.int64)]


def _typed(table: dict[str, Any], kinds: dict[str, str]) -> dict[str, npt.NDArray[Any]]:
    return {n: _LABELS[v.astype(np.int64)] if kinds[n] == "category" else v for n, v in table.items()}
