"""Texts and wordy categories: tf-idf over words chosen on the training rows, as it is or in a few components.

A text arrives as tokens joined by single spaces (the runtime makes them), so that splitting at spaces is
all the graph has to do. The vocabulary is explicit: no portable operator hashes. Weights are
``count * (1 + log((1 + n) / (1 + rows with the word)))``, rows scaled to length 1 (Salton and Buckley,
1988; the smooth form of scikit-learn). Components are a truncated singular value decomposition (latent
semantic analysis; Deerwester et al., 1990).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import svds

from modelwright.features.numbers import count, places_of
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.runtime.signature import NULL_TEXT

LONGEST = 512
"""Most words of a text that are looked at: a batch is as wide as its longest text."""
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Words:
    """tf-idf of the ``most`` words that occur in the most training rows, each in at least ``rarest`` rows and
    at most 95% of them. With ``components`` above 0, that many columns by singular value decomposition. Also
    the logarithm of the number of words, where it varies."""

    kind: ClassVar[str] = "words"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    most: int = 1000
    rarest: int = 3
    components: int = 0

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedWords, Matrix]:
        fitted = []
        for name, place in zip(self.columns, places_of(self.columns, typed.signature.strings), strict=True):
            column = self._fit_one(name, place, typed, seed)
            if column is not None:
                fitted.append(column)
        result = FittedWords(tuple(fitted))
        return result, result.apply(typed)

    def _fit_one(self, name: str, place: int, typed: Typed, seed: int) -> WordsColumn | None:
        texts = typed.strings[:, place].tolist()
        lengths = sorted(text.count(" ") + 1 for text in texts) or [1]
        cut = int(min(LONGEST, max(16, 2 * lengths[int(0.99 * (len(lengths) - 1))])))
        seen: Counter[str] = Counter()
        for text, times in Counter(texts).items():
            for word in set(split(text, cut)):
                seen[word] += times
        rows = len(texts)
        ordered = sorted(
            (item for item in seen.items() if self.rarest <= item[1] <= 0.95 * rows),
            key=lambda item: (-item[1], item[0]),
        )[: self.most]
        if not ordered:
            return None
        words = tuple(word for word, _ in ordered)
        idf = tuple(float(np.float32(1.0 + np.log((1 + rows) / (1 + n)))) for _, n in ordered)
        plain = WordsColumn(name, place, cut, words, idf, None, False)
        matrix = plain.tfidf(texts)
        counted = np.unique(plain.lengths(texts)).size > 1
        projection = None
        rank = min(self.components, min(matrix.shape) - 1)
        if 0 < rank < len(words):
            start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
            _, _, right = svds(matrix.astype(np.float64), k=rank, v0=start)
            right = right[::-1]  # the largest singular value first
            sign = np.sign(right[np.arange(rank), np.argmax(np.abs(right), axis=1)])
            projection = np.ascontiguousarray((right * sign[:, None]).T.astype(np.float32))
        return WordsColumn(name, place, cut, words, idf, projection, counted)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedWords:
        return FittedWords(tuple(WordsColumn.from_json(column) for column in data["columns"]))


def split(text: str, cut: int) -> list[str]:
    """The words of a text; what comes after the first ``cut`` spaces stays one piece, as in the graph."""
    if text == NULL_TEXT:
        return []
    return [word for word in text.split(" ", cut) if word]


@dataclass(frozen=True, slots=True, eq=False)
class WordsColumn:
    """One column's words. ``projection`` float32 [words, components] or None; ``counted``: length as well."""

    column: str
    place: int
    cut: int
    words: tuple[str, ...]
    idf: tuple[float, ...]
    projection: Matrix | None
    counted: bool

    @property
    def names(self) -> tuple[str, ...]:
        if self.projection is None:
            names = [f"{word!r} in {self.column}" for word in self.words]
        else:
            names = [f"topic {j + 1} of {self.column}" for j in range(self.projection.shape[1])]
        return (*names, *([f"length of {self.column}"] if self.counted else []))

    def tfidf(self, texts: list[str]) -> Any:
        """float32 csr [n, words]."""
        place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        made = self._tfidf(list(place))
        if len(place) == len(texts):
            return made
        return made[np.fromiter(map(place.__getitem__, texts), np.int64, len(texts))]

    def _tfidf(self, texts: list[str]) -> Any:
        """The same, of texts that differ."""
        where = {word: j for j, word in enumerate(self.words)}
        idf = np.array(self.idf, dtype=np.float32)
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for text in texts:
            counts: dict[int, int] = {}
            for word in split(text, self.cut):
                j = where.get(word)
                if j is not None:
                    counts[j] = counts.get(j, 0) + 1
            columns += counts.keys()
            values += counts.values()
            ends.append(len(columns))
        places = np.array(columns, dtype=np.int64)
        weights = np.array(values, dtype=np.float32) * idf[places]
        matrix = sparse.csr_matrix((weights, places, np.array(ends)), shape=(len(texts), len(self.words)))
        squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
        matrix.data /= np.repeat(np.maximum(np.sqrt(squares), SMALLEST), np.diff(ends)).astype(np.float32)
        return matrix

    def lengths(self, texts: list[str]) -> Matrix:
        """float32 [n, 1]: log(1 + pieces), counted as the graph counts them (missing is one piece)."""
        pieces = [min(text.count(" "), self.cut) + 1 if text else 0 for text in texts]
        return np.log1p(np.array(pieces, dtype=np.float32))[:, None]

    def apply(self, typed: Typed) -> Matrix:
        texts = typed.strings[:, self.place].tolist()
        matrix = self.tfidf(texts)
        found = matrix.toarray() if self.projection is None else matrix @ self.projection
        return np.concatenate([found, self.lengths(texts)], axis=1) if self.counted else np.asarray(found)

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "place": self.place,
            "cut": self.cut,
            "words": list(self.words),
            "idf": list(self.idf),
            "projection": None if self.projection is None else self.projection.tolist(),
            "counted": self.counted,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> WordsColumn:
        projection = None if data["projection"] is None else np.array(data["projection"], dtype=np.float32)
        return cls(
            data["column"],
            int(data["place"]),
            int(data["cut"]),
            tuple(data["words"]),
            tuple(data["idf"]),
            projection,
            bool(data["counted"]),
        )

    def to_graph(self, graph: GraphBuilder, strings: str) -> str:
        text = graph.node("Gather", [strings, graph.constant(self.place, "int64", "place")], axis=1)
        pieces, lengths = graph.nodes_out("StringSplit", [text], 2, delimiter=" ", maxsplit=self.cut)
        found = graph.node(
            "TfIdfVectorizer",
            [pieces],
            mode="TFIDF",
            min_gram_length=1,
            max_gram_length=1,
            max_skip_count=0,
            ngram_counts=[0],
            ngram_indexes=list(range(len(self.words))),
            pool_strings=[word.encode() for word in self.words],
            weights=list(self.idf),
        )
        axis = graph.constant([1], "int64", "axis")
        norm = graph.node("ReduceL2", [found, axis], keepdims=1)
        norm = graph.node("Max", [norm, graph.constant(SMALLEST, "float32", "smallest")])
        found = graph.node("Div", [found, norm])
        if self.projection is not None:
            found = graph.node("MatMul", [found, graph.constant(self.projection, "float32", "topics")])
        if not self.counted:
            return found
        size = graph.node("Cast", [graph.node("Unsqueeze", [lengths, axis])], to=1)
        size = graph.node("Log", [graph.node("Add", [size, graph.constant(1.0, "float32", "one")])])
        return graph.node("Concat", [found, size], axis=1)


@dataclass(frozen=True, slots=True)
class FittedWords:
    kind: ClassVar[str] = "words"
    columns: tuple[WordsColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.names)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.names)

    def apply(self, typed: Typed) -> Matrix:
        if not self.columns:
            return np.empty((typed.rows, 0), dtype=np.float32)
        return np.concatenate([column.apply(typed) for column in self.columns], axis=1)

    def sentence(self) -> str:
        words = sum(len(column.words) for column in self.columns)
        topics = sum(column.projection.shape[1] for column in self.columns if column.projection is not None)
        into = f", drawn together into {count(topics, 'topic')}" if topics else ""
        return f"{count(len(self.columns), 'text')} as weighted counts of {count(words, 'word')}{into}"

    def to_json(self) -> dict[str, Any]:
        return {"columns": [column.to_json() for column in self.columns]}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        assert inputs.strings is not None
        tensors = [column.to_graph(graph, inputs.strings) for column in self.columns]
        return graph.node("Concat", tensors, axis=1) if len(tensors) > 1 else tensors[0]
