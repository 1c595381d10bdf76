"""``boolean``: yes and no in their spellings become 1.0 and 0.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def build(options: dict[str, Any]) -> Callable[[str], float | None]:
    """``true``, ``false``: lists of spellings; case and white space around them do not matter."""
    known = {str(text).casefold(): 1.0 for text in options["true"]}
    known.update({str(text).casefold(): 0.0 for text in options["false"]})

    def read(text: str) -> float | None:
        return known.get(text.strip().casefold())

    return read
