"""Numbers drawn in to bounds that were learned from the training rows, where the goal asks for it.

This is no operation of its own but a change of what every operation sees: all columns that are made of a
number are made of the number as drawn in. Missing values stay missing. After Tukey, "The future of data
analysis", Annals of Mathematical Statistics 33, 1962, who named it for Winsor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.data.profile.outliers import FAR, limits
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs

Rule = tuple[float, ...]
"""Two quantiles, or nothing for the robust rule of ``data.profile.outliers``."""
Wishes = tuple[tuple[str, Rule], ...]
"""Pairs of a column and its rule."""


def said(rule: Rule) -> str:
    """The rule in words."""
    if rule:
        return f"quantiles {rule[0]:g} and {rule[1]:g}"
    return f"{FAR:.0f} median absolute deviations"


def bounds_of(values: npt.NDArray[np.float64], rule: Rule) -> tuple[float, float] | None:
    """The bounds of training values [n]; NaN and infinities do not count. None where there are none to be
    had: too few values, or nearly all of them the same."""
    known = values[np.isfinite(values)]
    if not rule:
        return limits(known)
    if not known.size:
        return None
    # Values that are there, and no means of two of them: whole numbers stay whole.
    low = float(np.quantile(known, rule[0], method="lower"))
    high = float(np.quantile(known, rule[1], method="higher"))
    return low, high


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of each of ``columns``, at ``places`` of ``width`` numbers, what it is drawn in to."""

    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def learn(cls, typed: Typed, wishes: Wishes) -> Bounds | None:
        """From these rows, which must be training rows; None where no column gets bounds."""
        every = typed.signature.numbers
        found: list[tuple[str, int, float, float]] = []
        for name, rule in wishes:
            if name in every:
                place = every.index(name)
                bounds = bounds_of(typed.numbers[:, place], rule)
                if bounds is not None:
                    found.append((name, place, *bounds))
        if not found:
            return None
        names, places, low, high = zip(*found, strict=True)
        return cls(names, places, len(every), low, high)

    def apply(self, typed: Typed) -> Typed:
        """The same rows with these columns drawn in; NaN stays."""
        numbers = typed.numbers.copy()
        places = list(self.places)
        numbers[:, places] = np.clip(numbers[:, places], np.array(self.low), np.array(self.high))
        return replace(typed, numbers=numbers)

    def counts(self, typed: Typed) -> tuple[tuple[int, int], ...]:
        """Cells below and above the bounds of each column."""
        values = typed.numbers[:, list(self.places)]
        below = (values < np.array(self.low)).sum(axis=0)
        above = (values > np.array(self.high)).sum(axis=0)
        return tuple((int(a), int(b)) for a, b in zip(below, above, strict=True))

    def sentence(self) -> str:
        shown = [
            f"{name} to {low:.6g} .. {high:.6g}"
            for name, low, high in zip(self.columns[:8], self.low, self.high, strict=False)
        ]
        more = f" and {len(self.columns) - 8} more" if len(self.columns) > 8 else ""
        return f"winsorised as the goal asks, before all else: {', '.join(shown)}{more}"

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "low": list(self.low),
            "high": list(self.high),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Bounds:
        return cls(
            tuple(data["columns"]),
            tuple(data["places"]),
            int(data["width"]),
            tuple(data["low"]),
            tuple(data["high"]),
        )

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> GraphInputs:
        """Add nodes; returns the inputs with the numbers drawn in. ``Clip`` takes one bound for all columns,
        so this is comparisons, in which NaN is on neither side and stays."""
        assert inputs.numbers is not None
        low, high = np.full(self.width, -np.inf), np.full(self.width, np.inf)
        low[list(self.places)], high[list(self.places)] = self.low, self.high
        least = graph.constant([low.tolist()], "float64", "least")
        most = graph.constant([high.tolist()], "float64", "most")
        below = graph.node("Greater", [least, inputs.numbers])
        tensor = graph.node("Where", [below, least, inputs.numbers])
        above = graph.node("Greater", [tensor, most])
        return replace(inputs, numbers=graph.node("Where", [above, most, tensor]))
