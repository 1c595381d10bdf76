"""``text``: free text as lower-case words with one space between them, as the graph takes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

# Words, with an apostrophe inside ("don't"); everything else only separates.
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def build(options: dict[str, Any]) -> Callable[[str], str | None]:
    """No options. A text without a single word is missing."""

    def read(text: str) -> str | None:
        return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).lower())) or None

    return read
