"""``mask``: personal data in a text is replaced by what it is, or by a digest of it (without a key).

A digest of an address can be reversed by trying all addresses: it hides the value from eyes, not from an
attacker, and the words in the product must say so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[\w.%+\-]+@[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}"),
    "card": re.compile(r"(?<![\d.])(?:\d[ \-]?){12,18}\d(?![\d.])"),
    "phone": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .\-]?(?:\(?\d{1,4}\)?[ .\-]?){2,5}\d{2,4}"
        r"|\(\d{3}\) ?\d{3}[ .\-]\d{4}|\d{3}[.\-]\d{3}[.\-]\d{4})(?![\w.])"
    ),
}


def is_card(digits: str) -> bool:
    """Whether the digits end in the right check digit (Luhn, ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed([int(c) for c in digits if c.isdigit()])):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def finds(kind: str, text: str) -> bool:
    """Whether the text holds personal data of that kind."""
    found = PATTERNS[kind].search(text)
    return found is not None and (kind != "card" or is_card(found.group()))


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``how``: "mask" or "hash"; ``patterns``: which of email, phone, card."""
    how = str(options["how"])
    kinds = [str(kind) for kind in options["patterns"]]

    def read(text: str) -> str:
        for kind in kinds:

            def replace(found: re.Match[str], kind: str = kind) -> str:
                if kind == "card" and not is_card(found.group()):
                    return found.group()
                if how == "mask":
                    return f"<{kind}>"
                return f"{kind}-{hashlib.sha256(found.group().encode()).hexdigest()[:16]}"

            text = PATTERNS[kind].sub(replace, text)
        return text

    return read
