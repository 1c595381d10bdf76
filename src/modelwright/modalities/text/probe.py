"""How texts go wrong where a model is used: slips of the finger, words left out, words in another order.

Texts are as the graph takes them: lower-case words with one space between them (object [n]), so case and
punctuation can do no harm. A missing text stays missing, and no text becomes empty.
"""

from __future__ import annotations

import numpy as np

from modelwright.evidence.testing.probe import Cells, Probe
from modelwright.runtime.signature import NULL_TEXT

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_STAGGER = (0.0, 0.25, 0.75)
"""How far each row of keys stands to the right."""


def _neighbours() -> dict[str, str]:
    places = {
        key: (row, column + _STAGGER[row])
        for row, keys in enumerate(_ROWS)
        for column, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (r, c) in places.items()
            if other != key and abs(r - row) <= 1 and abs(c - column) <= 1.0
        )
        for key, (row, column) in places.items()
    }


NEIGHBOURS: dict[str, str] = _neighbours()
"""Keys beside each letter on a keyboard (QWERTY)."""


def typos(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """In a share ``strength`` of the words one slip: a neighbouring key, a letter left out, or two swapped.
    Other alphabets than the Latin have letters left out and swapped alone."""

    def changed(words: list[str]) -> list[str]:
        hit, kinds, at, which = rng.random((4, len(words)))
        return [
            _slip(word, kinds[i], at[i], which[i]) if hit[i] < strength else word
            for i, word in enumerate(words)
        ]

    return _each(cells, changed)


def _slip(word: str, kind: float, at: float, which: float) -> str:
    place = int(at * len(word))
    near = NEIGHBOURS.get(word[place], "")
    if near and (kind < 0.5 or len(word) < 2):
        return word[:place] + near[int(which * len(near))] + word[place + 1 :]
    if len(word) < 2:
        return word
    if kind < 0.75:
        return word[:place] + word[place + 1 :]
    place = min(place, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def dropped(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """A share ``strength`` of the words left out; one word at least stays."""

    def changed(words: list[str]) -> list[str]:
        drawn = rng.random(len(words))
        kept = [word for word, d in zip(words, drawn, strict=True) if d >= strength]
        return kept or [words[int(drawn.argmax())]]

    return _each(cells, changed)


def order(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """A share ``strength`` of the words changes places with each other: 1 is any order."""

    def changed(words: list[str]) -> list[str]:
        moving = np.flatnonzero(rng.random(len(words)) < strength)
        made = list(words)
        for place, source in zip(moving.tolist(), rng.permutation(moving).tolist(), strict=True):
            made[place] = words[source]
        return made

    return _each(cells, changed)


def _each(cells: Cells, changed: object) -> Cells:
    made = np.empty(cells.shape, dtype=object)
    for i, text in enumerate(cells.tolist()):
        words = [] if text == NULL_TEXT else [word for word in text.split(" ") if word]
        made[i] = " ".join(changed(words)) if words else text  # type: ignore[operator]
    return made


PROBES: tuple[Probe, ...] = (
    Probe("typos", ((0.1, "slips in 10%"), (0.3, "slips in 30%")), typos),
    Probe("dropped", ((0.1, "10% left out"), (0.3, "30% left out")), dropped),
    Probe("order", ((0.3, "30% moved"), (1.0, "in any order")), order),
)
