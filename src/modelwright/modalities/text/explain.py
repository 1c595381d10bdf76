"""What of a text an answer rests on: the answer with one word after the other left out (Li et al., 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.pictures import Picture
from modelwright.evidence.showing import Parts
from modelwright.runtime.signature import Tensor

MOST = 60
"""Parts of a text; in a longer one several words make a part."""
LONGEST = 240
"""Words that are looked at and shown."""


def _pieces(text: str) -> list[list[str]]:
    words = [word for word in text.split(" ") if word][:LONGEST]
    size = -(-len(words) // MOST) if words else 1
    return [words[start : start + size] for start in range(0, len(words), size)]


class _Explain:
    def parts(self, cell: Any, tensor: Tensor | None) -> Parts:
        """The text without each of its words."""
        words = [word for word in str(cell).split(" ") if word]
        pieces = _pieces(str(cell))
        made = np.empty(len(pieces), dtype=object)
        start = 0
        for place, piece in enumerate(pieces):
            made[place] = " ".join([*words[:start], *words[start + len(piece) :]])
            start += len(piece)
        return Parts(made, tuple(" ".join(piece) for piece in pieces))

    def picture(
        self, cell: Any, tensor: Tensor | None, weights: npt.NDArray[np.float64], alt: str, caption: str
    ) -> Picture:
        """The text, each word coloured by how much the answer loses without it."""
        largest = float(np.abs(weights).max(initial=0.0))
        pieces = [
            (" ".join(piece), float(weight) / largest if largest > 0 else 0.0)
            for piece, weight in zip(_pieces(str(cell)), weights, strict=True)
        ]
        left = len([word for word in str(cell).split(" ") if word]) - sum(len(p) for p in _pieces(str(cell)))
        more = [(f"… ({left:,} more words)", 0.0)] if left > 0 else []
        return Picture(alt, caption, words=(*pieces, *more))


EXPLAIN = _Explain()
