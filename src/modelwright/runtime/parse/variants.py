"""``variants``: spellings of one value, which differ in accents, hyphens, points and the like.

Key collision as in OpenRefine's "fingerprint" method (Stephens, "Key Collision Methods", 2018), with two
differences: the order of words counts, and signs that carry meaning are kept ("A-" is not "A", "3-5" is not
"35", ">50K" is not "<=50K").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

_QUOTES = "'’‘`´\"“”„"
_HYPHENS = "-‐‑–—_"
_BETWEEN = frozenset(".,()[]{}" + _QUOTES)
_AT_THE_END = frozenset(";:!")


def key(text: str) -> str:
    """What is left of a spelling when case, accents, hyphens between letters, quotes, brackets and points are
    set aside; ``&`` is "and". Signs next to a digit stay, and so does a space between two digits.

    >>> key("São-Paulo") == key("Sao Paulo") == "saopaulo"
    True
    >>> key("A-"), key("3-5"), key("1 2")
    ('a-', '3-5', '1 2')
    """
    flat = [c for c in unicodedata.normalize("NFKD", text).casefold() if not "\u0300" <= c <= "\u036f"]
    made: list[str] = []
    gap = False
    last = len(flat) - 1
    for at, c in enumerate(flat):
        before = flat[at - 1] if at else " "
        after = flat[at + 1] if at < last else " "
        if c.isspace() or _drops(c, before, after, at == last):
            gap = True
            continue
        if gap and made and made[-1].isdecimal() and c.isdecimal():
            made.append(" ")
        made += "and" if c == "&" else c
        gap = False
    return "".join(made)


def _drops(c: str, before: str, after: str, ends: bool) -> bool:
    if c in _HYPHENS:
        # A hyphen at the end of a word is a sign ("O-"); between letters, or by itself, it only separates.
        return (before.isalpha() and after.isalpha()) or (before.isspace() and after.isspace())
    if c in _AT_THE_END:
        return ends
    if c not in _BETWEEN:
        return False
    return not (after.isdecimal() or (before.isdecimal() and not (ends or after.isspace())))


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``map``: a text to the spelling that stands for it; ``keys``: a :func:`key` to the spelling; other
    texts stay as they are. The map goes first."""
    mapping: dict[str, str] = dict(options.get("map", {}))
    keys: dict[str, str] = dict(options.get("keys", {}))

    def read(text: str) -> str:
        found = mapping.get(text)
        return found if found is not None else keys.get(key(text), text)

    return read
