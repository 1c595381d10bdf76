"""A criterion that is worth asking and can be proven: between guessing and what a quick model reaches."""

from __future__ import annotations

import math

from modelwright.core.records.data import Development
from modelwright.evidence.propose.quick import Quick
from modelwright.goal.metrics import metric
from modelwright.goal.propose import Fractions, Guess
from modelwright.goal.provable import provable

SHARES = (0.15, 0.2, 0.25)
MEANINGFUL = 0.5
"""Of the way from guessing to the quick model: what a criterion should at least ask."""
CAUTION = 0.9
"""... and at most, since a quick score is itself an estimate."""
UNEVEN = 0.6
"""A commonest class of more than this makes accuracy look good without skill."""


def metric_for(problem: str, shares: tuple[float, ...]) -> tuple[str, str]:
    """The metric to ask by, and why."""
    if problem == "regression":
        return "r2", "r2 needs no unit: 0 is guessing the mean, 1 is perfect"
    if problem == "binary":
        return "roc_auc", "roc_auc does not depend on the threshold or on how rare the positive class is"
    if max(shares, default=0.0) > UNEVEN:
        return (
            "balanced_accuracy",
            "balanced_accuracy counts every class alike, and one class is much the commonest",
        )
    return "accuracy", "accuracy is the share of rows that are classified right"


def criterion(
    found: Quick, why: str, development: Development, rows: int, shares: tuple[float, ...]
) -> tuple[Guess[str], Guess[Fractions] | None]:
    """The criterion with its reason, and a larger test part where only that can prove it.

    ``rows`` counts all rows, ``shares`` the classes' shares of them.
    """
    spec = metric(found.metric)
    gain = found.score - found.baseline
    guessing = round(found.baseline, 2) + 0.0
    said = (
        f"{why}. Guessing reaches {guessing:.2f}, {found.model} in a quick cross-validation {found.score:.2f}"
    )
    if not gain > 0.01:
        threshold = _down(found.baseline + 0.01)
        text = f"{found.metric} >= {threshold:g}"
        return Guess(text, f"{said}: the columns say little of the target, so this may not be reached."), None
    positive = 1 if development.problem == "binary" else None

    def highest(share: float) -> float:
        """The highest threshold (in hundredths) that so many test rows can be expected to prove."""
        test = max(1, round(rows * share))
        at = _down(found.baseline + CAUTION * gain)
        while at > found.baseline:
            hope = provable(
                found.metric, spec, ">=", at, test, shares=shares, positive=positive, assumed=found.score
            )
            if hope.provable:
                return at
            at = round(at - 0.01, 2)
        return -math.inf

    wanted = found.baseline + MEANINGFUL * gain
    for share in SHARES:
        threshold = highest(share)
        if threshold >= wanted:
            text = f"{found.metric} >= {threshold:g}"
            tests = f"{round(rows * share)} test rows can be expected to prove it"
            split = None
            if share > SHARES[0]:
                rest = 1 - share
                fractions = Fractions(round(rest - 0.15, 2), 0.15, share)
                split = Guess(
                    fractions, f"a test part of {share:.0%}, since fewer rows could not prove {text}."
                )
            return Guess(text, f"{said}; {tests}."), split
    threshold = max(_down(wanted), round(_down(found.baseline) + 0.01, 2))
    text = f"{found.metric} >= {threshold:g}"
    return Guess(text, f"{said}; with {rows} rows a test part can hardly prove it, more rows would."), None


def _down(value: float) -> float:
    return math.floor(value * 100 + 1e-9) / 100
