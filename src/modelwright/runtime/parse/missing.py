"""``missing``: some texts say that there is no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def build(options: dict[str, Any]) -> Callable[[str], str | None]:
    """``markers``: texts (after white space is off) that are read as missing, exactly as written."""
    markers = frozenset(str(marker) for marker in options["markers"])

    def read(text: str) -> str | None:
        return None if text in markers or text.strip() in markers else text

    return read
