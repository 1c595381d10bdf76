"""``strip``: white space around a text is no part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """No options."""
    return str.strip
