"""``case``: spellings that differ only in case, inner white space or a full stop at the end are one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def fold(text: str) -> str:
    """What is left of a spelling when case, inner white space and a closing full stop are set aside."""
    folded = " ".join(text.split()).casefold()
    return folded.rstrip(".") or folded


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``spellings``: folded form to the spelling that stands for it; other texts stay as they are."""
    spellings: dict[str, str] = dict(options["spellings"])

    def read(text: str) -> str:
        return spellings.get(fold(text), text)

    return read
