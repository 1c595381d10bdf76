"""Two numbers joined by arithmetic: what a tree can only approximate by a stair of many splits.

``a + w b`` (a difference or a sum, or, with both in units of their spread, a rotation of the plane),
``a / b`` and ``(a - c)(b - d)``. Everything is float64 until the end, in the same order in numpy and in
the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from modelwright.features.numbers import Floats, count, float32_nodes, places_of, shift_of, to_float32, varies
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder

LINEAR, RATIO, PRODUCT = "linear", "ratio", "product"
ORDER = (LINEAR, RATIO, PRODUCT)


@dataclass(frozen=True, slots=True)
class Form:
    """``a`` and ``b`` are places in the numbers tensor. ``p`` and ``q``: the weight of b (and nothing) for a
    linear form, what is taken off a and b for a product."""

    name: str
    kind: str
    a: int
    b: int
    p: float = 0.0
    q: float = 0.0
    shift: float = 0.0

    def values(self, numbers: Floats) -> Floats:
        """float64 [n]; NaN where either is missing, infinite where it overflows."""
        a, b = numbers[:, self.a], numbers[:, self.b]
        with np.errstate(all="ignore"):
            if self.kind == LINEAR:
                result: Floats = a + self.p * b
            elif self.kind == RATIO:
                result = a / b
            else:
                result = (a - self.p) * (b - self.q)
            return result - self.shift

    def shifted(self, numbers: Floats) -> Form:
        """The same, shifted where float32 would blur its differences."""
        by = shift_of(self.values(numbers))
        return Form(self.name, self.kind, self.a, self.b, self.p, self.q, by)


def forms(names: tuple[str, ...], places: tuple[int, ...], numbers: Floats) -> list[Form]:
    """Every form of every pair of these columns that has a meaning for these rows."""
    found: list[Form] = []
    facts = {place: _Facts.of(numbers[:, place]) for place in places}
    for (left, a), (right, b) in combinations(zip(names, places, strict=True), 2):
        x, y = facts[a], facts[b]
        if x.spread <= 0.0 or y.spread <= 0.0:
            continue
        if x.overlaps(y):
            found.append(Form(f"{left} - {right}", LINEAR, a, b, -1.0))
            found.append(Form(f"{left} + {right}", LINEAR, a, b, 1.0))
        else:
            weight = x.spread / y.spread
            found.append(Form(f"{left} - {weight:.3g} {right}", LINEAR, a, b, -weight))
            found.append(Form(f"{left} + {weight:.3g} {right}", LINEAR, a, b, weight))
        # The divisor is the one that is never 0 and keeps its sign.
        if y.positive:
            found.append(Form(f"{left} / {right}", RATIO, a, b))
        elif x.positive:
            found.append(Form(f"{right} / {left}", RATIO, b, a))
        p, q = (0.0, 0.0) if x.low >= 0.0 and y.low >= 0.0 else (x.middle, y.middle)
        found.append(Form(f"{left} x {right}", PRODUCT, a, b, p, q))
    return found


@dataclass(frozen=True, slots=True)
class Rotations:
    """The sum and the difference of every pair of the first ``most`` of ``columns``, in units of their spread
    where they do not count the same thing. Splits on these are oblique in the plane of the two columns
    (Menze et al. 2011, "On oblique random forests", where the directions are learned at each node)."""

    kind: ClassVar[str] = "rotations"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    most: int = 16

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedArithmetic, Matrix]:
        every = places_of(self.columns, typed.signature.numbers)
        able = [
            (name, place)
            for name, place in zip(self.columns, every, strict=True)
            if varies(typed.numbers[:, place])
        ][: self.most]
        names, places = tuple(name for name, _ in able), tuple(place for _, place in able)
        made = [form for form in forms(names, places, typed.numbers) if form.kind == LINEAR]
        fitted = FittedArithmetic.of(made, typed)
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedArithmetic:
        return FittedArithmetic.from_json(data)


@dataclass(frozen=True, slots=True)
class _Facts:
    low: float
    q1: float
    middle: float
    q3: float
    spread: float

    @classmethod
    def of(cls, values: Floats) -> _Facts:
        known = values[np.isfinite(values)]
        if not known.size:
            return cls(0.0, 0.0, 0.0, 0.0, 0.0)
        low, q1, middle, q3 = (float(q) for q in np.quantile(known, [0.0, 0.1, 0.5, 0.9]))
        with np.errstate(over="ignore", invalid="ignore"):
            spread = float(known.std())
        return cls(low, q1, middle, q3, spread if np.isfinite(spread) else 0.0)

    @property
    def positive(self) -> bool:
        return self.low > 0.0

    def overlaps(self, other: _Facts) -> bool:
        """Whether both seem to count the same thing: their usual ranges overlap by half of the wider one."""
        both = min(self.q3, other.q3) - max(self.q1, other.q1)
        return both > 0.5 * max(self.q3 - self.q1, other.q3 - other.q1)


@dataclass(frozen=True, slots=True)
class FittedArithmetic:
    """Forms in the order of their kinds; ``width`` columns in the numbers tensor."""

    kind: ClassVar[str] = "rotations"
    forms: tuple[Form, ...]
    width: int

    @classmethod
    def of(cls, chosen: list[Form], typed: Typed) -> FittedArithmetic:
        ordered = sorted(chosen, key=lambda form: ORDER.index(form.kind))
        return cls(tuple(form.shifted(typed.numbers) for form in ordered), typed.numbers.shape[1])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(form.name for form in self.forms)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.forms)

    def apply(self, typed: Typed) -> Matrix:
        columns = [to_float32(form.values(typed.numbers)) for form in self.forms]
        return np.column_stack(columns) if columns else np.empty((typed.rows, 0), dtype=np.float32)

    def sentence(self) -> str:
        some = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        return f"{count(len(self.forms), 'column')} of two numbers joined: {some}"

    def to_json(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "forms": [[f.name, f.kind, f.a, f.b, f.p, f.q, f.shift] for f in self.forms],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FittedArithmetic:
        return cls(tuple(Form(*form) for form in data["forms"]), int(data["width"]))

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.numbers is not None
        numbers = inputs.numbers

        def side(places: list[int]) -> str:
            return graph.node("Gather", [numbers, graph.constant(places, "int64", "places")], axis=1)

        def row(values: list[float], hint: str) -> str:
            return graph.constant([values], "float64", hint)

        parts = []
        for kind in ORDER:
            mine = [form for form in self.forms if form.kind == kind]
            if not mine:
                continue
            a, b = side([form.a for form in mine]), side([form.b for form in mine])
            p = [form.p for form in mine]
            if kind == LINEAR:
                parts.append(graph.node("Add", [a, graph.node("Mul", [row(p, "weight"), b])]))
            elif kind == RATIO:
                parts.append(graph.node("Div", [a, b]))
            else:
                q = row([form.q for form in mine], "less")
                both = [graph.node("Sub", [a, row(p, "less")]), graph.node("Sub", [b, q])]
                parts.append(graph.node("Mul", both))
        tensor = parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)
        tensor = graph.node("Sub", [tensor, row([form.shift for form in self.forms], "shift")])
        return float32_nodes(graph, tensor)
