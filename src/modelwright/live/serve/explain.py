"""``/explain``: how much each column moved an answer, with the standard error of the estimate."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from modelwright.live.serve.predict import Prepared, Unanswerable
from modelwright.live.serve.refusal import one_field
from modelwright.live.serve.validate import shortened
from modelwright.runtime.explain import Explanation
from modelwright.runtime.explain import explain as explained

MOST: Final = 10
"""Rows of one request: each costs up to thousands of passes through the model."""
AT_ONCE: Final = 2
"""Requests at work in one worker."""


def class_of(prepared: Prepared, of: Any) -> str | None:
    """The class whose probability is explained, where the request names one."""
    if of is None:
        return None
    if not prepared.classes:
        raise one_field("of", "nothing: the model predicts values", "a class")
    if type(of) is not str or of not in prepared.classes:
        got = shortened(of) if type(of) is str else "no text"
        raise one_field("of", f"one of {', '.join(prepared.classes[:10])}", got)
    return of


def explain(
    prepared: Prepared, row: dict[str, Any] | None, rows: list[Any], of: str | None
) -> dict[str, Any]:
    """The answer to one row or to several. Raises :class:`Invalid`, :class:`Unanswerable`."""
    checks = prepared.checks
    warned = [checks.one(row)[1]] if row is not None else checks.many(rows)[1]
    found = explained(prepared.model, [row] if row is not None else rows, of=of)
    told = []
    for place in range(len(found.of)):
        if not np.isfinite(found.contributions[place]).all() or not np.isfinite(found.values[place]):
            raise Unanswerable(None if row is not None else place)
        told.append({**_one(found, place), "warnings": [one.to_json() for one in warned[place]]})
    about = {"method": found.method, "version": prepared.version, "model": prepared.name}
    return {**told[0], **about} if row is not None else {"explanations": told, **about}


def _one(found: Explanation, row: int) -> dict[str, Any]:
    return {
        "of": found.of[row],
        "value": float(found.values[row]),
        "base": float(found.base[row]),
        "contributions": [
            {"field": name, "contribution": contribution, "error": error}
            for name, contribution, error in found.top(row, len(found.columns))
        ],
    }
