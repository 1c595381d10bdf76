"""Words and pairs of neighbouring words of a text, counted sparsely, in memory and in the graph.

``TfIdfVectorizer`` would give a dense row as wide as the vocabulary, and a batch of long texts would not fit
in memory. Here a text is looked up word by word (``StringSplit``, ``LabelEncoder``), a pair of words is the
number ``left * words + right`` and looked up as such, ``Unique`` over (row, gram) counts, and sums go back to
their rows by ``ScatterND``: time and memory in proportion to the words that are there. All of it is standard
ONNX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from modelwright.graph.builder import DTYPES, GraphBuilder
from modelwright.runtime.signature import NULL_TEXT

LONGEST = 4096
"""Most words of a text that are looked at."""
MOST = 400_000
"""Most grams of one vocabulary: those in the most rows."""
Ids = npt.NDArray[np.int64]


def pieces(text: str, cut: int) -> list[str]:
    """The pieces of a text as the graph splits it: what comes after ``cut`` spaces stays one piece, and there
    are empty pieces between two spaces. None of a missing text."""
    return [] if text == NULL_TEXT or not text else text.split(" ", cut)


@dataclass(frozen=True, slots=True, eq=False)
class Grams:
    """The vocabulary of one bag of text columns.

    ``places``: columns of the string tensor whose words are counted together. Word ``words[i]`` is gram
    i + 1; pair ``pairs[j]`` (sorted; left * (words + 1) + right, of the grams of its words) is gram
    words + j + 1; gram 0 is everything unknown. ``seen`` float64 [size]: training rows that hold a gram, of
    ``rows``.
    """

    places: tuple[int, ...]
    cut: int
    words: tuple[str, ...]
    pairs: Ids
    seen: npt.NDArray[np.float64]
    rows: int

    @property
    def size(self) -> int:
        """Grams, the unknown one among them."""
        return 1 + len(self.words) + len(self.pairs)

    @classmethod
    def learn(
        cls,
        strings: npt.NDArray[np.object_],
        places: tuple[int, ...],
        order: int,
        rarest: int,
        rarest_word: int | None = None,
    ) -> tuple[Grams, Any]:
        """The grams of training texts (object [n, b]) of up to ``order`` words (1 or 2) that stand in at
        least ``rarest`` rows (words in ``rarest_word``, where it is said), with the counts of those rows: csr
        float64 [n, size]."""
        rows = len(strings)
        lengths = np.sort([text.count(" ") + 1 for place in places for text in strings[:, place]] or [1])
        cut = int(min(LONGEST, max(16, 2 * lengths[int(0.99 * (len(lengths) - 1))])))
        held: Counter[str] = Counter()
        for row in strings[:, list(places)]:
            held.update({word for text in row for word in pieces(text, cut)[:cut]})
        held.pop("", None)
        least = rarest if rarest_word is None else rarest_word
        kept = sorted((-times, word) for word, times in held.items() if times >= least)[:MOST]
        words = tuple(sorted(word for _, word in kept))
        bare = cls(places, cut, words, np.empty(0, np.int64), np.empty(0), rows)
        found = bare._found(strings)
        pairs = bare.pairs
        if order > 1:
            cells = np.unique(found.pair_rows * bare.end + found.pairs)
            pairs, times = np.unique(cells % bare.end, return_counts=True)
            most = np.sort(np.argsort(-times, kind="stable")[:MOST])
            pairs = pairs[most][times[most] >= rarest]
        whole = replace(bare, pairs=pairs)
        matrix = whole._counts(found, rows)
        return replace(whole, seen=np.asarray(matrix.astype(bool).sum(axis=0), np.float64).ravel()), matrix

    @property
    def end(self) -> int:
        """One above the largest number of a pair."""
        return (len(self.words) + 1) ** 2

    def counts(self, strings: npt.NDArray[np.object_]) -> Any:
        """csr float64 [n, size]: how often each gram stands in each row (column 0 is empty)."""
        return self._counts(self._found(strings), len(strings))

    def _found(self, strings: npt.NDArray[np.object_]) -> _Found:
        get = {word: i + 1 for i, word in enumerate(self.words)}.get
        parts: list[tuple[Ids, Ids, Ids, Ids]] = []
        for place in self.places:
            found = [[get(word, 0) for word in pieces(text, self.cut)] for text in strings[:, place]]
            sizes = np.array([len(one) for one in found], dtype=np.int64)
            flat = np.fromiter(chain.from_iterable(found), np.int64, int(sizes.sum()))
            row = np.repeat(np.arange(len(sizes)), sizes)
            beside = (row[1:] == row[:-1]) & (flat[1:] > 0) & (flat[:-1] > 0)
            pair = flat[:-1][beside] * (len(self.words) + 1) + flat[1:][beside]
            parts.append((row[flat > 0], flat[flat > 0], row[1:][beside], pair))
        return _Found(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _counts(self, found: _Found, rows: int) -> Any:
        row, gram = found.rows, found.grams
        if len(self.pairs):
            at = np.minimum(np.searchsorted(self.pairs, found.pairs), len(self.pairs) - 1)
            known = self.pairs[at] == found.pairs
            row = np.concatenate([row, found.pair_rows[known]])
            gram = np.concatenate([gram, at[known] + len(self.words) + 1])
        return sparse.csr_matrix((np.ones(len(row)), (row, gram)), shape=(rows, self.size))

    def to_graph(self, graph: GraphBuilder, strings: str) -> tuple[str, str, str]:
        """Of each (row, gram) that is there: its row int64 [m], its gram int64 [m], its count float32 [m]. A
        row without any known word has none; one more, gram 0 of row 0, keeps the tensors from being empty."""
        flats = []
        for place in self.places:
            text = graph.node("Gather", [strings, graph.constant(place, "int64", "place")], axis=1)
            split, _ = graph.nodes_out("StringSplit", [text], 2, delimiter=" ", maxsplit=self.cut)
            ids = _lookup(graph, split, "strings", self.words, range(1, len(self.words) + 1))
            flats.append(self._numbered(graph, ids))
            if len(self.pairs):
                flats.append(self._numbered(graph, self._pairs(graph, ids)))
        zero = graph.constant([0], "int64")
        cells = graph.node("Concat", [zero, *flats], axis=0)
        cells, _, _, counts = graph.nodes_out("Unique", [cells], 4, sorted=1)
        size = graph.constant(self.size, "int64", "size")
        row = graph.node("Div", [cells, size])
        gram = graph.node("Sub", [cells, graph.node("Mul", [row, size])])
        return row, gram, graph.node("Cast", [counts], to=DTYPES["float32"])

    def _pairs(self, graph: GraphBuilder, ids: str) -> str:
        """Grams of neighbours, int64 [N, L - 1], from those of words [N, L]."""
        one, axis = graph.constant([1], "int64"), graph.constant([1], "int64")
        left = graph.node("Slice", [ids, graph.constant([0], "int64"), graph.constant([-1], "int64"), axis])
        right = graph.node("Slice", [ids, one, graph.constant([2**31], "int64"), axis])
        wide = graph.node("Mul", [left, graph.constant(len(self.words) + 1, "int64")])
        first = len(self.words) + 1
        return _lookup(
            graph,
            graph.node("Add", [wide, right]),
            "int64s",
            self.pairs.tolist(),
            range(first, first + len(self.pairs)),
        )

    def _numbered(self, graph: GraphBuilder, ids: str) -> str:
        """``row * size + gram`` of the known ones, int64 [m]."""
        count = graph.node("Shape", [ids], start=0, end=1)
        zero, one = graph.constant(0, "int64"), graph.constant(1, "int64")
        count = graph.node("Squeeze", [count, graph.constant([0], "int64")])
        rows = graph.node("Range", [zero, count, one])
        rows = graph.node("Unsqueeze", [rows, graph.constant([1], "int64")])
        starts = graph.node("Mul", [rows, graph.constant(self.size, "int64", "size")])
        flat = graph.constant([-1], "int64")
        cells = graph.node("Reshape", [graph.node("Add", [starts, ids]), flat])
        known = graph.node("Reshape", [graph.node("Greater", [ids, zero]), flat])
        return graph.node("Compress", [cells, known], axis=0)


@dataclass(frozen=True, slots=True)
class _Found:
    """Known words and pairs of neighbours: their rows and numbers, int64 [m] each."""

    rows: Ids
    grams: Ids
    pair_rows: Ids
    pairs: Ids


def _lookup(graph: GraphBuilder, keys: str, kind: str, known: Sequence[Any], values: Sequence[int]) -> str:
    """``values`` by key, int64 of the shape of ``keys``; 0 for what is not known."""
    named = {f"keys_{kind}": list(known), "values_int64s": list(values), "default_int64": 0}
    return graph.node("LabelEncoder", [keys], domain="ai.onnx.ml", **named)
