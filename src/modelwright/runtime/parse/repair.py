"""``repair``: texts that were decoded with the wrong table, escaped for HTML, or hold characters nobody sees.

UTF-8 that was read as Windows-1252 or Latin-1 ("SÃ£o") has the form of UTF-8 still, and hardly anything else
has (Speer, "ftfy: fixes text for you", 2019). So a sequence is turned back only where its bytes are one
character of UTF-8, and where what stands there is not what somebody may have typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TYPED = "\u2026\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u00bb\u00ab\u2122"
"""Signs that people set behind a letter, and that are bytes of UTF-8 when written in Windows-1252."""
_BYTES = {bytes([b]).decode("cp1252", "ignore") or chr(b): b for b in range(0x80, 0x100)}
_BYTES |= {chr(b): b for b in range(0x80, 0xC0)}
_FOLLOWS = "[" + "".join(re.escape(c) for c, b in sorted(_BYTES.items()) if b < 0xC0) + "]"
_SEQUENCE = re.compile(
    f"[\u00c2-\u00df]{_FOLLOWS}|[\u00e0-\u00ef]{_FOLLOWS}{{2}}|[\u00f0-\u00f4]{_FOLLOWS}{{3}}"
)
_RUN = re.compile(f"(?:{_SEQUENCE.pattern})+")
_ROUNDS = 3
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
ENTITIES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " ", "euro": "€", "pound": "£",
    "copy": "©", "reg": "®", "trade": "™", "deg": "°", "hellip": "…", "ndash": "–", "mdash": "—",
    "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "laquo": "«", "raquo": "»", "bull": "•",
    "szlig": "ß", "ntilde": "ñ", "Ntilde": "Ñ", "ccedil": "ç", "Ccedil": "Ç", "aring": "å", "Aring": "Å",
    "aelig": "æ", "AElig": "Æ", "oslash": "ø", "Oslash": "Ø", "atilde": "ã", "otilde": "õ",
    **{f"{v}{n}": chr(ord(c) + k) for v, c in (("A", "À"), ("E", "È"), ("I", "Ì"), ("a", "à"), ("e", "è"),
                                               ("i", "ì")) for k, n in enumerate(("grave", "acute", "circ"))},
    **{f"{v}{n}": chr(ord(c) + k) for v, c in (("O", "Ò"), ("U", "Ù"), ("o", "ò"), ("u", "ù"))
       for k, n in enumerate(("grave", "acute", "circ"))},
    "Auml": "Ä", "Euml": "Ë", "Iuml": "Ï", "Ouml": "Ö", "Uuml": "Ü",
    "auml": "ä", "euml": "ë", "iuml": "ï", "ouml": "ö", "uuml": "ü",
}  # fmt: skip
UNSEEN = "\u200b\u2060\ufeff\u00ad"
"""Zero-width space, word joiner, byte order mark, soft hyphen."""
_UNSEEN = re.compile(f"[{UNSEEN}]")


def build(options: dict[str, Any]) -> Callable[[str], str]:
    """``wrong``: which of "encoding", "entities", "unseen" are mended."""
    wrong = frozenset(str(what) for what in options["wrong"])

    def read(text: str) -> str:
        if "encoding" in wrong and not text.isascii():
            text = decoded(text)
        if "entities" in wrong and "&" in text:
            text = _ENTITY.sub(_entity, text)
        if "unseen" in wrong:
            text = _UNSEEN.sub("", text)
        return text

    return read


def decoded(text: str) -> str:
    """The text with UTF-8 that was read as Windows-1252 or Latin-1 turned back, up to three times over.

    >>> decoded("SÃ£o Paulo"), decoded("itâ€™s"), decoded("CAFÉ…")
    ('São Paulo', 'it’s', 'CAFÉ…')
    """
    for _ in range(_ROUNDS):
        made = _RUN.sub(_run, text)
        if made == text:
            break
        text = made
    return text


def _run(found: re.Match[str]) -> str:
    whole, at = found.group(), found.start()
    parts = [part.group() for part in _SEQUENCE.finditer(whole)]
    before, after = found.string[at - 1] if at else "", found.string[found.end() : found.end() + 1]
    if len(parts) == 1 and not _sure(parts[0], before, after):
        return whole
    try:
        return bytes(_BYTES[c] for c in whole).decode("utf-8")
    except UnicodeDecodeError:
        return whole


def _sure(part: str, before: str, after: str) -> bool:
    """Whether one sequence that stands alone is broken, and not typed so."""
    if part[0] == "\u00c2":
        return part[1] not in _TYPED
    if part[0] == "\u00c3":
        # "Ã–sterreich" is broken, and "MANHÃ–" a word before a dash.
        return not (before.isupper() and part[1] in _TYPED)
    if part[0] in "\u00c4\u00c5":
        # Letters of Polish, Czech and Turkish; "SKÅ…" may be a word before dots, "sÅ’d" is not.
        return part[1] not in _TYPED or after.isalpha()
    if part[0] == "\u00e2":
        return part[1] in "\u20ac\u0080\u201a\u0082\u201e\u0084"
    return part[:2] in ("\u00f0\u0178", "\u00f0\u009f", "\u00ef\u00bb")


def _entity(found: re.Match[str]) -> str:
    name = found.group(1)
    if not name.startswith("#"):
        return ENTITIES.get(name, found.group())
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    printable = 0x20 <= code < 0x110000 and not 0x7F <= code < 0xA0 and not 0xD800 <= code < 0xE000
    return chr(code) if printable else found.group()
