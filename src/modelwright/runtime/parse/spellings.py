"""``spellings``: the goal's own map from a text as found to the text as wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``map``: text as found to text as wanted; white space around the text found does not matter."""
    mapping: dict[str, str] = dict(options["map"])
    stripped = {found.strip(): wanted for found, wanted in mapping.items()}

    def read(text: str) -> str:
        if text in mapping:
            return mapping[text]
        return stripped.get(text.strip(), text)

    return read
