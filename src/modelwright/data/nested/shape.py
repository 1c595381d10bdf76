"""What is seen of nested values: which keys there are, how often, and what they hold.

Values are those of JSON (dict, list, text, number, boolean, null). An XML element is one too: a text, or a
dict of its attributes and children, with its own text under the key ``""``; a child that is repeated is a
list. In XML every scalar is text, so texts that look like numbers count as numbers there (``typed`` is
false); in JSON a text is a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MOST_KEYS = 2_000
"""Distinct keys at one place; beyond that they are taken for data, and not for names."""
MOST_PARTS = 8

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
# There is one way to match a text: `\d+\.?\d*` takes the square of the length for digits before a letter.
_IS_NUMBER = re.compile(_NUMBER)
_LONGEST_NUMBER = 400
"""Characters: the widest double has 309 digits before its point."""
_SEPARATED = {
    ",": re.compile(rf"{_NUMBER}(?:\s*,\s*{_NUMBER})+"),
    " ": re.compile(rf"{_NUMBER}(?:\s+{_NUMBER})+"),
}
_THOUSANDS = re.compile(r"\d{3}(?:\.\d+)?")


def is_number(text: str) -> bool:
    """Whether a text without white space around it is a decimal number; in time linear in its length."""
    return len(text) <= _LONGEST_NUMBER and _IS_NUMBER.fullmatch(text) is not None


class Shape:
    """One place in nested values, summed over all that were seen there."""

    __slots__ = (
        "booleans", "deep", "folded", "keys", "listed", "longest", "nulls", "numbers", "pieces", "records",
        "seen", "several", "shortest", "texts", "typed",
    )  # fmt: skip

    def __init__(self, typed: bool) -> None:
        self.typed = typed
        self.seen = 0
        """Holders in which the key stood."""
        self.listed = 0
        """Holders in which it was a list."""
        self.several = 0
        """Holders in which it had more than one item."""
        self.shortest: int | None = None
        """Items of the shortest one that is not empty."""
        self.longest = 0
        self.texts = 0
        self.numbers = 0
        self.booleans = 0
        self.nulls = 0
        self.deep = 0
        """Lists directly inside lists."""
        self.records = 0
        self.keys: dict[str, Shape] = {}
        self.folded: Shape | None = None
        """What stands under all keys together, where there are too many to be names."""
        self.pieces: dict[str, _Pieces] | None = {",": _Pieces(), " ": _Pieces()}
        """How texts could be parted into numbers, by separator."""

    @property
    def scalars(self) -> int:
        return self.texts + self.numbers + self.booleans

    def observe(self, value: Any) -> None:
        """One holder's value."""
        if isinstance(value, list):
            self.listed += 1
            self.held(len(value))
            for item in value:
                self.item(item)
        else:
            self.held(1)
            self.item(value)

    def held(self, items: int) -> None:
        """One holder had so many items here."""
        self.seen += 1
        self.several += items > 1
        self.longest = max(self.longest, items)
        if items:
            self.shortest = items if self.shortest is None else min(self.shortest, items)

    def item(self, value: Any) -> None:
        if isinstance(value, Mapping):
            self.records += 1
            for key, inner in value.items():
                self.key(str(key)).observe(inner)
        elif isinstance(value, list):
            self.deep += 1
        else:
            self.scalar(value)

    def scalar(self, value: Any) -> None:
        if value is None:
            self.nulls += 1
        elif isinstance(value, bool):
            self.booleans += 1
        elif isinstance(value, (int, float)):
            self.numbers += 1
        else:
            text = str(value).strip()
            if not text:
                self.nulls += 1
            elif not self.typed and is_number(text):
                self.numbers += 1
                self.pieces = None
            else:
                self.texts += 1
                self._part(text)

    def key(self, name: str) -> Shape:
        if self.folded is not None:
            return self.folded
        found = self.keys.get(name)
        if found is None:
            if len(self.keys) >= MOST_KEYS:
                self.fold()
                return self.key(name)
            found = self.keys[name] = Shape(self.typed)
        return found

    def fold(self) -> None:
        """Take all keys as data: what stands under them is one place."""
        self.folded = Shape(self.typed)
        for inner in self.keys.values():
            self.folded.merge(inner)
        self.keys = {}

    def merge(self, other: Shape) -> None:
        """Add what was seen at another place."""
        for name in (
            "seen",
            "listed",
            "several",
            "texts",
            "numbers",
            "booleans",
            "nulls",
            "deep",
            "records",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest = max(self.longest, other.longest)
        shortest = [n for n in (self.shortest, other.shortest) if n is not None]
        self.shortest = min(shortest) if shortest else None
        if self.pieces is not None and other.pieces is not None:
            self.pieces = {mark: self.pieces[mark].merged(other.pieces[mark]) for mark in self.pieces}
        else:
            self.pieces = None
        if other.folded is not None:
            if self.folded is None:
                self.fold()
            self.folded.merge(other.folded)  # type: ignore[union-attr]
        for name, inner in other.keys.items():
            self.key(name).merge(inner)

    def parts(self) -> tuple[str, int] | None:
        """Separator and count of the numbers that every text here consists of, such as ``12.5,-69.9``."""
        if self.pieces is None or not self.texts or self.numbers or self.booleans:
            return None
        for mark, pieces in self.pieces.items():
            if pieces.fits == self.texts and pieces.count > 1 and pieces.certain:
                return mark, pieces.count
        return None

    def _part(self, text: str) -> None:
        if self.pieces is None:
            return
        for mark, pattern in _SEPARATED.items():
            if len(text) > 200 or not pattern.fullmatch(text):
                continue
            found = [part.strip() for part in (text.split(mark) if mark != " " else text.split())]
            self.pieces[mark].see(found, mark)
        if all(pieces.fits < self.texts for pieces in self.pieces.values()):
            self.pieces = None


class _Pieces:
    """Texts that are numbers with one separator between them."""

    __slots__ = ("certain", "count", "fits")

    def __init__(self) -> None:
        self.fits = 0
        self.count = 0
        """Numbers in each; -1 where that differs."""
        self.certain = False
        """Whether one shows that it is no single number with marks of thousands, and no list of codes."""

    def see(self, found: list[str], mark: str) -> None:
        self.fits += 1
        count = len(found) if len(found) <= MOST_PARTS else -1
        self.count = count if self.fits == 1 or self.count == count else -1
        pointed = any("." in part for part in found)
        self.certain |= pointed and not (mark == "," and all(_THOUSANDS.fullmatch(p) for p in found[1:]))

    def merged(self, other: _Pieces) -> _Pieces:
        made = _Pieces()
        made.fits = self.fits + other.fits
        counts = {p.count for p in (self, other) if p.fits}
        made.count = counts.pop() if len(counts) == 1 else (-1 if counts else 0)
        made.certain = self.certain or other.certain
        return made
