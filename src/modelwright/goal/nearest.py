"""The nearest right spelling of a wrong word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The member of ``known`` that ``word`` most likely stands for, or ``None``.

    Case, hyphens and blanks are forgiven first, then up to about two letters in five.
    """
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_fold(name), name)
    mine = _fold(word)
    if mine in folded:
        return folded[mine]
    near = difflib.get_close_matches(mine, list(folded), 1, 0.6)
    return folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?``, or nothing when no known word is near."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else ""


def _fold(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")
