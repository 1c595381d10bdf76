"""Texts as tokens of a pretrained model, without a tokenizer at run time.

A text arrives as words joined by single spaces, so the tokens of a text are those of its words one after the
other, and the tokens of a word are a table: of each word of the training rows, by the model's own
``tokenizer.json``, and of each word that is a token by itself. The table is looked up inside of the graph,
like any vocabulary; so what predicts needs no tokenizer, a browser included. A word that is in neither is the
unknown token, where the tokenizer would have spelt it in pieces: that is the price.

Ids are those of the tokenizer plus 1; 0 is padding, at the end. The first and the last token of a text are
what the tokenizer puts there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadInput
from modelwright.features.grams import pieces
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.deep.intake import Arrays, Given
from modelwright.models.deep.pretrained import HUB
from modelwright.models.deep.words import split
from modelwright.runtime.signature import NULL_TEXT

LONGEST = 128
"""Most tokens of a text that the model reads, of those it could."""
COVERED = 0.98
MOST_WORDS = 60_000
"""Most words of the training rows in the table, the commonest first."""
MOST_PIECES = 12
"""Most tokens of one word."""

Ids = npt.NDArray[np.int64]


def tokenizer_of(named: str) -> Any:
    """The ``tokenizers.Tokenizer`` of a pretrained model; raises :class:`BadInput` where there is none."""
    import tokenizers

    if named.startswith(HUB):
        try:
            return tokenizers.Tokenizer.from_pretrained(named.removeprefix(HUB))
        except Exception as error:  # the library raises plain exceptions of its own
            raise BadInput(
                f"the tokenizer of {named} cannot be fetched: {str(error).splitlines()[0]}",
                code="pretrained.load",
                hint="copy the model's folder by hand and name it in search.pretrained",
            ) from None
    path = Path(named) / "tokenizer.json"
    if not path.is_file():
        raise BadInput(
            f"{Path(named).name} holds no tokenizer.json (search.pretrained)",
            code="pretrained.no-tokenizer",
            hint="copy tokenizer.json of the pretrained model beside its config.json",
        )
    return tokenizers.Tokenizer.from_file(str(path))


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """``pieces`` int64 [words + 2, most]: of no word, of an unknown one, of each of ``words``; 0 fills up."""

    place: int
    cut: int
    length: int
    words: tuple[str, ...]
    pieces: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """An intake: one input ``text_<j>`` int64 [n, length] for each column of text."""

    columns: tuple[Column, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]
    """Ids (plus 1) that the tokenizer puts before and after each text."""
    vocabulary: int

    @classmethod
    def learn(cls, named: str, typed: Typed, longest: int = LONGEST) -> Tokens:
        """From the texts of training rows and the tokenizer of a pretrained model."""
        tokenizer = tokenizer_of(named)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        first, last = _around(tokenizer)
        whole: dict[str, Any] = {}
        unknown = tokenizer.encode("\U000f1234", add_special_tokens=False).ids[:1] or [0]
        columns = []
        for name in typed.signature.texts:
            place = typed.signature.strings.index(name)
            texts = typed.strings[:, place]
            seen: Counter[str] = Counter()
            for text in texts:
                seen.update(pieces(text, longest)[:longest])
            seen.pop("", None)
            common = [word for word, _ in sorted(seen.items(), key=lambda i: (-i[1], i[0]))[:MOST_WORDS]]
            if not whole:
                whole = _own_words(tokenizer)
            words = tuple(sorted({*common, *whole}))
            spelt = [
                e.ids[:MOST_PIECES] for e in tokenizer.encode_batch(list(words), add_special_tokens=False)
            ]
            most = max((len(one) for one in spelt), default=1)
            table = np.zeros((len(words) + 2, most), dtype=np.int64)
            table[1, : len(unknown)] = np.array(unknown) + 1
            for row, one in enumerate(spelt):
                table[row + 2, : len(one)] = np.array(one) + 1
            sizes = (table > 0).sum(axis=1)
            place_of = {word: i + 2 for i, word in enumerate(words)}
            totals = np.sort(
                [
                    sum(int(sizes[place_of.get(w, 1)]) for w in pieces(t, longest)[:longest] if w)
                    for t in texts
                ]
                or [1]
            )
            length = int(totals[int(COVERED * (len(totals) - 1))]) + len(first) + len(last)
            length = int(np.clip(length, 8, longest))
            columns.append(Column(place, length, length, words, table))
        return cls(tuple(columns), first, last, int(tokenizer.get_vocab_size()))

    @property
    def given(self) -> tuple[Given, ...]:
        return tuple(
            Given(f"text_{j}", "text", (column.length,), "int64", self.vocabulary + 1)
            for j, column in enumerate(self.columns)
        )

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        found: Arrays = {}
        for j, column in enumerate(self.columns):
            spelt = [row[row > 0].tolist() for row in column.pieces]
            at = {word: i + 2 for i, word in enumerate(column.words)} | {"": 0}
            made = np.zeros((typed.rows, column.length), dtype=np.int64)
            room = column.length - len(self.first) - len(self.last)
            for i, text in enumerate(typed.strings[:, column.place]):
                ids: list[int] = []
                for word in pieces(text, column.cut)[: column.cut]:
                    ids += spelt[at.get(word, 1)]
                ids = [*self.first, *ids[:room], *self.last]
                made[i, : len(ids)] = ids
            found[f"text_{j}"] = made
        return found

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        assert inputs.strings is not None
        return {f"text_{j}": self._one(graph, inputs.strings, c) for j, c in enumerate(self.columns)}

    def _one(self, graph: GraphBuilder, strings: str, column: Column) -> str:
        """The pieces of all words, those that are none left out, moved together in their row."""

        def ints(*values: int) -> str:
            return graph.constant(list(values), "int64")

        words = split(graph, strings, column.place, column.cut)
        # What stands after the last word that is looked at is one piece, which is not a word.
        words = graph.node("Slice", [words, ints(0), ints(column.cut), ints(1)])
        known = (NULL_TEXT, "", *column.words)
        at = graph.node(
            "LabelEncoder",
            [words],
            domain="ai.onnx.ml",
            keys_strings=[word.encode() for word in known],
            values_int64s=[0, 0, *range(2, len(column.words) + 2)],
            default_int64=1,
        )
        rows = graph.node("Shape", [strings], start=0, end=1)
        wide = graph.node("Gather", [graph.constant(column.pieces, "int64", "pieces"), at])
        flat = graph.node("Reshape", [wide, graph.node("Concat", [rows, ints(-1)], axis=0)], allowzero=0)
        # A column of nothing more, so that a row without words is not a tensor without columns.
        one = graph.node("Expand", [ints(0), graph.node("Concat", [rows, ints(1)], axis=0)])
        flat = graph.node("Concat", [flat, one], axis=1)
        there = graph.node("Greater", [flat, graph.constant(0, "int64")])
        steps = graph.node("CumSum", [graph.node("Cast", [there], to=7), graph.constant(1, "int64")])
        room = column.length - len(self.first) - len(self.last)
        fits = graph.node("LessOrEqual", [steps, graph.constant(room, "int64")])
        there = graph.node("And", [there, fits])
        where = graph.node("Transpose", [graph.node("NonZero", [there])], perm=[1, 0])
        ids = graph.node("GatherND", [flat, where])
        to = graph.node("GatherND", [steps, where])
        to = graph.node("Add", [to, graph.constant(len(self.first) - 1, "int64")])
        row = graph.node("Slice", [where, ints(0), ints(1), ints(1)])
        places = graph.node("Concat", [row, graph.node("Unsqueeze", [to, ints(1)])], axis=1)
        empty = graph.node(
            "Expand",
            [
                graph.constant([[*self.first, *[0] * (column.length - len(self.first))]], "int64", "first"),
                graph.node("Concat", [rows, ints(column.length)], axis=0),
            ],
        )
        made = graph.node("ScatterND", [empty, places, ids])
        count = graph.node("ReduceSum", [graph.node("Cast", [there], to=7), ints(1)], keepdims=1)
        for j, token in enumerate(self.last):
            behind = graph.node("Add", [count, graph.constant(len(self.first) + j, "int64")])
            token_of = graph.node(
                "Expand", [graph.constant([[token]], "int64"), graph.node("Shape", [count])]
            )
            made = graph.node("ScatterElements", [made, behind, token_of], axis=1)
        return made


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids plus 1 of what the tokenizer puts before and after a text."""
    bare: Sequence[int] = tokenizer.encode("a", add_special_tokens=False).ids
    full: Sequence[int] = tokenizer.encode("a").ids
    for start in range(len(full) - len(bare) + 1):
        if list(full[start : start + len(bare)]) == list(bare):
            before, after = full[:start], full[start + len(bare) :]
            return tuple(i + 1 for i in before), tuple(i + 1 for i in after)
    return (), ()


def _own_words(tokenizer: Any) -> dict[str, int]:
    """Words that are one token, of those that are written as our texts are: lower-case, without spaces."""
    special = set(tokenizer.get_added_tokens_decoder())
    return {
        word: at
        for word, at in tokenizer.get_vocab().items()
        if at not in special and word == word.lower() and word.isalnum()
    }
