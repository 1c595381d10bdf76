"""``mask``: personal data in a text is replaced by what it is, by a digest of it, or by something coarser.

A digest without a secret can be reversed by trying all addresses: it hides the value from eyes, not from an
attacker, and the words in the product must say so. With a secret (HMAC-SHA256, RFC 2104) it cannot, as long
as the secret is kept; the secret is read from the environment and is no part of a bundle.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from modelwright.core.errors import BadInput
from modelwright.runtime.parse import identifiers as ids
from modelwright.runtime.parse import names

_NATIONAL = re.compile(
    r"(?<![\w.\-])(?<!\d{4} )(?:"
    + "|".join(form for form, _ in ids.NATIONAL.values())
    + r")(?![\w\-]| \d{4}(?!\d))"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[ \-](?:of )?{_MONTH},?[ \-]\d{{2,4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_WORD = r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ’'\-]+(?:[A-Z][a-z]+)?"
_STREET = (
    r"Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Close|"
    r"Crescent|Parkway|Pkwy|Highway|Hwy"
)
PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[\w.%+\-]+@[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}"),
    "iban": re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    "national id": _NATIONAL,
    "card": re.compile(r"(?<![\d.])(?:\d[ \-]?){12,18}\d(?!\d|\.\d)"),
    "phone": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .\-]?(?:\(?\d{1,4}\)?[ .\-]?){2,5}\d{2,4}"
        r"|\(\d{3}\) ?\d{3}[ .\-]\d{4}|\d{3}[.\-]\d{3}[.\-]\d{4}"
        r"|\(?0\d{1,4}\)?[ \-/]\d{3,4}[ \-]?\d{3,4})(?!\w|\.\d)"
    ),
    "ip": re.compile(
        r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-fA-F]{1,4}:){2,7}:?[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{1,4})*)"
        r"(?![\w:]|\.\d)"
    ),
    "birth date": re.compile(
        r"(?i:\b(?:born(?: on)?|d\.?o\.?b\.?|date of birth|birth ?date|birthday(?: is)?|geboren am|née? le)"
        r"\b[ :,]*)"
        rf"(?P<value>(?i:{_DATE}))"
    ),
    "address": re.compile(
        rf"(?<!\w)(?:\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:{_WORD} ){{1,3}}(?:{_STREET})\b\.?"
        r"|\d{1,4},? (?:rue|avenue|boulevard|place|chemin) (?:d[eu] |des |de la |de l['’])?[A-ZÀ-Þ][\w’'\-]+"
        r"|(?:Calle|Via|Rua|Avenida) (?:d[eio] |del |della )?[A-ZÀ-Þ][\w’'\-]+(?: [A-ZÀ-Þ][\w’'\-]+)?"
        r",? \d{1,4}"
        r"|[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|gasse|allee|straat|laan|gatan|vägen|vej)"
        r" \d{1,4}[a-z]?"
        r"|P\.? ?O\.? Box \d{1,6})"
    ),
    "name": names.PATTERN,
}
"""Kinds in the order in which they are looked for."""
OLD_KINDS = ("email", "card", "phone")
"""Kinds that the JavaScript of edge packages knows."""


def is_card(text: str) -> bool:
    """Whether the digits end in the right check digit (Luhn, ISO/IEC 7812-1)."""
    return ids.luhn(text)


def holds(kind: str, found: re.Match[str]) -> bool:
    """Whether what a pattern found is of that kind: check digits, octets, words that are names."""
    text = found.group()
    if kind == "card":
        return ids.card(text)
    if kind == "iban":
        return ids.iban(text)
    if kind == "national id":
        return ids.national(text)
    if kind == "ip":
        return _is_ip(text)
    if kind == "phone":
        return 7 <= len(ids.digits(text)) <= 15
    if kind == "name":
        return names.span(found) is not None
    return True


def _is_ip(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    # Versions of programs have four small parts, too: "1.2.3.4" is one more often than an address.
    return address.version == 6 or max(int(part) for part in text.split(".")) > 31


def finds(kind: str, text: str) -> bool:
    """Whether the text holds personal data of that kind."""
    return any(holds(kind, found) for found in PATTERNS[kind].finditer(text))


def spans(text: str, kinds: tuple[str, ...] = tuple(PATTERNS)) -> list[tuple[int, int, str]]:
    """Where personal data stands in a text: (begin, end, kind), none within another, in their order."""
    taken: list[tuple[int, int, str]] = []
    for kind in kinds:
        for found in PATTERNS[kind].finditer(text):
            begin, end = _span(kind, found)
            if holds(kind, found) and all(end <= b or begin >= e for b, e, _ in taken):
                taken.append((begin, end, kind))
    return sorted(taken)


def _span(kind: str, found: re.Match[str]) -> tuple[int, int]:
    """What is personal of what was found: the date behind "born on", the name behind "Mr."."""
    if kind == "birth date":
        return found.span("value")
    if kind == "name":
        return names.span(found) or found.span()
    return found.span()


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``how``: "mask", "hash" or "generalise"; ``patterns``: kinds of :data:`PATTERNS` to replace where they
    stand; ``whole``: a kind that every cell is taken to be; ``secret``: the environment's variable with the
    secret of the digests, and ``check``: what tells a wrong secret.

    Raises :class:`BadInput` where the secret is not in the environment, or is another one.
    """
    how = str(options["how"])
    kinds = tuple(str(kind) for kind in options.get("patterns", ()))
    whole = options.get("whole")
    key = secret(str(options["secret"]), options.get("check")) if options.get("secret") else b""

    def told(kind: str, value: str) -> str:
        if how == "hash":
            return f"{kind}-{digest(value, key)}"
        return coarser(kind, value) if how == "generalise" else f"<{kind}>"

    def read(text: str) -> str:
        if whole is not None:
            return told(str(whole), text.strip()) if text.strip() else text
        # One kind after the other, as bundles of earlier versions did.
        for kind in kinds:

            def replace(found: re.Match[str], kind: str = kind) -> str:
                if not holds(kind, found):
                    return found.group()
                begin, end = _span(kind, found)
                before, after = found.string[found.start() : begin], found.string[end : found.end()]
                return before + told(kind, found.string[begin:end]) + after

            text = PATTERNS[kind].sub(replace, text)
        return text

    return read


def digest(value: str, key: bytes) -> str:
    """16 hexadecimal digits: of SHA-256, or with a key of HMAC-SHA256."""
    if key:
        return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def check_of(key: bytes) -> str:
    """What is kept beside digests, so that another secret is noticed: 8 hexadecimal digits."""
    return hmac.digest(key, b"modelwright personal data", "sha256").hex()[:8]


def secret(name: str, check: Any = None) -> bytes:
    """The secret in the environment's variable ``name``; see :func:`build` for what is raised."""
    value = os.environ.get(name, "")
    if len(value) < 16:
        raise BadInput(
            f"personal data is replaced by digests with a secret, and the environment's variable {name} "
            + ("is not set" if not value else "holds fewer than 16 characters"),
            code="data.secret",
            hint=f"set {name} to the secret of the training, 16 random characters or more",
        )
    key = value.encode()
    if check is not None and check_of(key) != check:
        raise BadInput(
            f"the secret in {name} is another one than in training, so equal values would differ",
            code="data.secret",
            hint=f"set {name} to the secret that was used in training",
        )
    return key


def coarser(kind: str, value: str) -> str:
    """Something that many share: a domain, a network, a country, a year; else the kind's name."""
    if kind == "email":
        return "@" + value.rpartition("@")[2].casefold()
    if kind == "ip":
        address = ip_address(value)
        return f"{value.rpartition('.')[0]}.0/24" if address.version == 4 else f"{address.exploded[:14]}::/48"
    if kind == "iban":
        return f"<iban {value[:2]}>"
    if kind == "phone" and value.startswith("+") and ids.digits(value):
        return f"<phone +{ids.digits(value)[0]}...>"
    if kind == "birth date":
        years = re.findall(r"\d{4}", value)
        return years[0] if years else f"<{kind}>"
    return f"<{kind}>"
