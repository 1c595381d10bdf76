"""Units that numbers are written with, by what they measure, and how they are turned into one another.

Factors are exact by definition (international yard and pound, 1959; SI brochure, 2019) where there is one. A
month and a year are means of the Gregorian calendar. Land units of the Indian subcontinent are those of the
southern states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SIZES: dict[str, tuple[tuple[str, float], ...]] = {
    "length": (
        ("mm millimeter millimetre", 0.001), ("cm centimeter centimetre cms", 0.01), ("dm", 0.1),
        ("m meter metre mtr", 1.0), ("km kilometer kilometre kms", 1000.0),
        ('in inch inche " ″ ”', 0.0254), ("ft foot feet ' ′ ’", 0.3048), ("yd yard", 0.9144),
        ("mi mile", 1609.344), ("nmi", 1852.0),
    ),
    "mass": (
        ("mcg µg ug", 1e-9), ("mg milligram", 1e-6), ("g gr gm gram", 0.001), ("kg kilo kilogram", 1.0),
        ("t tonne", 1000.0), ("lb pound", 0.45359237), ("oz ounce", 0.028349523125), ("st stone", 6.35029318),
    ),
    "area": (
        ("mm2", 1e-6), ("cm2", 1e-4), ("m2 sqm sq m sq meter sq metre square meter square metre sq mtr", 1.0),
        ("km2 sq km square kilometer square kilometre sqkm", 1e6), ("ha hectare", 1e4),
        ("acre ac", 4046.8564224),
        ("ft2 sqft sft sq ft sq feet square feet square foot", 0.09290304),
        ("yd2 sqyd sq yd sq yard square yard", 0.83612736),
        ("sqmi sq mi sq mile square mile", 2589988.110336),
        ("cent", 40.468564224), ("guntha", 101.17141056), ("ground", 222.967296), ("perch", 25.29285264),
    ),
    "volume": (
        ("ml cc cm3 milliliter millilitre", 0.001), ("cl", 0.01), ("dl", 0.1), ("l ltr liter litre", 1.0),
        ("gal gallon", 3.785411784), ("m3", 1000.0), ("fl oz", 0.0295735295625),
    ),
    "time": (
        ("ms millisecond", 0.001), ("s sec second", 1.0), ("m min minute", 60.0), ("h hr hour", 3600.0),
        ("d day", 86400.0), ("w wk week", 604800.0), ("mo mth month", 2629746.0), ("y yr year", 31556952.0),
    ),
    "power": (
        ("w watt", 1.0), ("kw kilowatt", 1000.0), ("mw megawatt", 1e6), ("hp bhp", 745.69987158227022),
        ("ps", 735.49875),
    ),
    "data": (
        ("b byte", 1.0), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12), ("kib", 2.0**10),
        ("mib", 2.0**20), ("gib", 2.0**30), ("tib", 2.0**40),
    ),
    "speed": (
        ("m/s", 1.0), ("km/h kmh kph kmph", 1000 / 3600), ("mph", 0.44704), ("kn knot kt", 1852 / 3600),
    ),
    "pressure": (
        ("pa", 1.0), ("hpa mbar", 100.0), ("kpa", 1e3), ("mpa", 1e6), ("bar", 1e5), ("psi", 6894.757293168),
        ("atm", 101325.0), ("mmhg", 133.322387415),
    ),
    "energy": (
        ("j joule", 1.0), ("kj", 1e3), ("mj", 1e6), ("cal", 4.184), ("kcal", 4184.0), ("wh", 3600.0),
        ("kwh", 3.6e6), ("mwh", 3.6e9),
    ),
    "frequency": (("hz", 1.0), ("khz", 1e3), ("mhz", 1e6), ("ghz", 1e9)),
    "voltage": (("mv", 0.001), ("v volt", 1.0), ("kv", 1000.0)),
    "current": (("ma", 0.001), ("a amp ampere", 1.0)),
    "consumption": (("kmpl km/l kpl", 1.0), ("mpg", 1.609344 / 3.785411784)),
    "size": (
        ("k thousand", 1e3), ("m mn mio million", 1e6), ("b bn billion", 1e9), ("tn trillion", 1e12),
        ("lakh lac", 1e5), ("cr crore", 1e7),
    ),
}  # fmt: skip
_DEGREES = {"c": (1.0, 0.0), "f": (5 / 9, -160 / 9), "k": (1.0, -273.15)}
"""To degrees Celsius: times the first, plus the second."""
_TEMPERATURES = {"c": "c °c ºc degc celsius", "f": "f °f ºf degf fahrenheit", "k": "k kelvin"}
_WORDS = re.compile(r"[^\W_]+|[\"'″′”’°º/µ]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A value in it, times ``factor`` plus ``offset``, is in the base unit of ``measures``."""

    measures: str
    factor: float
    offset: float = 0.0


def _known() -> dict[str, dict[str, Unit]]:
    made: dict[str, dict[str, Unit]] = {}
    for measures, sizes in _SIZES.items():
        for names, factor in sizes:
            for name in _names(names):
                made.setdefault(name, {})[measures] = Unit(measures, factor)
    for short, names in _TEMPERATURES.items():
        for name in names.split():
            made.setdefault(name, {})["temperature"] = Unit("temperature", *_DEGREES[short])
    return made


def _names(names: str) -> list[str]:
    """Names of one unit; those of two words ("sq ft") begin with one of the first words."""
    words, made, k = names.split(), [], 0
    while k < len(words):
        two = words[k] in ("sq", "square", "fl") and k + 1 < len(words)
        made.append(" ".join(words[k : k + 2]) if two else words[k])
        k += 2 if two else 1
    return made


KNOWN = _known()


def meanings(name: str) -> dict[str, Unit]:
    """What a unit as written may be, by what it measures; empty where it is not known.

    >>> sorted(meanings("Sq. Meters")), meanings("lbs")["mass"].factor
    (['area'], 0.45359237)
    """
    plain = name.casefold().replace("²", "2").replace("³", "3")
    plain = " ".join(plain.replace(".", " ").split())
    for tried in (plain, plain.removesuffix("s"), plain.removesuffix("es"), plain.replace(" ", "")):
        if tried in KNOWN:
            return KNOWN[tried]
    return {}


def named_in(column: str) -> str:
    """The unit that the name of a column ends with ("weight_kg", "Height (cm)"); empty where there is none.
    Units of one letter are not taken out of names."""
    words = _WORDS.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).casefold())
    for count in (2, 1):
        tail = " ".join(words[-count:])
        if len(words) > count and len(tail) > 1 and meanings(tail) and "size" not in meanings(tail):
            return tail
    return ""


def together(names: Iterable[str]) -> str:
    """What all of the units measure, if there is one such thing; the first of :data:`KNOWN`'s in a tie."""
    common: dict[str, None] | None = None
    for name in names:
        found = meanings(name)
        common = dict.fromkeys(found) if common is None else {m: None for m in common if m in found}
    return next(iter(common), "") if common else ""


def to(name: str, main: str, measures: str) -> float | list[float]:
    """What turns a value in one unit into another: a factor, or [factor, offset] where zero is not zero."""
    one, other = meanings(name)[measures], meanings(main)[measures]
    factor = one.factor / other.factor
    if one == other:
        return 1.0
    if measures != "temperature":
        return factor
    return [factor, (one.offset - other.offset) / other.factor]
