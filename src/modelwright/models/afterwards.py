"""What is kept of a race's time for what comes after it: fits of the chosen ones on all rows, the learning
curve of the best, and the making of the graph."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.models.families import FAMILIES
from modelwright.models.fit import FitResult

REFITTED = 5
"""Leaders whose refits are allowed for."""
REFIT_SLACK = 1.2
"""A refit has more rows than a fold, and some more rounds."""
MOST_REFITS = 0.25
"""Part of a race's time that refits are allowed for at most: what they add is less than what a candidate of
another kind may, and without them the fits of the race ship."""
HEAVY = 8e-8
"""Seconds for each byte of the model: its graph is put together, checked row by row and opened several times
after the race."""
MOST_BYTES = 50_000_000
"""Bytes that are allowed for at most; ensembles are kept below."""
ANSWERED, MOST_ANSWERED = 8000, 0.1
"""Rows that are answered after a race of networks, about: the check of the graph, the test, the timing; and
the part of the race that is kept for it at most."""
KEPT_FOR_REFITS, KEPT_WITH_FOLDS = 0.5, 0.1
"""Part of a race of networks that is kept for fitting the chosen ones on all rows. Networks of all folds ship
together, so with folds it is little."""
KEPT_WITH_GROUPS = 0.35
"""The same where folds are parted by group: a fit without a fold has never met its groups, and one that has
met all does better with new ones (spoken digits: 0.95 with five speakers, 0.89 with four)."""
SHARES = (0.25, 0.5, 0.75)
"""Parts of the training rows that the learning curve is fitted on, beside all of them."""
SHARES_OF_NETWORKS, SHARES_OF_LARGE = (0.25, 0.5), (0.125, 0.25)
"""Networks take long; so do several of many rows (those are judged by one part that is held out)."""
SLACK, SLACK_OF_NETWORKS = 1.5, 1.3
"""Times of their expected seconds that must be left for the fits of a curve. Those of networks have as many
epochs as the fit on all rows had, so what they take is known."""
MOST_CURVE, CURVE_OF_NETWORKS = 3.0, 0.15
"""Seconds that are kept for a curve at most, and of networks the part of their race; where it takes longer,
it is left out."""


def shares(family: str, folds: int) -> tuple[float, ...]:
    """The parts of the training rows of a family's learning curve."""
    if not FAMILIES.get(family).tags.keeps:
        return SHARES
    return SHARES_OF_LARGE if folds == 1 else SHARES_OF_NETWORKS


def curve_seconds(family: str, parts: Sequence[float], seconds: float, workers: int) -> float:
    """What fits on these parts take beside each other, with slack, where one on all rows took ``seconds``."""
    slack = SLACK_OF_NETWORKS if FAMILIES.get(family).tags.keeps else SLACK
    return slack * seconds * max(sum(parts) / workers, *parts, 0.0)


@dataclass(frozen=True, slots=True)
class Afterwards:
    """``whole``: seconds of the race; ``folds``, and whether they are parted by group; ``workers``."""

    whole: float
    folds: int
    grouped: bool
    workers: int

    def kept(self) -> float:
        """Part of a race of networks that is kept for fits on all rows."""
        if self.folds == 1:
            return KEPT_FOR_REFITS
        return KEPT_WITH_GROUPS if self.grouped else KEPT_WITH_FOLDS

    def curve(self, family: str, seconds: float) -> float:
        """Seconds for the learning curve of the best, a fit of which takes ``seconds``; 0 where it is too
        long."""
        needed = curve_seconds(family, shares(family, self.folds), seconds, self.workers)
        most = CURVE_OF_NETWORKS * self.whole if FAMILIES.get(family).tags.keeps else MOST_CURVE
        return needed if needed <= most else 0.0

    def seconds(self, leaders: Sequence[tuple[str, Sequence[FitResult]]]) -> float:
        """Seconds to keep, given the leaders so far: their families and the fits of their folds, best
        first."""
        if not leaders:
            return 0.0
        leaders = leaders[:REFITTED]
        each = [statistics.fmean(r.seconds for r in results) for _, results in leaders]
        refits = REFIT_SLACK * max(sum(each) / self.workers, *each)
        best = leaders[0][0]
        most = self.kept() if FAMILIES.get(best).tags.keeps else MOST_REFITS
        shipped = self.shipped(best, [results for _, results in leaders])
        return min(refits, most * self.whole) + self.curve(best, each[0]) + shipped

    def shipped(self, family: str, fits: Sequence[Sequence[FitResult]]) -> float:
        """Seconds that the graph of these fits takes after the race; ``family`` is the best one's."""
        seconds = HEAVY * min(sum(max(r.size for r in results) for results in fits), MOST_BYTES)
        if FAMILIES.get(family).tags.keeps:
            row = sum(max(r.predict_us for r in results) for results in fits) / 1e6
            seconds += min(ANSWERED * row, MOST_ANSWERED * self.whole)
        return seconds
