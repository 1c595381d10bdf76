"""Whether a column holds numbers, and how they are written."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.number import CURRENCIES, SPACES, build

_UNIT = re.compile(r"[+\-−(]?[\d.,'\s]*\d[\d.,'\s]*?(\s*)([^\d\s.,()\-+'][^\d()]*[23]?)")
_ENDS = re.compile(r"(\D*\d)(?:.*\d)?(\D*)", re.DOTALL)
_LEADING_ZERO = re.compile(r"0\d+")
_UNITS = frozenset(
    "kg g mg t lb lbs oz km m cm mm mi ft in inch inches l ml cl gal cc hp bhp kw w kwh mwh v a hz mhz ghz "
    "kb mb gb tb s sec ms min mins h hr hrs hours days day years year months kmpl mpg km/kg km/h kmh mph rpm "
    "c f k °c °f sqft sqm m2 m² km2 km² ft2 ft² m3 m³ cm2 cm² cm3 cm³ ha pa kpa bar psi nm db px pts "
    "x".split()
)
# In a tie the first wins: plainer ones before others, and a point before decimals before a comma.
_FORMS = (
    (".", None), (".", ","), (",", None), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
_MOST_LOOKED_AT = 20_000
_SAMPLED = 2_000


@dataclass(frozen=True, slots=True)
class Numbers:
    options: dict[str, Any]
    unread: list[str]
    """Texts that stay unreadable."""
    unit: str
    said: list[str]
    """What is taken off, for the sentence."""


def infer(distinct: Distinct, off: frozenset[str] = frozenset(), *, must: bool = False) -> Numbers | None:
    """How the (stripped, present) texts are read as numbers; ``None`` if the column holds something else.

    ``off`` may name thousands, currency, percent, units, negatives. With ``must`` the column is declared to
    be numbers, and whatever does not read is left unread.
    """
    if not distinct.texts:
        return Numbers({}, [], "", []) if must else None
    hard = [distinct.texts[k] for k in distinct.hard]
    if not hard:
        return None if not must and _codes(distinct) else Numbers({}, [], "", [])
    if (
        not must
        and not any(any(c.isdigit() for c in text) for text in hard)
        and not _few_unread(distinct, hard)
    ):
        return None
    looked = hard[:_MOST_LOOKED_AT]
    options = _options(looked, off)
    if any(c in text for text in looked for c in ",' \u00a0\u202f\u2009") and "thousands" not in off:
        # Plain numbers bear witness too: "3.5" contradicts points between thousands.
        options |= _separators(looked[:_SAMPLED], distinct.texts[:_SAMPLED], options)
    read = build(options)
    if (
        # A quick no for the many columns of dates and words.
        not must
        and len(hard) > _SAMPLED
        and not _few_unread(distinct, hard)
        and sum(1 for text in hard[:_SAMPLED] if read(text) is not None) < 0.5 * _SAMPLED
    ):
        return None
    unread = [text for text in hard if read(text) is None]
    if unread and not must and not _few_unread(distinct, unread):
        return None
    if not must and not unread and _codes(distinct):
        return None
    unit = next(iter(options.get("units", {})), "%" if options.get("percent") else "")
    return Numbers(options, unread, unit, _said(options))


def _codes(distinct: Distinct) -> bool:
    """Digits of one length, some with leading zeros: a code, such as a post code."""
    if not all(text.isdigit() for text in distinct.texts):
        return False
    lengths = {len(text) for text in distinct.texts}
    return len(lengths) == 1 and any(_LEADING_ZERO.fullmatch(text) for text in distinct.texts)


def _few_unread(distinct: Distinct, unread: list[str]) -> bool:
    """Whether the column is one of numbers all the same: many different ones, hardly anything else."""
    lost = set(unread)
    cells = sum(c for t, c in zip(distinct.texts, distinct.counts, strict=True) if t in lost)
    kinds = len(distinct.texts) - len(unread)
    return cells <= 0.02 * distinct.cells and len(unread) <= max(3, 0.05 * kinds) and kinds >= 20


def _options(hard: list[str], off: frozenset[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "percent" not in off and any(text.rstrip(")").endswith("%") for text in hard):
        options["percent"] = True
    if "currency" not in off:
        ends = _ends(hard)
        found = [c for c in CURRENCIES if any(_bears(text, c) for text in ends)]
        if found:
            options["currency"] = found
    if "negatives" not in off and any(
        (t.startswith("(") and t.endswith(")") and any(c.isdigit() for c in t))
        or (t[:1].isdigit() and t.endswith("-"))
        for t in hard
    ):
        options["negatives"] = True
    if "units" not in off:
        unit = _unit(hard)
        if unit is not None:
            options["units"] = {unit: 1.0}
    return options


def _ends(texts: list[str]) -> list[str]:
    """What stands before the first digit and behind the last, with one digit for all between.

    Symbols stand there and nowhere else, and thousands of times and amounts share a few such ends.
    """
    kept: dict[str, None] = {}
    for text in texts:
        found = _ENDS.fullmatch(text)
        if found is not None:
            kept[found.group(1) + found.group(2)] = None
    return list(kept)


def _bears(text: str, symbol: str) -> bool:
    text = text.strip("()+- ")
    if not any(c.isdigit() for c in text):
        return False
    rest = text[len(symbol) :].lstrip() if text.startswith(symbol) else None
    if rest is None and text.endswith(symbol):
        rest = text[: -len(symbol)].rstrip()
    return bool(rest) and (rest[:1].isdigit() or rest[:1] in ".-+")  # type: ignore[index]


def _unit(hard: list[str]) -> str | None:
    """The one unit behind the numbers; several units are not guessed at."""
    units: Counter[str] = Counter()
    spaced = 0
    for text in hard:
        found = _UNIT.fullmatch(text)
        if found is None:
            continue
        name = found.group(2).strip().casefold()
        if name == "%" or name.upper() in CURRENCIES or name in CURRENCIES:
            continue
        units[name] += 1
        spaced += bool(found.group(1))
    if len(units) != 1:
        return None
    unit, count = next(iter(units.items()))
    sure = unit in _UNITS and count >= 2
    return unit if sure or (spaced == count and count >= 10) or count >= 20 else None


def _separators(hard: list[str], texts: list[str], options: dict[str, Any]) -> dict[str, Any]:
    """Decimal and thousands separators that read the most texts; the usual ones in a tie."""
    seen = set(hard)
    every = hard + [text for text in texts if text not in seen]
    best: tuple[int, dict[str, Any]] = (-1, {})
    for decimal, thousands in _FORMS:
        if thousands == " " and not any(space in text for text in hard for space in SPACES):
            continue
        if thousands == "'" and not any("'" in text for text in hard):
            continue
        tried: dict[str, Any] = {"decimal": decimal, "thousands": thousands}
        read = build(options | tried)
        count = sum(1 for text in every if read(text) is not None)
        if count > best[0]:
            best = (count, tried)
    return {k: v for k, v in best[1].items() if (k, v) not in (("decimal", "."), ("thousands", None))}


def _said(options: dict[str, Any]) -> list[str]:
    said = []
    if options.get("thousands"):
        shown = "space" if options["thousands"] == " " else repr(options["thousands"])
        said.append(f"{shown} between thousands")
    if options.get("decimal", ".") != ".":
        said.append(f"{options['decimal']!r} before decimals")
    if options.get("currency"):
        said.append("currency " + ", ".join(options["currency"]))
    if options.get("percent"):
        said.append("percent signs")
    if options.get("units"):
        said.append("unit " + ", ".join(repr(u) for u in options["units"]))
    if options.get("negatives"):
        said.append("accounting negatives")
    return said
