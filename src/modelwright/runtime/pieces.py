"""Texts in the pieces of a tokenizer, for graphs that hold a pretrained encoder.

Such a graph has the input ``pieces`` int64 [N, texts, longest]: the tokenizer's ids plus 1 of each text, 0
where there are no more. How they are made stands in the graph's own metadata (:data:`KEY`): the columns of
``strings`` that are texts, and the tokenizer as the library ``tokenizers`` writes it. So the pieces of a word
that no training row held are those of the tokenizer too, and a member of an ensemble stays one file. Whoever
opens the graph by :mod:`modelwright.runtime.session` feeds ``strings``, as ever.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadBundle
from modelwright.runtime.signature import NULL_TEXT

KEY = "modelwright.pieces"
INPUT = "pieces"
STRINGS = "strings"


MOST = 1_000_000
"""Pieces of a text, beyond what any encoder reads: a damaged bundle must not take all memory."""


def _damaged() -> BadBundle:
    return BadBundle(
        "model.onnx describes a tokenizer that cannot be read",
        code="bundle.graph",
        hint="take the bundle from its release again",
    )


@dataclass(frozen=True)
class Pieces:
    """``places``: columns of the string tensor. ``tokenizer``: a ``tokenizer.json``, neither padding nor
    cutting off. ``longest``: pieces of a text that are told at most."""

    places: tuple[int, ...]
    longest: int
    tokenizer: str = field(repr=False)

    def to_json(self) -> str:
        told = {"places": list(self.places), "longest": self.longest, "tokenizer": self.tokenizer}
        return json.dumps(told, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, told: str) -> Pieces:
        """Raises :class:`BadBundle` for what this class did not write."""
        try:
            data = json.loads(told)
            made = cls(tuple(map(int, data["places"])), int(data["longest"]), str(data["tokenizer"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged() from error
        if not 0 < made.longest <= MOST or any(place < 0 for place in made.places):
            raise _damaged()
        return made

    @cached_property
    def _spell(self) -> Any:
        try:
            import tokenizers
        except ImportError:
            raise BadBundle(
                "this model reads texts by a tokenizer, and the package tokenizers is not installed",
                code="bundle.no-tokenizers",
                hint="pip install tokenizers",
            ) from None
        try:
            return tokenizers.Tokenizer.from_str(self.tokenizer)
        except Exception as error:  # the library raises nothing narrower
            raise _damaged() from error

    def of(self, strings: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
        """int64 [n, texts, longest] of strings [n, columns]; zeros of a missing text."""
        made = np.zeros((len(strings), len(self.places), self.longest), dtype=np.int64)
        for j, place in enumerate(self.places):
            for i, text in enumerate(strings[:, place]):
                if text and text != NULL_TEXT:
                    ids = self._spell.encode(str(text), add_special_tokens=False).ids[: self.longest]
                    made[i, j, : len(ids)] = np.array(ids, dtype=np.int64) + 1
        return made


class WithPieces:
    """A session of onnxruntime that is fed texts where its graph takes their pieces."""

    def __init__(self, session: Any, pieces: Pieces) -> None:
        self._session, self._pieces = session, pieces
        self._bare = STRINGS not in {one.name for one in session.get_inputs()}

    def get_inputs(self) -> Sequence[Any]:
        given = [one for one in self._session.get_inputs() if one.name != INPUT]
        return [*given, SimpleNamespace(name=STRINGS, type="tensor(string)")] if self._bare else given

    def fed(self, feeds: dict[str, Any]) -> dict[str, Any]:
        """What the graph itself takes."""
        made = {**feeds, INPUT: self._pieces.of(feeds[STRINGS])}
        if self._bare:
            del made[STRINGS]
        return made

    def run(self, names: Sequence[str] | None, feeds: dict[str, Any], *more: Any) -> Any:
        return self._session.run(names, self.fed(feeds), *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def with_pieces(session: Any) -> Any:
    """The session itself, or one that makes the pieces its graph takes."""
    if not any(one.name == INPUT for one in session.get_inputs()):
        return session
    told = session.get_modelmeta().custom_metadata_map.get(KEY)
    if told is None:
        raise BadBundle(
            "model.onnx takes pieces of texts and does not say of which tokenizer",
            code="bundle.graph",
            hint="take the bundle from its release again",
        )
    return WithPieces(session, Pieces.from_json(told))
