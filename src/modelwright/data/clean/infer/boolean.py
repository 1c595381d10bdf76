"""Whether a column says yes and no."""

from __future__ import annotations

from typing import Any

from modelwright.data.clean.infer.distinct import Distinct

PAIRS = (("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"), ("on", "off"))
_MOST_SPELLINGS = 200
"""More than all of them have, in upper and lower case."""


def infer(distinct: Distinct) -> dict[str, Any] | None:
    """Options of ``boolean`` if all (stripped, present) texts are spellings of both answers.

    0 and 1 are left to be numbers: a count that never went beyond 1 so far may do so tomorrow.
    """
    if distinct.any_numbers or distinct.size > _MOST_SPELLINGS:
        return None
    seen = {text.casefold() for text in distinct.hard}
    yes, no = {a for a, _ in PAIRS}, {b for _, b in PAIRS}
    if not seen or not seen <= yes | no or not seen & yes or not seen & no:
        return None
    return options()


def options() -> dict[str, Any]:
    """All spellings that are known: what was not met so far is read too."""
    return {"true": [a for a, _ in PAIRS] + ["1"], "false": [b for _, b in PAIRS] + ["0"]}
