"""Numbers: as they are, standardised for methods that need a scale, and marks of what is missing.

Inputs are float64. The matrix is float32: what is larger than float32 holds becomes its largest value (an
infinity would stop most methods), and a column that would lose its differences in float32 (large numbers
close together) is shifted first. The graph does the same steps in the same order and precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import columns_of

LARGEST = float(np.finfo(np.float32).max)
FINEST = float(np.finfo(np.float32).tiny)
"""A spread below the smallest normal float32 counts as none."""

Floats = npt.NDArray[np.float64]


def places_of(columns: tuple[str, ...], every: tuple[str, ...]) -> tuple[int, ...]:
    """Where the columns stand in a tensor of the signature."""
    where = {name: place for place, name in enumerate(every)}
    return tuple(where[name] for name in columns)


def to_float32(values: Floats) -> Matrix:
    """Rounded to float32 and kept within its range; NaN stays."""
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(np.float32)
    clipped: Matrix = np.clip(narrow, np.float32(-LARGEST), np.float32(LARGEST))
    return clipped


def float32_nodes(graph: GraphBuilder, tensor: str) -> str:
    """:func:`to_float32` as nodes."""
    narrow = graph.node("Cast", [tensor], to=1)
    bounds = [graph.constant(sign * LARGEST, "float32", "limit") for sign in (-1.0, 1.0)]
    return graph.node("Clip", [narrow, *bounds])


def varies(values: Floats) -> bool:
    """Whether a column of training rows can tell rows apart: two values, or one and missing."""
    missing = np.isnan(values)
    if missing.all():
        return False
    if missing.any():
        return True
    return bool((values != values[0]).any())


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers as they are, NaN where missing: for trees. Columns constant in the training rows go."""

    kind: ClassVar[str] = "numbers"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedNumbers, Matrix]:
        names, places, shifts = [], [], []
        for name, place in zip(self.columns, places_of(self.columns, typed.signature.numbers), strict=True):
            values = typed.numbers[:, place]
            if varies(values):
                names.append(name)
                places.append(place)
                shifts.append(shift_of(values))
        width = len(typed.signature.numbers)
        fitted = FittedNumbers(tuple(names), tuple(places), width, tuple(shifts))
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedNumbers:
        return FittedNumbers(
            tuple(data["columns"]), tuple(data["places"]), int(data["width"]), tuple(data["shifts"])
        )


def shift_of(values: Floats) -> float:
    """The median where rounding to float32 would blur the column's differences, else 0."""
    finite = values[np.isfinite(values) & (np.abs(values) < LARGEST)]
    if not finite.size:
        return 0.0
    lost = float(np.max(np.abs(finite - finite.astype(np.float32))))
    low, high = np.quantile(finite, [0.05, 0.95])
    return float(np.median(finite)) if lost > 1e-5 * float(high - low) and high > low else 0.0


@dataclass(frozen=True, slots=True)
class FittedNumbers:
    kind: ClassVar[str] = "numbers"
    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    shifts: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.columns)

    def apply(self, typed: Typed) -> Matrix:
        values = typed.numbers[:, self.places]
        if any(self.shifts):
            values = values - np.array(self.shifts)
        return to_float32(values)

    def sentence(self) -> str:
        shifted = sum(1 for shift in self.shifts if shift)
        more = f"; {shifted} shifted by the median so that float32 keeps the differences" if shifted else ""
        return f"{count(len(self.columns), 'number')} as given, missing values left to the method{more}"

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "shifts": list(self.shifts),
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.numbers is not None
        tensor = columns_of(graph, inputs.numbers, self.places, self.width)
        if any(self.shifts):
            tensor = graph.node("Sub", [tensor, graph.constant([self.shifts], "float64", "shift")])
        return float32_nodes(graph, tensor)


@dataclass(frozen=True, slots=True)
class Standardise:
    """Missing values get the median; outliers are drawn in; skewed columns are logged; mean 0, deviation 1.

    The bounds lie one range of the central 98% beyond it on each side, so that they touch only what is
    far out. A column with a skewness above 2 goes through ``sign(x) * log(1 + |x|)`` where that lessens it.
    """

    kind: ClassVar[str] = "standardise"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedStandardise, Matrix]:
        plain: list[_Scaled] = []
        logged: list[_Scaled] = []
        for name, place in zip(self.columns, places_of(self.columns, typed.signature.numbers), strict=True):
            scaled = _scale(name, place, typed.numbers[:, place])
            if scaled is not None:
                (logged if scaled.logged else plain).append(scaled)
        every = plain + logged
        fitted = FittedStandardise(
            columns=tuple(s.name for s in every),
            places=tuple(s.place for s in every),
            width=len(typed.signature.numbers),
            logged=len(logged),
            fill=tuple(s.fill for s in every),
            low=tuple(s.low for s in every),
            high=tuple(s.high for s in every),
            centre=tuple(s.centre for s in every),
            scale=tuple(s.scale for s in every),
        )
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedStandardise:
        kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return FittedStandardise(**kept)


@dataclass(frozen=True, slots=True)
class _Scaled:
    name: str
    place: int
    fill: float
    low: float
    high: float
    centre: float
    scale: float
    logged: bool


def _log(values: Floats) -> Floats:
    result: Floats = np.sign(values) * np.log(1.0 + np.abs(values))
    return result


def _skewness(values: Floats) -> float:
    deviation = values.std()
    return float((((values - values.mean()) / deviation) ** 3).mean()) if deviation > FINEST else 0.0


def _scale(name: str, place: int, values: Floats) -> _Scaled | None:
    """The column's numbers; None where it is constant or missing throughout."""
    known = np.clip(values[~np.isnan(values)], -LARGEST, LARGEST)
    if not known.size:
        return None
    low, fill, high = (float(q) for q in np.quantile(known, [0.01, 0.5, 0.99]))
    reach = high - low
    if reach <= 0.0:
        low, high = float(known.min()), float(known.max())
        reach = 0.0
    low, high = max(low - reach, -LARGEST), min(high + reach, LARGEST)
    drawn = np.clip(np.where(np.isnan(values), fill, values), low, high)
    skewness = _skewness(drawn)
    logs = _log(drawn)
    logged = abs(skewness) > 2.0 and abs(_skewness(logs)) < abs(skewness)
    used = logs if logged else drawn
    centre, deviation = float(used.mean()), float(used.std())
    if not np.isfinite(deviation) or deviation <= max(1e-12 * abs(centre), FINEST):
        return None
    return _Scaled(name, place, fill, low, high, centre, 1.0 / deviation, logged)


@dataclass(frozen=True, slots=True)
class FittedStandardise:
    """The last ``logged`` columns go through the logarithm. ``scale`` multiplies: it is 1 / deviation."""

    kind: ClassVar[str] = "standardise"
    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    logged: int
    fill: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        plain = len(self.columns) - self.logged
        return self.columns[:plain] + tuple(f"log {name}" for name in self.columns[plain:])

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.columns)

    def apply(self, typed: Typed) -> Matrix:
        values = typed.numbers[:, self.places]
        values = np.clip(np.where(np.isnan(values), np.array(self.fill), values), self.low, self.high)
        plain = len(self.columns) - self.logged
        if self.logged:
            values[:, plain:] = _log(values[:, plain:])
        return to_float32((values - np.array(self.centre)) * np.array(self.scale))

    def sentence(self) -> str:
        logged = f", {self.logged} of them logged" if self.logged else ""
        return (
            f"{count(len(self.columns), 'number')}: missing values set to the median, outliers drawn in to "
            f"fitted bounds{logged}, then mean 0 and standard deviation 1"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "logged": self.logged,
            "fill": list(self.fill),
            "low": list(self.low),
            "high": list(self.high),
            "centre": list(self.centre),
            "scale": list(self.scale),
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.numbers is not None

        def row(values: tuple[float, ...], hint: str) -> str:
            return graph.constant([values], "float64", hint)

        tensor = columns_of(graph, inputs.numbers, self.places, self.width)
        missing = graph.node("IsNaN", [tensor])
        tensor = graph.node("Where", [missing, row(self.fill, "fill"), tensor])
        tensor = graph.node("Max", [tensor, row(self.low, "low")])
        tensor = graph.node("Min", [tensor, row(self.high, "high")])
        plain = len(self.columns) - self.logged
        if self.logged:
            parts = [tensor]
            if plain:
                sizes = graph.constant([plain, self.logged], "int64", "sizes")
                parts = graph.nodes_out("Split", [tensor, sizes], 2, axis=1)
            size = graph.node("Add", [graph.node("Abs", [parts[-1]]), graph.constant(1.0, "float64", "one")])
            parts[-1] = graph.node("Mul", [graph.node("Sign", [parts[-1]]), graph.node("Log", [size])])
            tensor = graph.node("Concat", parts, axis=1) if plain else parts[0]
        tensor = graph.node("Sub", [tensor, row(self.centre, "centre")])
        return float32_nodes(graph, graph.node("Mul", [tensor, row(self.scale, "scale")]))


@dataclass(frozen=True, slots=True)
class Missing:
    """1.0 where a number is missing, for columns that have both in the training rows."""

    kind: ClassVar[str] = "missing"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedMissing, Matrix]:
        places = places_of(self.columns, typed.signature.numbers)
        share = np.isnan(typed.numbers[:, places]).mean(axis=0) if typed.rows else np.zeros(len(places))
        kept = [j for j in range(len(places)) if 0.0 < share[j] < 1.0]
        fitted = FittedMissing(
            tuple(self.columns[j] for j in kept),
            tuple(places[j] for j in kept),
            len(typed.signature.numbers),
        )
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedMissing:
        return FittedMissing(tuple(data["columns"]), tuple(data["places"]), int(data["width"]))


@dataclass(frozen=True, slots=True)
class FittedMissing:
    kind: ClassVar[str] = "missing"
    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{name} is missing" for name in self.columns)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.columns)

    def apply(self, typed: Typed) -> Matrix:
        return np.isnan(typed.numbers[:, self.places]).astype(np.float32)

    def sentence(self) -> str:
        return f"a mark of missing for {count(len(self.columns), 'number')}"

    def to_json(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "places": list(self.places), "width": self.width}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.numbers is not None
        tensor = columns_of(graph, inputs.numbers, self.places, self.width)
        return graph.node("Cast", [graph.node("IsNaN", [tensor])], to=1)


def count(number: int, noun: str) -> str:
    """``3 numbers``, ``1 number``, ``2 categories``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
