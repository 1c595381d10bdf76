"""Two categories read as one, as what the target was like among training rows with both values.

The same statistics as for one category (``targets``), over pairs of values: the most common ``most`` values
of each column, rarer ones together with missing or unseen ones of their kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelwright.features.categories import look_up, tables_to_graph
from modelwright.features.numbers import count
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.targets import Statistics, inner_folds
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import FIRST, UNSEEN, Codes, Vocabulary
from modelwright.graph.builder import GraphBuilder

LEVELS = 150
"""Most values of a column in a pair."""


def levels_of(vocabulary: Vocabulary, wide: int) -> tuple[int, ...]:
    """Codes of each column that a pair tells apart; fewer where each cell holds several classes."""
    most = FIRST + max(20, int(LEVELS / np.sqrt(wide)))
    return tuple(min(size, most) for size in vocabulary.sizes())


def joined(codes: Codes, levels: tuple[int, ...], pairs: tuple[tuple[int, int], ...]) -> Codes:
    """int64 [n, pairs]: one code for both values."""
    few = np.where(codes < np.array(levels, dtype=np.int64), codes, UNSEEN)
    result = np.empty((codes.shape[0], len(pairs)), dtype=np.int64)
    for place, (a, b) in enumerate(pairs):
        result[:, place] = few[:, a] * levels[b] + few[:, b]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class FittedPairs:
    """``pairs`` are positions in ``vocabulary``; ``tables`` float32 [levels * levels, wide] per pair."""

    kind: ClassVar[str] = "pairs"
    vocabulary: Vocabulary
    levels: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    classes: tuple[int, ...]
    tables: tuple[Matrix, ...]
    wide: int

    @classmethod
    def of(
        cls,
        chosen: list[tuple[int, int]],
        vocabulary: Vocabulary,
        codes: Codes,
        target: Target,
        statistics: Statistics,
        seed: int,
    ) -> tuple[FittedPairs, Matrix]:
        """``chosen``: positions in ``vocabulary``, whose codes of the training rows are ``codes``. Also the
        matrix of those rows, cross-fitted."""
        used = sorted({j for pair in chosen for j in pair})
        narrow, codes = vocabulary.only(used), codes[:, used]
        pairs = tuple((used.index(a), used.index(b)) for a, b in chosen)
        wide = statistics.classes(target).size
        levels = levels_of(narrow, wide)
        both = joined(codes, levels, pairs)
        sizes = tuple(levels[a] * levels[b] for a, b in pairs)
        fold = inner_folds(both.shape[0], target.groups, statistics.folds, seed)
        classes, tables, matrix = statistics.fit(both, sizes, target, fold)
        labels = tuple(int(c) for c in classes) if target.values.shape[1] > 1 else ()
        return cls(narrow, levels, pairs, labels, tables, wide), matrix

    @property
    def names(self) -> tuple[str, ...]:
        columns = self.vocabulary.columns
        both = [f"{columns[a]} and {columns[b]}" for a, b in self.pairs]
        if not self.classes:
            return tuple(f"target by {pair}" for pair in both)
        return tuple(f"class {c} by {pair}" for pair in both for c in self.classes)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.names)

    def apply(self, typed: Typed) -> Matrix:
        if not self.pairs:
            return np.empty((typed.rows, 0), dtype=np.float32)
        both = joined(self.vocabulary.codes(typed), self.levels, self.pairs)
        return look_up(both, list(self.tables))

    def sentence(self) -> str:
        columns = self.vocabulary.columns
        both = ", ".join(f"{columns[a]} with {columns[b]}" for a, b in self.pairs)
        return f"the smoothed mean of the target for {count(len(self.pairs), 'pair')} of categories: {both}"

    def to_json(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary.to_json(),
            "levels": list(self.levels),
            "pairs": [list(pair) for pair in self.pairs],
            "classes": list(self.classes),
            "wide": self.wide,
            "tables": [table.ravel().tolist() for table in self.tables],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FittedPairs:
        wide = int(data["wide"])
        return cls(
            Vocabulary.from_json(data["vocabulary"]),
            tuple(data["levels"]),
            tuple((int(a), int(b)) for a, b in data["pairs"]),
            tuple(data["classes"]),
            tuple(np.array(table, dtype=np.float32).reshape(-1, wide) for table in data["tables"]),
            wide,
        )

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        codes = self.vocabulary.to_graph(graph, inputs)
        below = graph.node("Less", [codes, graph.constant([self.levels], "int64", "levels")])
        few = graph.node("Where", [below, codes, graph.constant(UNSEEN, "int64", "unseen")])

        def side(places: list[int]) -> str:
            return graph.node("Gather", [few, graph.constant(places, "int64", "places")], axis=1)

        first, second = side([a for a, _ in self.pairs]), side([b for _, b in self.pairs])
        times = graph.constant([[self.levels[b] for _, b in self.pairs]], "int64", "levels")
        both = graph.node("Add", [graph.node("Mul", [first, times]), second])
        return tables_to_graph(graph, both, list(self.tables))
