"""Texts as tokens of a pretrained model: its own tokenizer's pieces, in training and wherever the model runs.

A text arrives as words joined by single spaces. What predicts makes its pieces by the same tokenizer, which
travels in the metadata of the graph (:mod:`modelwright.runtime.pieces`), so a word never seen before has the
pieces that the encoder knows. Ids are those of the tokenizer plus 1; 0 is padding, at the end. The first and
the last token of a text are what the tokenizer puts there; a long text is cut to the length that the training
rows call for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadInput
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.deep.intake import Arrays, Given
from modelwright.models.deep.pretrained import HUB
from modelwright.runtime.pieces import INPUT, KEY, Pieces

LONGEST = 128
"""Most tokens of a text that the model reads, of those it could."""
COVERED = 0.98
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
class Tokens:
    """An intake: one input ``text_<j>`` int64 [n, lengths[j]] for each column of text."""

    pieces: Pieces
    lengths: tuple[int, ...]
    """Tokens of a text, those before and after it among them."""
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
        places = tuple(typed.signature.strings.index(name) for name in typed.signature.texts)
        pieces = Pieces(places, LONGEST, tokenizer.to_str())
        sizes = np.sort((pieces.of(typed.strings) > 0).sum(axis=2), axis=0)
        most = sizes[int(COVERED * (len(sizes) - 1))] if len(sizes) else np.zeros(len(places), np.int64)
        lengths = np.clip(most + len(first) + len(last), 8, longest)
        return cls(pieces, tuple(lengths.tolist()), first, last, int(tokenizer.get_vocab_size()))

    @property
    def given(self) -> tuple[Given, ...]:
        return tuple(
            Given(f"text_{j}", "text", (length,), "int64", self.vocabulary + 1)
            for j, length in enumerate(self.lengths)
        )

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        ids = self.pieces.of(typed.strings)
        return {f"text_{j}": self._between(ids[:, j], length) for j, length in enumerate(self.lengths)}

    def _between(self, ids: Ids, length: int) -> Ids:
        """The pieces of texts, int64 [n, longest], cut, between the first and the last tokens."""
        ids = ids[:, : length - len(self.first) - len(self.last)]
        made = np.zeros((len(ids), length), dtype=np.int64)
        made[:, : len(self.first)] = self.first
        made[:, len(self.first) : len(self.first) + ids.shape[1]] = ids
        ends = (ids > 0).sum(axis=1) + len(self.first)
        for j, token in enumerate(self.last):
            made[np.arange(len(ids)), ends + j] = token
        return made

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        texts, longest = len(self.pieces.places), self.pieces.longest
        if INPUT not in {one.name for one in graph.inputs}:
            graph.input(INPUT, "int64", texts, longest)
        graph.metadata[KEY] = self.pieces.to_json()
        return {f"text_{j}": self._one(graph, j, length) for j, length in enumerate(self.lengths)}

    def _one(self, graph: GraphBuilder, place: int, length: int) -> str:
        def ints(*values: int) -> str:
            return graph.constant(list(values), "int64")

        room = length - len(self.first) - len(self.last)
        ids = graph.node("Gather", [INPUT, graph.constant(place, "int64", "place")], axis=1)
        ids = graph.node("Slice", [ids, ints(0), ints(room), ints(1)])
        there = graph.node("Cast", [graph.node("Greater", [ids, graph.constant(0, "int64")])], to=7)
        count = graph.node("ReduceSum", [there, ints(1)], keepdims=1)
        rows = graph.node("Shape", [ids], start=0, end=1)
        parts = [ids]
        for tokens, before in ((self.first, True), (tuple(0 for _ in self.last), False)):
            if tokens:
                shape = graph.node("Concat", [rows, ints(len(tokens))], axis=0)
                made = graph.node("Expand", [graph.constant([list(tokens)], "int64"), shape])
                parts = [made, *parts] if before else [*parts, made]
        whole = graph.node("Concat", parts, axis=1) if len(parts) > 1 else ids
        for j, token in enumerate(self.last):
            behind = graph.node("Add", [count, graph.constant(len(self.first) + j, "int64")])
            token_of = graph.node(
                "Expand", [graph.constant([[token]], "int64"), graph.node("Shape", [count])]
            )
            whole = graph.node("ScatterElements", [whole, behind, token_of], axis=1)
        return whole


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids plus 1 of what the tokenizer puts before and after a text."""
    bare: Sequence[int] = tokenizer.encode("a", add_special_tokens=False).ids
    full: Sequence[int] = tokenizer.encode("a").ids
    for start in range(len(full) - len(bare) + 1):
        if list(full[start : start + len(bare)]) == list(bare):
            before, after = full[:start], full[start + len(bare) :]
            return tuple(i + 1 for i in before), tuple(i + 1 for i in after)
    return (), ()
