"""Dates and times: calendar parts for trees, circles and a scaled moment for methods that need a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelwright.features.calendar import (
    DAY,
    DAY_OF_YEAR,
    EARLIEST,
    HOUR,
    LATEST,
    PARTS,
    CalendarNodes,
    Times,
    calendar,
    civil,
)
from modelwright.features.numbers import Floats, count, places_of, to_float32
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import columns_of
from modelwright.runtime.signature import NULL_TIME


@dataclass(frozen=True, slots=True)
class DateParts:
    """Calendar parts of each date, those that vary in the training rows; NaN where missing: for trees."""

    kind: ClassVar[str] = "date-parts"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedDateParts, Matrix]:
        places = places_of(self.columns, typed.signature.times)
        times = typed.times[:, places]
        start = first_moments(times)
        values = calendar(times, PARTS, start)
        kept_columns: list[int] = []
        outputs: list[tuple[int, int]] = []
        for j in range(len(places)):
            known = ~np.isnan(values[:, j, 0])
            varying = [p for p in range(len(PARTS)) if np.unique(values[known, j, p]).size > 1]
            if not varying and 0 < known.sum() < known.size:
                varying = [0]  # one moment or none at all: which of the two still tells rows apart
            if varying:
                kept_columns.append(j)
                outputs += [(len(kept_columns) - 1, p) for p in varying]
        fitted = FittedDateParts(
            columns=tuple(self.columns[j] for j in kept_columns),
            places=tuple(places[j] for j in kept_columns),
            width=len(typed.signature.times),
            start=tuple(float(start[j]) for j in kept_columns),
            outputs=tuple((column, PARTS[p]) for column, p in outputs),
        )
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedDateParts:
        return FittedDateParts(
            tuple(data["columns"]),
            tuple(data["places"]),
            int(data["width"]),
            tuple(data["start"]),
            tuple((int(column), str(part)) for column, part in data["outputs"]),
        )


def first_moments(times: Times) -> Floats:
    """Per column the earliest moment that is not missing, in microseconds; 0 where there is none."""
    known = np.where(times == NULL_TIME, LATEST, np.clip(times, EARLIEST, LATEST))
    first = known.min(axis=0) if times.shape[0] else np.full(times.shape[1], LATEST)
    return np.where(first == LATEST, 0, first).astype(np.float64)


@dataclass(frozen=True, slots=True)
class FittedDateParts:
    """``outputs`` are (which of ``columns``, which part), in the order of the matrix."""

    kind: ClassVar[str] = "date-parts"
    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    start: tuple[float, ...]
    outputs: tuple[tuple[int, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{part} of {self.columns[column]}" for column, part in self.outputs)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.outputs)

    def _parts(self) -> tuple[str, ...]:
        wanted = {part for _, part in self.outputs}
        return tuple(part for part in PARTS if part in wanted)

    def _order(self) -> tuple[int, ...]:
        """Where each output stands when all parts of all columns lie side by side, part by part."""
        parts = self._parts()
        return tuple(parts.index(part) * len(self.columns) + column for column, part in self.outputs)

    def apply(self, typed: Typed) -> Matrix:
        if not self.outputs:
            return np.empty((typed.rows, 0), dtype=np.float32)
        values = calendar(typed.times[:, self.places], self._parts(), np.array(self.start))
        flat = values.transpose(0, 2, 1).reshape(typed.rows, -1)
        return to_float32(flat[:, self._order()])

    def sentence(self) -> str:
        return f"{count(len(self.columns), 'date')} as {', '.join(self._parts())}"

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "start": list(self.start),
            "outputs": [list(output) for output in self.outputs],
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.times is not None
        nodes = CalendarNodes(graph, columns_of(graph, inputs.times, self.places, self.width))
        absent = graph.constant(np.nan, "float64", "nan")
        parts = [nodes.part(part, np.array(self.start)) for part in self._parts()]
        marked = [graph.node("Where", [nodes.missing, absent, part]) for part in parts]
        beside = graph.node("Concat", marked, axis=1) if len(marked) > 1 else marked[0]
        order = columns_of(graph, beside, self._order(), len(parts) * len(self.columns))
        return graph.node("Cast", [order], to=1)


CYCLES: dict[str, Floats] = {
    "day of year": np.array(DAY_OF_YEAR - 1) / 365.0,
    "weekday": np.arange(7) / 7.0,
    "hour": np.arange(24) / 24.0,
}
"""The share of the cycle, by table index."""


@dataclass(frozen=True, slots=True)
class DateCycles:
    """For methods that need a scale: the moment with mean 0 and deviation 1 (the mean where missing), the
    season, weekday and hour as points on a circle (0, 0 where missing), and a mark of missing."""

    kind: ClassVar[str] = "date-cycles"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedDateCycles, Matrix]:
        places = places_of(self.columns, typed.signature.times)
        times = typed.times[:, places]
        values = calendar(times, ("days", *CYCLES), np.zeros(len(places)))
        kept: list[int] = []
        centre: list[float] = []
        scale: list[float] = []
        outputs: list[tuple[int, str]] = []
        for j in range(len(places)):
            known = ~np.isnan(values[:, j, 0])
            days = values[known, j, 0]
            found = []
            if days.size and days.max() > days.min():
                found.append("moment")
                for c, cycle in enumerate(CYCLES):
                    if np.unique(np.floor(values[known, j, 1 + c])).size > 1:
                        found += [f"{cycle} (sine)", f"{cycle} (cosine)"]
            if 0 < known.sum() < known.size:
                found.append("missing")
            if found:
                outputs += [(len(kept), part) for part in found]
                kept.append(j)
                centre.append(float(days.mean()))
                scale.append(1.0 / float(days.std()) if days.max() > days.min() else 1.0)
        fitted = FittedDateCycles(
            columns=tuple(self.columns[j] for j in kept),
            places=tuple(places[j] for j in kept),
            width=len(typed.signature.times),
            centre=tuple(centre),
            scale=tuple(scale),
            outputs=tuple(outputs),
        )
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedDateCycles:
        return FittedDateCycles(
            tuple(data["columns"]),
            tuple(data["places"]),
            int(data["width"]),
            tuple(data["centre"]),
            tuple(data["scale"]),
            tuple((int(column), str(part)) for column, part in data["outputs"]),
        )


@dataclass(frozen=True, slots=True)
class FittedDateCycles:
    """``centre`` in days since 1970, ``scale`` is 1 / deviation in days; ``outputs`` as in date parts."""

    kind: ClassVar[str] = "date-cycles"
    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    outputs: tuple[tuple[int, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{part} of {self.columns[column]}" for column, part in self.outputs)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.outputs)

    def _blocks(self) -> tuple[str, ...]:
        wanted = {part for _, part in self.outputs}
        circles = [f"{cycle} ({wave})" for cycle in CYCLES for wave in ("sine", "cosine")]
        return tuple(part for part in ("moment", *circles, "missing") if part in wanted)

    def _order(self) -> tuple[int, ...]:
        blocks = self._blocks()
        return tuple(blocks.index(part) * len(self.columns) + column for column, part in self.outputs)

    def apply(self, typed: Typed) -> Matrix:
        if not self.outputs:
            return np.empty((typed.rows, 0), dtype=np.float32)
        times = typed.times[:, self.places]
        missing = times == NULL_TIME
        moment = np.clip(np.where(missing, 0, times), EARLIEST, LATEST)
        within = np.mod(moment, DAY)
        days = (moment - within) // DAY
        index = {
            "day of year": civil(days)[1],
            "weekday": np.mod(days + 3, 7),
            "hour": within // HOUR,
        }
        parts: list[Floats] = []
        for block in self._blocks():
            if block == "missing":
                parts.append(missing.astype(np.float64))
            elif block == "moment":
                since = moment.astype(np.float64) / float(DAY)
                scaled = (since - np.array(self.centre)) * np.array(self.scale)
                parts.append(np.where(missing, 0.0, np.clip(scaled, -FAR, FAR)))
            else:
                cycle, table = _circle(block)
                parts.append(np.where(missing, 0.0, table[index[cycle]]))
        return to_float32(np.concatenate(parts, axis=1)[:, self._order()])

    def sentence(self) -> str:
        return f"{count(len(self.columns), 'date')} as {', '.join(self._blocks())}"

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "centre": list(self.centre),
            "scale": list(self.scale),
            "outputs": [list(output) for output in self.outputs],
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.times is not None
        nodes = CalendarNodes(graph, columns_of(graph, inputs.times, self.places, self.width))
        zero = graph.constant(0.0, "float64", "zero")
        parts: list[str] = []
        for block in self._blocks():
            if block == "missing":
                parts.append(nodes.double(nodes.missing))
                continue
            if block == "moment":
                since = nodes.double(nodes.moment)
                since = graph.node("Div", [since, graph.constant(float(DAY), "float64", "day")])
                since = graph.node("Sub", [since, graph.constant([self.centre], "float64", "centre")])
                since = graph.node("Mul", [since, graph.constant([self.scale], "float64", "scale")])
                bounds = [graph.constant(sign * FAR, "float64", "far") for sign in (-1.0, 1.0)]
                value = graph.node("Clip", [since, *bounds])
            else:
                cycle, table = _circle(block)
                if cycle == "hour":
                    value = nodes.table(table, nodes.op("Div", nodes.get("within"), HOUR))
                else:
                    value = nodes.table(table, nodes.get("season" if cycle == "day of year" else cycle))
            parts.append(graph.node("Where", [nodes.missing, zero, value]))
        beside = graph.node("Concat", parts, axis=1) if len(parts) > 1 else parts[0]
        order = columns_of(graph, beside, self._order(), len(parts) * len(self.columns))
        return graph.node("Cast", [order], to=1)


FAR = 10.0
"""A moment further out than so many deviations counts as that far."""


def _circle(block: str) -> tuple[str, Floats]:
    """The cycle of a block such as ``hour (sine)``, and its values by index."""
    cycle, _, wave = block.removesuffix(")").partition(" (")
    angle = 2.0 * np.pi * CYCLES[cycle]
    return cycle, np.sin(angle) if wave == "sine" else np.cos(angle)
