"""The known values of category columns, and their codes: one lookup that every category operation shares.

Codes: 0 unseen, 1 missing, 2 and up the values of the training rows by falling frequency. In the graph all
columns go through one ``LabelEncoder`` over the values of all of them, then one table per column: three
nodes however many columns there are. Columns are split into blocks where that table would be large.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.features.numbers import places_of
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs, columns_of
from modelwright.runtime.signature import NULL_TEXT

UNSEEN = 0
MISSING = 1
FIRST = 2

LIMIT = 10_000
"""Most values kept of one column; rarer ones count as unseen."""
TABLE = 200_000
"""Most cells of one block's table (columns times values)."""

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Columns of the strings tensor (``width`` columns wide) and the known values of each, in code order."""

    columns: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    values: tuple[tuple[str, ...], ...]

    @classmethod
    def fit(cls, typed: Typed, columns: tuple[str, ...], limit: int = LIMIT) -> Vocabulary:
        """Values of the training rows by falling frequency, ties in the order of the text."""
        places = places_of(columns, typed.signature.strings)
        values = []
        for place in places:
            counts = Counter(typed.strings[:, place].tolist())
            counts.pop(NULL_TEXT, None)
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            values.append(tuple(value for value, _ in ordered[:limit]))
        return cls(columns, places, len(typed.signature.strings), tuple(values))

    def only(self, kept: list[int]) -> Vocabulary:
        """Some of the columns, by position."""
        return Vocabulary(
            tuple(self.columns[j] for j in kept),
            tuple(self.places[j] for j in kept),
            self.width,
            tuple(self.values[j] for j in kept),
        )

    def sizes(self) -> tuple[int, ...]:
        """How many codes each column has, unseen and missing included."""
        return tuple(FIRST + len(values) for values in self.values)

    def codes(self, typed: Typed) -> Codes:
        """int64 [n, columns]."""
        result = np.empty((typed.rows, len(self.columns)), dtype=np.int64)
        for j, place in enumerate(self.places):
            known = {value: FIRST + i for i, value in enumerate(self.values[j])}
            known[NULL_TEXT] = MISSING
            column = typed.strings[:, place].tolist()
            result[:, j] = np.fromiter(map(known.get, column, repeat(UNSEEN)), np.int64, typed.rows)
        return result

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "places": list(self.places),
            "width": self.width,
            "values": [list(values) for values in self.values],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Vocabulary:
        return cls(
            tuple(data["columns"]),
            tuple(data["places"]),
            int(data["width"]),
            tuple(tuple(values) for values in data["values"]),
        )

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        """Add nodes; returns the name of the codes, int64 [N, columns]."""
        assert inputs.strings is not None
        shared = graph.memo.get(("vocabulary", inputs.strings))
        if isinstance(shared, tuple):
            whole, tensor = shared
            assert isinstance(whole, Vocabulary)
            where = {place: j for j, place in enumerate(whole.places)}
            if all(
                place in where and whole.values[where[place]] == values
                for place, values in zip(self.places, self.values, strict=True)
            ):
                return columns_of(graph, tensor, tuple(where[p] for p in self.places), len(whole.places))
        return self._nodes(graph, inputs.strings)

    def share(self, graph: GraphBuilder, inputs: GraphInputs) -> None:
        """Add the nodes now; vocabularies of the same columns and values will then use them."""
        assert inputs.strings is not None
        graph.memo["vocabulary", inputs.strings] = (self, self._nodes(graph, inputs.strings))

    def _nodes(self, graph: GraphBuilder, strings: str) -> str:
        blocks = self._blocks()
        tensors = [self._block(graph, strings, block) for block in blocks]
        if len(tensors) == 1:
            return tensors[0]
        order = [j for block in blocks for j in block]
        back = tuple(int(j) for j in np.argsort(order))
        return columns_of(graph, graph.node("Concat", tensors, axis=1), back, len(back))

    def _blocks(self) -> list[list[int]]:
        """Columns that share a lookup: in order, each block's table within bounds."""
        blocks: list[list[int]] = []
        known: set[str] = set()
        for j, values in enumerate(self.values):
            wider = known | set(values)
            if blocks and (len(blocks[-1]) + 1) * (len(wider) + FIRST) <= TABLE:
                blocks[-1].append(j)
                known = wider
            else:
                blocks.append([j])
                known = set(values)
        return blocks

    def _block(self, graph: GraphBuilder, strings: str, block: list[int]) -> str:
        keys: dict[str, int] = {NULL_TEXT: MISSING}
        for j in block:
            for value in self.values[j]:
                keys.setdefault(value, len(keys) + 1)
        tensor = columns_of(graph, strings, tuple(self.places[j] for j in block), self.width)
        found = graph.node(
            "LabelEncoder",
            [tensor],
            domain="ai.onnx.ml",
            keys_strings=[key.encode() for key in keys],
            values_int64s=list(keys.values()),
            default_int64=UNSEEN,
        )
        if len(block) == 1:
            return found  # its numbers are the codes already
        wide = len(keys) + 1
        table = np.zeros((len(block), wide), dtype=np.int64)
        table[:, MISSING] = MISSING
        for row, j in enumerate(block):
            for i, value in enumerate(self.values[j]):
                table[row, keys[value]] = FIRST + i
        offset = graph.constant([np.arange(len(block)) * wide], "int64", "offset")
        return graph.node(
            "Gather", [graph.constant(table.ravel(), "int64", "codes"), graph.node("Add", [found, offset])]
        )


def union(vocabularies: list[Vocabulary]) -> Vocabulary:
    """One vocabulary with the columns of all (a column that several have is taken from the first)."""
    columns: dict[int, tuple[str, tuple[str, ...]]] = {}
    for vocabulary in vocabularies:
        for name, place, values in zip(vocabulary.columns, vocabulary.places, vocabulary.values, strict=True):
            columns.setdefault(place, (name, values))
    places = tuple(sorted(columns))
    return Vocabulary(
        tuple(columns[p][0] for p in places),
        places,
        vocabularies[0].width,
        tuple(columns[p][1] for p in places),
    )
