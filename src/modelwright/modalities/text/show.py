"""A text as it is shown to people: whole where it is not long."""

from __future__ import annotations

from typing import Any

from modelwright.core.records.pictures import Picture
from modelwright.runtime.signature import Tensor

LONGEST = 1500
"""Characters that are shown."""


def show(cell: Any, tensor: Tensor | None, alt: str, caption: str) -> Picture:
    """``cell`` is a text as the graph takes it."""
    return Picture(alt, caption, words=((shortened(str(cell)), 0.0),))


def shortened(text: str) -> str:
    """The beginning of a long text, at a space."""
    if len(text) <= LONGEST:
        return text
    cut = text.rfind(" ", 0, LONGEST)
    return f"{text[: cut if cut > 0 else LONGEST]} … ({len(text):,} characters)"
