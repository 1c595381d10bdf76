"""What classes are called, in which order they stand, and which of two is the positive one."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Column
from modelwright.goal.nearest import nearest

POSITIVE_WORDS = ("yes", "true", "1", "y", "t", "positive", "pos", "present", "success")
NEGATIVE_WORDS = ("no", "false", "0", "n", "f", "negative", "neg", "absent", "failure", "-1")

_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")


def class_names(values: pl.Series, column: Column) -> list[str]:
    """The name of each value's class: texts as they are, whole numbers without a decimal point.

    A boolean target is named as the source spelled it, where its cleaning kept the spellings.
    """
    if column.kind == "boolean":
        no, yes = boolean_names(column)
        return [yes if v else no for v in values.to_list()]
    if column.kind == "number":
        return [number_name(v) for v in values.to_list()]
    return [str(v) for v in values.to_list()]


def as_in_training(names: list[str], test_rows: int, target: str, book: Book) -> list[str]:
    """Class names of a test file that differ from those of training in case, blanks or a full stop, mended.

    Test files are often written by another hand than the rows to learn from (">50K." beside ">50K").
    """
    if not test_rows:
        return names
    learnt: dict[str, list[str]] = {}
    known = set(names[:-test_rows])
    for name in sorted(known):
        learnt.setdefault(loose(name), []).append(name)
    mended = [
        learnt[loose(n)][0] if n not in known and len(learnt.get(loose(n), ())) == 1 else n
        for n in names[-test_rows:]
    ]
    pairs = sorted({(a, b) for a, b in zip(names[-test_rows:], mended, strict=True) if a != b})
    if pairs:
        changed = sum(a != b for a, b in zip(names[-test_rows:], mended, strict=True))
        shown = ", ".join(f"{a!r} as {b!r}" for a, b in pairs[:3])
        book.finding(
            "label.test-spelling",
            "note",
            f"the test rows spell classes in another way than the rest; {shown} was read in {changed} rows",
            "if these are different classes, give them names that differ in more than case or a full stop",
            column=target,
            numbers={"rows": float(changed)},
        )
    return names[:-test_rows] + mended


def number_name(value: float) -> str:
    """``3`` for 3.0, ``0.5`` for 0.5: how a number is written as the name of a class."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def boolean_names(column: Column) -> tuple[str, str]:
    """The names of the false and the true class of a boolean target.

    As the source spelled them (the options ``false`` and ``true`` of its cleaning operation), if known.
    """
    for operation in column.operations:
        no, yes = operation.options.get("false"), operation.options.get("true")
        if no and yes:
            return _first(no), _first(yes)
    return "false", "true"


def _first(spelling: Any) -> str:
    return str(spelling[0]) if isinstance(spelling, list | tuple) else str(spelling)


def ordered(counts: Counter[str]) -> tuple[str, ...]:
    """Class names sorted: by value where all are numbers, else by text."""
    if all(_NUMBER.fullmatch(name) for name in counts):
        return tuple(sorted(counts, key=lambda name: (float(name), name)))
    return tuple(sorted(counts))


def positive_class(
    given: str | None, classes: tuple[str, ...], counts: Counter[str], target: str
) -> tuple[str, str]:
    """The positive of two classes, and why."""
    if given is not None:
        if given in classes:
            return given, f"{given!r} is the positive class, as the goal says"
        wanted = loose(given)
        alike = [c for c in classes if loose(c) == wanted]
        if len(alike) == 1:
            return alike[0], f"{alike[0]!r} is the positive class, as the goal says"
        raise BadData(
            f"data.positive is {given!r}, but {target!r} has the values {classes[0]!r} and {classes[1]!r}",
            code="label.positive-unknown",
            hint=f"did you mean {near!r}?" if (near := nearest(given, classes)) else "use one of these",
        )
    words = {c: c.strip().casefold() for c in classes}
    said_yes = [c for c in classes if words[c] in POSITIVE_WORDS]
    if len(said_yes) == 1:
        return said_yes[0], f"{said_yes[0]!r} is the positive class, since it says yes"
    said_no = [c for c in classes if words[c] in NEGATIVE_WORDS]
    if len(said_no) == 1:
        other = classes[1 - classes.index(said_no[0])]
        return other, f"{other!r} is the positive class, since {said_no[0]!r} says no"
    above = [c for c in classes if c.lstrip().startswith(">")]
    if len(above) == 1:
        return above[0], f"{above[0]!r} is the positive class, since it is what lies above"
    rarer = min(classes, key=lambda c: (counts[c], -classes.index(c)))
    share = counts[rarer] / max(1, sum(counts.values()))
    return rarer, f"{rarer!r} is the positive class, since it is the rarer ({share:.1%} of rows)"


def loose(name: str) -> str:
    """Case, blanks, a closing full stop and a needless decimal part do not tell classes apart."""
    text = name.strip().casefold().rstrip(".")
    try:
        return number_name(float(text))
    except (ValueError, OverflowError):
        return text
