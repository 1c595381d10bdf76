"""``/feedback``: the true outcomes of predictions, by their ids, whenever they become known.

An id that was never given out is accepted: the prediction may still be on its way to the database, or be
older than what is kept. Its form is checked, and whoever reads the log counts those that fit nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from modelwright.live.entries import Feedback
from modelwright.live.serve.refusal import invalid
from modelwright.live.serve.validate import Invalid, Wrong, shortened
from modelwright.runtime.parse.number import plain_number
from modelwright.runtime.parse.values import render

ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MOST_NAMED: Final = 10


def feedback_of(data: Any, classes: Sequence[str], most: int, at: int, key: str) -> list[Feedback]:
    """The entries of a body. ``classes``: those an outcome may be; none for regression. Raises
    :class:`Refused` (422) with every wrong field."""
    many = type(data) is dict and "feedback" in data
    given = data["feedback"] if many else [data]
    wrong: list[Wrong] = []
    if type(given) is not list or not given or len(given) > most:
        got = f"{len(given):,} of them" if type(given) is list else "no list"
        wrong.append(Wrong("feedback", f"a list of 1 to {most:,} outcomes", got, None, "type"))
        given = []
    folded: dict[str, str | None] = {}
    for name in classes:
        folded[name.casefold()] = None if name.casefold() in folded else name
    known = frozenset(classes)
    made = []
    for place, one in enumerate(given):
        row = place if many else None
        if type(one) is not dict:
            got = "a list" if type(one) is list else "no object"
            wrong.append(Wrong("feedback", "an object with id and outcome", got, row, "type"))
            continue
        ident, outcome = one.get("id"), one.get("outcome")
        if type(ident) is not str or not ID.fullmatch(ident):
            got = "nothing" if ident is None else shortened(ident) if type(ident) is str else "no text"
            wrong.append(Wrong("id", "the id that came with the prediction", got, row, "id"))
            continue
        value = _outcome(outcome, known, folded) if classes else _value(outcome)
        if value is None:
            wrong.append(Wrong("outcome", _expected(classes), _received(outcome), row, "outcome"))
            continue
        made.append(Feedback(ident, at, value, key))
    if wrong:
        raise invalid(Invalid(wrong))
    return made


def _outcome(outcome: Any, known: frozenset[str], folded: dict[str, str | None]) -> str | None:
    """The class that is meant: by its name, or by one that differs in case and outer white space alone."""
    if type(outcome) not in (str, int, float, bool):
        return None
    if type(outcome) is float and not math.isfinite(outcome):
        return None
    name = render(outcome).strip()
    return name if name in known else folded.get(name.casefold())


def _value(outcome: Any) -> float | None:
    if type(outcome) is str:
        return plain_number(outcome.strip())
    if type(outcome) not in (int, float):
        return None
    try:
        value = float(outcome)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _expected(classes: Sequence[str]) -> str:
    if not classes:
        return "a finite number"
    named = ", ".join(classes[:_MOST_NAMED])
    return f"one of {named}" + (
        f" and {len(classes) - _MOST_NAMED} more" if len(classes) > _MOST_NAMED else ""
    )


def _received(outcome: Any) -> str:
    """By its type alone: an outcome can say as much of a person as any column."""
    if outcome is None:
        return "nothing"
    names = {str: "another text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(outcome), "an object")
