"""Whether a column holds numbers, and how they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import log
from statistics import median
from typing import Any

import polars as pl

from modelwright.data.clean.infer import units
from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.number import COMPOUND, CURRENCIES, PART, SPACES, build

_UNIT = re.compile(r"[+\-−(]?[\d.,'\s]*\d[\d.,'\s]*?(\s*)([^\d\s.,()\-+'][^\d()]*[23]?)")
_ENDS = re.compile(r"(\D*\d)(?:.*\d)?(\D*)", re.DOTALL)
_ALSO_UNITS = frozenset("km/kg rpm nm db px pts x".split())
"""Units that nothing is turned into or out of."""
# In a tie the first wins: plainer ones before others, and a point before decimals before a comma.
_FORMS = (
    (".", None), (".", ","), (",", None), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
)  # fmt: skip
_MOST_LOOKED_AT = 20_000
_SAMPLED = 2_000
_MOST_UNITS = 40
_FAR_LARGER = 20.0


@dataclass(frozen=True, slots=True)
class Numbers:
    options: dict[str, Any]
    unread: list[str]
    """Texts that stay unreadable."""
    unit: str
    said: list[str]
    """What is taken off, for the sentence."""
    turned: dict[str, int] = field(default_factory=dict)
    """Units that were turned into ``unit``, with their cells."""
    assumed: bool = False
    """Whether plain numbers stand beside several units, and ``unit`` was taken for them by their size."""


def infer(
    distinct: Distinct,
    off: frozenset[str] = frozenset(),
    *,
    must: bool = False,
    given: Mapping[str, float] | None = None,
) -> Numbers | None:
    """How the (stripped, present) texts are read as numbers; ``None`` if the column holds something else.

    ``off`` may name thousands, currency, percent, units, ranges, negatives. With ``must`` the column is
    declared to be numbers, and whatever does not read is left unread. ``given``: the goal's own factors, from
    a unit to the column's.
    """
    if distinct.empty:
        return Numbers({}, [], "", []) if must else None
    if not distinct.any_hard:
        return None if not must and _codes(distinct) else Numbers({}, [], "", [])
    if (
        not must
        and not bool(distinct.words.str.contains(r"\p{N}").any())
        and not _few_unread(distinct, distinct.words)
    ):
        return None
    looked = distinct.hard_first(_MOST_LOOKED_AT)
    options, plan = _options(distinct, looked, off, given or {})
    if any(c in text for text in looked for c in ",' \u00a0\u202f\u2009") and "thousands" not in off:
        # Plain numbers bear witness too: "3.5" contradicts points between thousands.
        options |= _separators(looked[:_SAMPLED], distinct.first(_SAMPLED), options)
    read = build(options)
    if (
        # A quick no for the many columns of dates and words.
        not must
        and len(distinct.words) > _SAMPLED
        and sum(1 for text in looked[:_SAMPLED] if read(text) is not None) < 0.5 * _SAMPLED
        and not _few_unread(distinct, distinct.words)
    ):
        return None
    hard = distinct.hard
    unread = [text for text in hard if read(text) is None]
    if unread and "ranges" not in off and _ranges(distinct, unread, options, must):
        options["ranges"] = True
        read = build(options)
        unread = [text for text in unread if read(text) is None]
    if unread and not must and not _few_unread(distinct, unread):
        return None
    if not must and not unread and _codes(distinct):
        return None
    main = plan.main if plan is not None else ""
    unit = main or ("%" if options.get("percent") else "")
    turned: dict[str, int] = {}
    if plan is not None:
        turned = {name: count for name, count in plan.cells.items() if name != main and _turns(options, name)}
    return Numbers(
        options,
        unread,
        unit,
        _said(options, main),
        turned,
        plan is not None and plan.assumed and bool(turned),
    )


def _turns(options: dict[str, Any], name: str) -> bool:
    return options["units"].get(name) not in (None, 1.0)


def units_apart(distinct: Distinct) -> dict[str, int]:
    """Units of a column that would hold numbers if they could be turned into one another, and their cells."""
    cells = _unit_cells(distinct, distinct.hard_first(_MOST_LOOKED_AT))
    # One letter is a grade or a class more often than a unit.
    named = {name: count for name, count in cells.items() if len(name) > 1}
    known = {name: count for name, count in named.items() if units.meanings(name) or name in _ALSO_UNITS}
    if len(known) < 2 or units.together(known):
        return {}
    return known if sum(known.values()) >= 0.98 * distinct.cells else {}


def _codes(distinct: Distinct) -> bool:
    """Digits of one length, some with leading zeros: a code, such as a post code."""
    text = pl.col("text").str
    if not distinct.all_are(text.contains(r"^\p{Nd}+$")):
        return False
    length = len(distinct.first(1)[0]) if not distinct.any_numbers else distinct.length_of_a_number
    return distinct.all_are(text.len_chars() == length) and distinct.has(text.contains(r"^0\d"))


def _few_unread(distinct: Distinct, unread: Collection[str] | pl.Series) -> bool:
    """Whether the column is one of numbers all the same: many different ones, hardly anything else."""
    if distinct.cells_of(unread) > 0.02 * distinct.cells:
        return False
    kinds = distinct.size - len(unread)
    return len(unread) <= max(3, 0.05 * kinds) and kinds >= 20


def _ranges(distinct: Distinct, unread: list[str], options: dict[str, Any], must: bool) -> bool:
    """Whether some of the unread texts are ranges, in a column of numbers: ages from "18-29" to "60-99" are
    categories."""
    read = build(options | {"ranges": True})
    found = {text for text in unread[:_SAMPLED] if read(text) is not None}
    if not found or must:
        return bool(found)
    return distinct.cells_of(found) <= 0.3 * distinct.cells and distinct.size - len(unread) >= 10


def _options(
    distinct: Distinct, hard: list[str], off: frozenset[str], given: Mapping[str, float]
) -> tuple[dict[str, Any], _Plan | None]:
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
    if "units" in off:
        return options, None
    plan = _plan(distinct, hard, given)
    if plan is not None:
        options["units"] = plan.factors
        if plan.compound:
            options["compound"] = True
    return options, plan


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


@dataclass(frozen=True, slots=True)
class _Plan:
    """The units of a column: what each is multiplied by (and what is added), into ``main``."""

    factors: dict[str, float | list[float]]
    main: str
    cells: dict[str, int]
    assumed: bool = False
    compound: bool = False


def _unit_cells(distinct: Distinct, hard: list[str]) -> dict[str, int]:
    """Units behind the numbers, in lower case, with their cells; the commonest first."""
    cells: Counter[str] = Counter()
    for text, count in distinct.counted(hard):
        found = _UNIT.fullmatch(text)
        name = found.group(2).strip().casefold() if found is not None else ""
        if name and name != "%" and name.upper() not in CURRENCIES and name not in CURRENCIES:
            cells[name] += count
    return dict(sorted(cells.items(), key=lambda item: (-item[1], item[0])))


def _plan(distinct: Distinct, hard: list[str], given: Mapping[str, float]) -> _Plan | None:
    cells = _unit_cells(distinct, hard)
    if given:
        own = {name.strip().casefold(): float(factor) for name, factor in given.items()}
        main = next((name for name in cells if name not in own), "")
        return _Plan({**({main: 1.0} if main else {}), **own}, main or next(iter(own)), cells)
    parts = _parts(hard)
    names = list(dict.fromkeys([*cells, *parts]))
    if not names or len(names) > _MOST_UNITS:
        return None
    if len(names) == 1 and not distinct.any_numbers:
        return _alone(names[0], cells, hard)
    measures = units.together(names)
    if not measures or sum(cells.values()) + len(parts) < 2:
        # Several units of different things, or one that is not known, are not guessed at.
        return _alone(names[0], cells, hard) if len(names) == 1 else None
    return _turned(distinct, names, cells, measures, parts)


def _alone(name: str, cells: dict[str, int], hard: list[str]) -> _Plan | None:
    """One unit, known or not, that nothing has to be turned into."""
    texts = [m for text in hard if (m := _UNIT.fullmatch(text)) and m.group(2).strip().casefold() == name]
    spaced = all(m.group(1) for m in texts)
    sure = bool(units.meanings(name) or name in _ALSO_UNITS) and len(texts) >= 2
    if sure or (spaced and len(texts) >= 10) or len(texts) >= 20:
        return _Plan({name: 1.0}, name, cells)
    return None


def _turned(
    distinct: Distinct, names: list[str], cells: dict[str, int], measures: str, parts: list[str]
) -> _Plan | None:
    """Units that measure one thing, turned into the one that the plain numbers are in, or the commonest."""
    plain = [float(v) for v in distinct.plain.drop_nulls()]
    if measures == "size":
        if len(names) == 1 and not _grows(distinct, plain, names[0]):
            return _alone(names[0], cells, distinct.hard)
        return _Plan({name: _scale(name, measures) for name in names}, "", cells)
    main, assumed = parts[0] if parts else names[0], False
    if plain:
        named = units.named_in(distinct.name)
        if named and measures in units.meanings(named):
            main = named
        elif len(names) > 1 and not parts:
            main, assumed = _nearest(distinct, plain, names, measures), True
    factors = {name: units.to(name, main, measures) for name in names}
    return _Plan(factors, main, cells, assumed, bool(parts))


def _scale(name: str, measures: str) -> float:
    return units.meanings(name)[measures].factor


def _grows(distinct: Distinct, plain: list[float], name: str) -> bool:
    """Whether one unit of size ("k") is meant as such: plain numbers beside it are far larger."""
    behind = _behind(distinct, name)
    return bool(plain and behind) and median(plain) >= _FAR_LARGER * median(behind)


def _nearest(distinct: Distinct, plain: list[float], names: list[str], measures: str) -> str:
    """The unit whose numbers are nearest to the plain ones, in ratio; the commonest in a tie."""
    centre = abs(median(plain)) or 1.0
    ratios = {}
    for name in names:
        behind = abs(median(_behind(distinct, name) or [1.0])) or 1.0
        ratios[name] = round(abs(log(behind / centre)), 6)
    return min(names, key=lambda name: ratios[name])


def _behind(distinct: Distinct, name: str) -> list[float]:
    """The numbers that stand before one unit, as plainly as they can be read."""
    read = build({"units": {name: 1.0}, "thousands": ","})
    found = []
    for text in distinct.hard_first(_SAMPLED):
        match = _UNIT.fullmatch(text)
        if match is not None and match.group(2).strip().casefold() == name:
            value = read(text)
            found += [] if value is None else [value]
    return found


def _parts(hard: list[str]) -> list[str]:
    """Units of texts of several parts ("5 ft 11 in"), in lower case, the first part's first."""
    names: dict[str, None] = {}
    texts = [text for text in hard[:_SAMPLED] if COMPOUND.fullmatch(text)]
    for text in texts:
        own = [re.sub(r"^[\d.]+\s*", "", part).casefold() for part in PART.findall(text)]
        if len(set(own)) != len(own) or not units.together(own):
            return []
        names |= dict.fromkeys(own)
    return list(names)


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
        read = build(options | tried | {"ranges": True})
        count = sum(1 for text in every if read(text) is not None)
        if count > best[0]:
            best = (count, tried)
    return {k: v for k, v in best[1].items() if (k, v) not in (("decimal", "."), ("thousands", None))}


def _said(options: dict[str, Any], main: str) -> list[str]:
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
        same = [name for name, factor in options["units"].items() if factor == 1.0]
        turned = {name: f for name, f in options["units"].items() if f != 1.0}
        if same:
            said.append("unit " + ", ".join(repr(u) for u in same))
        for name, factor in turned.items():
            said.append(f"{name!r} {_by(factor)}" + (f" to {main!r}" if main else ""))
    if options.get("compound"):
        said.append("sums of several units")
    if options.get("ranges"):
        said.append("ranges as their middle")
    if options.get("negatives"):
        said.append("accounting negatives")
    return said


def _by(factor: float | list[float]) -> str:
    if isinstance(factor, list):
        return f"times {factor[0]:.6g} plus {factor[1]:.6g}"
    return f"times {factor:.6g}"
