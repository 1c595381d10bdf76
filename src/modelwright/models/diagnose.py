"""A named diagnosis of a candidate, and what to do about it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

OVERFITTING = 0.25
"""Share of what was learned on training rows that is lost on held-out rows."""
UNSTABLE = 0.5
"""Spread of the folds as a share of the gain over the baseline."""
UNDERFITTING = 0.02
"""Gain over the baseline as a share of the best candidate's gain."""
LITTLE = 0.1
"""What was learned on training rows, as a share of the best candidate's gain, below which it is nothing."""

ADVICE = {
    "underfitting": "give it more freedom (deeper, more rounds, less regularisation) or better features",
    "overfitting": "regularise it more, make it smaller, stop it earlier, or bring more rows",
    "unstable": "its folds disagree: bring more rows, or average more folds and repeats",
    "healthy": "",
    "": "",
}


def diagnose(
    held_out: Sequence[float], training: Sequence[float], baseline: float, best: float
) -> tuple[str, str]:
    """(diagnosis, advice) from scores where larger is better, one per fold.

    ``baseline`` is the best baseline's held-out score and ``best`` the best candidate's. Empty where the
    scores are not finite.
    """
    if not held_out or not all(map(math.isfinite, [*held_out, *training, baseline, best])):
        return "", ""
    value, seen = statistics.fmean(held_out), statistics.fmean(training)
    gain, learned = value - baseline, seen - baseline
    room = max(best - baseline, 0.0)
    if gain <= UNDERFITTING * max(room, 1e-12) and learned <= max(2 * gain, LITTLE * room) + 1e-12:
        found = "underfitting"
    elif len(held_out) > 2 and statistics.stdev(held_out) > UNSTABLE * max(gain, 1e-12):
        found = "unstable"
    elif learned > 0 and (seen - value) > OVERFITTING * learned:
        found = "overfitting"
    elif gain <= UNDERFITTING * max(best - baseline, 1e-12):
        found = "underfitting"
    else:
        found = "healthy"
    return found, ADVICE[found]
