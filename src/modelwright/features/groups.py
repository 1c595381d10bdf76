"""Numbers against their group: a row's value less the mean among training rows of the same category.

No target is looked at, so nothing can leak. Means are drawn towards the overall mean where the group is
small; a group that was never seen is compared with the overall mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelwright.features.numbers import LARGEST, Floats, count, float32_nodes, to_float32
from modelwright.features.operation import GraphInputs, Matrix
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import UNSEEN, Codes, Vocabulary
from modelwright.graph.builder import GraphBuilder

SMOOTHING = 5.0


def group_means(codes: Codes, size: int, values: Floats) -> Floats:
    """float64 [size]: the smoothed mean of the finite values of each code."""
    known = np.isfinite(values) & (np.abs(values) < LARGEST)
    inside = np.where(known, values, 0.0)
    total = float(known.sum())
    overall = float(inside.sum()) / total if total else 0.0
    mass = np.bincount(codes, weights=known.astype(np.float64), minlength=size)
    sums = np.bincount(codes, weights=np.where(known, inside - overall, 0.0), minlength=size)
    means: Floats = overall + sums / (mass + SMOOTHING)
    means[UNSEEN] = overall
    return means


@dataclass(frozen=True, slots=True, eq=False)
class FittedGroups:
    """For each output the place of its number and its category's position in ``vocabulary``; ``means``
    float64 by code. ``numbers`` are the columns' names; ``width`` columns in the numbers tensor."""

    kind: ClassVar[str] = "groups"
    vocabulary: Vocabulary
    numbers: tuple[str, ...]
    places: tuple[int, ...]
    by: tuple[int, ...]
    means: tuple[Floats, ...]
    width: int

    @classmethod
    def of(
        cls, chosen: list[tuple[str, int, int]], vocabulary: Vocabulary, codes: Codes, typed: Typed
    ) -> FittedGroups:
        """``chosen``: a number's name and place, and the position of a category in ``vocabulary``."""
        used = sorted({j for _, _, j in chosen})
        sizes = vocabulary.sizes()
        return cls(
            vocabulary.only(used),
            tuple(name for name, _, _ in chosen),
            tuple(place for _, place, _ in chosen),
            tuple(used.index(j) for _, _, j in chosen),
            tuple(group_means(codes[:, j], sizes[j], typed.numbers[:, place]) for _, place, j in chosen),
            typed.numbers.shape[1],
        )

    @property
    def names(self) -> tuple[str, ...]:
        columns = self.vocabulary.columns
        return tuple(
            f"{name} less its mean by {columns[j]}" for name, j in zip(self.numbers, self.by, strict=True)
        )

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.numbers)

    def apply(self, typed: Typed) -> Matrix:
        if not self.numbers:
            return np.empty((typed.rows, 0), dtype=np.float32)
        codes = self.vocabulary.codes(typed)
        means = np.column_stack([mean[codes[:, j]] for mean, j in zip(self.means, self.by, strict=True)])
        with np.errstate(invalid="ignore"):
            return to_float32(typed.numbers[:, self.places] - means)

    def sentence(self) -> str:
        return f"{count(len(self.numbers), 'number')} against a group: {', '.join(self.names)}"

    def to_json(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary.to_json(),
            "numbers": list(self.numbers),
            "places": list(self.places),
            "by": list(self.by),
            "means": [mean.tolist() for mean in self.means],
            "width": self.width,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FittedGroups:
        return cls(
            Vocabulary.from_json(data["vocabulary"]),
            tuple(data["numbers"]),
            tuple(data["places"]),
            tuple(data["by"]),
            tuple(np.array(mean, dtype=np.float64) for mean in data["means"]),
            int(data["width"]),
        )

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.numbers is not None
        codes = self.vocabulary.to_graph(graph, inputs)
        each = graph.node("Gather", [codes, graph.constant(self.by, "int64", "by")], axis=1)
        offset = np.concatenate([[0], np.cumsum([mean.size for mean in self.means])[:-1]])
        index = graph.node("Add", [each, graph.constant([offset], "int64", "offset")])
        flat = graph.constant(np.concatenate(self.means), "float64", "means")
        means = graph.node("Gather", [flat, index])
        places = graph.constant(self.places, "int64", "places")
        values = graph.node("Gather", [inputs.numbers, places], axis=1)
        return float32_nodes(graph, graph.node("Sub", [values, means]))
