"""What a fitted recipe does to each column, in words: how it is encoded, how it is scaled, and why."""

from __future__ import annotations

from collections.abc import Iterator

from modelwright.features.arithmetic import FittedArithmetic
from modelwright.features.categories import FittedCodes, FittedFrequency, FittedOneHot
from modelwright.features.crosses import FittedCrosses
from modelwright.features.dates import FittedDateCycles, FittedDateParts
from modelwright.features.groups import FittedGroups
from modelwright.features.numbers import FittedMissing, FittedNumbers, FittedStandardise, count
from modelwright.features.operation import FittedOperation
from modelwright.features.pairs import FittedPairs
from modelwright.features.recipe import FittedRecipe
from modelwright.features.targets import FittedTargetMean
from modelwright.features.text import FittedWords
from modelwright.runtime.signature import Signature

Told = tuple[str, str, str, str]
"""Column, encoded as, scaled as, why."""
MOST = 300
"""Columns that are told of."""

_ORDER = "trees split a number by its order, so that neither its scale nor a missing value harms them"
_SCALE = "sums need one scale, no holes, no value that outweighs all others"
_LOGGED = f"{_SCALE}; it is skewed"
_CODES = "trees take categories as codes"
_HOT = "sums need a weight for each value"
_MEAN = "an order of values that says something of the target"
_PARTS = "trees find months and weekdays by themselves once they are numbers"
_CYCLES = "December lies beside January, which only a circle shows"
_WORDS = "its values share words"
_TWO = "a screen of the training rows found that they say more together than each alone"

_Line = tuple[str, str, str, str]


def told(recipe: FittedRecipe, signature: Signature) -> tuple[Told, ...]:
    """One entry for each column that the matrix is made of, in the order of the signature."""
    encoded: dict[str, list[str]] = {}
    scaled: dict[str, list[str]] = {}
    why: dict[str, list[str]] = {}
    if recipe.bounds is not None:
        for name in recipe.bounds.columns:
            scaled.setdefault(name, []).append("winsorised first")
            why.setdefault(name, []).append("the goal asks for it")
    for operation in recipe.operations:
        for name, how, scale, reason in _of(operation, signature):
            for found, words in ((encoded, how), (scaled, scale), (why, reason)):
                if words and words not in found.setdefault(name, []):
                    found[name].append(words)
    names = [n for n in (*signature.numbers, *signature.strings, *signature.times) if n in encoded]
    return tuple(
        (n, "; ".join(encoded[n]), "; ".join(scaled.get(n, ())) or "not scaled", "; ".join(why.get(n, ())))
        for n in names[:MOST]
    )


def _of(operation: FittedOperation, signature: Signature) -> Iterator[_Line]:
    o = operation
    if isinstance(o, FittedNumbers):
        for name, shift in zip(o.columns, o.shifts, strict=True):
            yield name, "number, missing left to the trees", "shifted by its median" if shift else "", _ORDER
    elif isinstance(o, FittedStandardise):
        for j, name in enumerate(o.columns):
            logged = j >= len(o.columns) - o.logged
            log = "logarithm, " if logged else ""
            yield (
                name,
                "number, the median where missing",
                f"wide bounds, {log}mean 0, standard deviation 1",
                _LOGGED if logged else _SCALE,
            )
    elif isinstance(o, FittedMissing):
        for name in o.columns:
            yield name, "mark of missing", "", "missing may say something by itself"
    elif isinstance(o, FittedCodes):
        for name in o.vocabulary.columns:
            yield name, "code by frequency, missing has its own", "", _CODES
    elif isinstance(o, FittedOneHot):
        for name, levels, others in zip(o.vocabulary.columns, o.levels, o.others, strict=True):
            columns = count(len(levels) + others, "column")
            yield name, f"{columns} of 0 and 1" + (", one for all rare values" if others else ""), "", _HOT
    elif isinstance(o, FittedFrequency):
        for name in o.vocabulary.columns:
            yield name, "how common the value is", "", ""
    elif isinstance(o, FittedTargetMean):
        for name in o.vocabulary.columns:
            yield name, "mean of the target, smoothed, across folds", "", _MEAN
    elif isinstance(o, FittedDateParts | FittedDateCycles):
        parts = isinstance(o, FittedDateParts)
        for j, name in enumerate(o.columns):
            made = sum(place == j for place, _ in o.outputs)
            words = (
                f"{count(made, 'part')} of the date"
                if parts
                else f"{count(made, 'part')} of circles and time"
            )
            yield name, words, "" if parts else "mean 0, standard deviation 1", _PARTS if parts else _CYCLES
    elif isinstance(o, FittedWords):
        for column in o.columns:
            words = f"weighted counts of {count(len(column.words), 'word')}"
            if column.projection is not None:
                words = f"{count(column.projection.shape[1], 'topic')} of {count(len(column.words), 'word')}"
            yield column.column, words, "", _WORDS
    else:
        yield from _together(o, signature)


def _together(operation: FittedOperation, signature: Signature) -> Iterator[_Line]:
    """Columns that are made of two."""
    o = operation
    if isinstance(o, FittedCrosses):
        for part in o.parts:
            yield from _of(part, signature)
        return
    beside: dict[str, list[str]] = {}
    if isinstance(o, FittedArithmetic):
        for form in o.forms:
            a, b = signature.numbers[form.a], signature.numbers[form.b]
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    elif isinstance(o, FittedPairs):
        columns = o.vocabulary.columns
        for i, j in o.pairs:
            beside.setdefault(columns[i], []).append(columns[j])
            beside.setdefault(columns[j], []).append(columns[i])
    elif isinstance(o, FittedGroups):
        for number, place in zip(o.numbers, o.by, strict=True):
            beside.setdefault(number, []).append(o.vocabulary.columns[place])
            beside.setdefault(o.vocabulary.columns[place], []).append(number)
    for name, others in beside.items():
        shown = list(dict.fromkeys(others))
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        yield name, f"joined with {', '.join(shown[:3])}{more}", "", _TWO
