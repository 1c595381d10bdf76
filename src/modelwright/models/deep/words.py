"""Texts as ids of words: the vocabulary is learned from training rows, and looked up inside of the graph.

Each column of text is one input, ``text_0``, ``text_1``, ..., int64 [n, length]: 0 is padding at the end, 1 a
word that is not known. The graph splits at spaces (``StringSplit``), looks words up (``LabelEncoder``), and
cuts or fills every row to the length that was chosen from the training rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.features.grams import pieces
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.deep.intake import Arrays, Given
from modelwright.runtime.signature import NULL_TEXT

PADDING, UNKNOWN, FIRST = 0, 1, 2
LONGEST = 256
"""Most words of a text that a network reads."""
COVERED = 0.98
"""Share of the texts that are not cut."""
MOST = 30_000
"""Most words of a vocabulary."""
RAREST = 2
"""Training rows that a word stands in at least: of rarer ones nothing can be learned, and rows that hold one
teach what to make of words that are not known."""


def length_for(texts: npt.NDArray[np.object_], longest: int = LONGEST) -> int:
    """Words that most of these texts have at most; at least 4."""
    sizes = np.sort([len(pieces(text, longest)) for text in texts] or [1])
    return int(np.clip(sizes[int(COVERED * (len(sizes) - 1))], 4, longest))


@dataclass(frozen=True, slots=True)
class Column:
    place: int
    length: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """An intake: one input for each column of text."""

    columns: tuple[Column, ...]

    @classmethod
    def learn(cls, typed: Typed) -> Words:
        """From training rows."""
        columns = []
        for name in typed.signature.texts:
            place = typed.signature.strings.index(name)
            texts = typed.strings[:, place]
            length = length_for(texts)
            seen: Counter[str] = Counter()
            for text in texts:
                seen.update(set(pieces(text, length)[:length]))
            seen.pop("", None)
            kept = sorted((-times, word) for word, times in seen.items() if times >= RAREST)[:MOST]
            columns.append(Column(place, length, tuple(sorted(word for _, word in kept))))
        return cls(tuple(columns))

    @property
    def given(self) -> tuple[Given, ...]:
        return tuple(
            Given(f"text_{j}", "text", (column.length,), "int64", FIRST + len(column.words))
            for j, column in enumerate(self.columns)
        )

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        found: Arrays = {}
        for j, column in enumerate(self.columns):
            get = {word: i + FIRST for i, word in enumerate(column.words)} | {"": PADDING}
            made = np.zeros((typed.rows, column.length), dtype=np.int64)
            for i, text in enumerate(typed.strings[:, column.place]):
                ids = [get.get(word, UNKNOWN) for word in pieces(text, column.length)[: column.length]]
                made[i, : len(ids)] = ids
            found[f"text_{j}"] = made
        return found

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        assert inputs.strings is not None
        return {f"text_{j}": self._one(graph, inputs.strings, c) for j, c in enumerate(self.columns)}

    def _one(self, graph: GraphBuilder, strings: str, column: Column) -> str:
        known = (NULL_TEXT, "", *column.words)
        values = (PADDING, PADDING, *range(FIRST, FIRST + len(column.words)))
        return fixed(graph, split(graph, strings, column.place, column.length), known, values, column.length)


def split(graph: GraphBuilder, strings: str, place: int, length: int) -> str:
    """Words of a column, [N, longest row]; what comes after the first ``length`` is one last piece."""
    text = graph.node("Gather", [strings, graph.constant(place, "int64", "place")], axis=1)
    return graph.nodes_out("StringSplit", [text], 2, delimiter=" ", maxsplit=length)[0]


def fixed(
    graph: GraphBuilder, words: str, known: tuple[str, ...], values: tuple[int, ...], length: int
) -> str:
    """int64 [N, length]: values of the known words, ``UNKNOWN`` for others, 0 after the end."""
    ids = graph.node(
        "LabelEncoder",
        [words],
        domain="ai.onnx.ml",
        keys_strings=[word.encode() for word in known],
        values_int64s=list(values),
        default_int64=UNKNOWN,
    )
    rows = graph.node("Shape", [words], start=0, end=1)
    shape = graph.node("Concat", [rows, graph.constant([length], "int64")], axis=0)
    filler = graph.node("Expand", [graph.constant(0, "int64"), shape])
    wide = graph.node("Concat", [ids, filler], axis=1)
    start, end, axis = (graph.constant([n], "int64") for n in (0, length, 1))
    return graph.node("Slice", [wide, start, end, axis])
