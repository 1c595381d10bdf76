"""``text``: free text as lower-case words with one space between them, as the graph takes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

# Words, with an apostrophe inside ("don't"); everything else only separates, or is a word of its own.
_WORD = r"\w+(?:['’]\w+)*"
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff"
"""White space, control characters and what only changes how its neighbours look, written out so that every
language reads the same."""
_WORDS = re.compile(_WORD)
_WORDS_AND_MARKS = re.compile(f"{_WORD}|[^\\w{_BLANK}]")


def build(options: dict[str, Any]) -> Callable[[str], str | None]:
    """``marks``: punctuation marks and symbols are words of their own, one character each; else they are
    left out. A text without a single word is missing."""
    find = (_WORDS_AND_MARKS if options.get("marks") else _WORDS).findall

    def read(text: str) -> str | None:
        return " ".join(find(unicodedata.normalize("NFKC", text).lower())) or None

    return read
