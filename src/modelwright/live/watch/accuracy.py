"""How good the model is by the outcomes that came back, and whether it has fallen: alarms of the same budget.

A metric that is a mean over rows (accuracy, recall of a class, Brier's score, ...) is followed by bets
(stats/below.py), with intervals that hold at every look (stats/sequences.py). One that is not (areas, F1,
errors of numbers) is looked at in blocks of labelled rows, each with its part of the budget and an interval
by the normal distribution: right for large blocks, and not exactly.

Two things are tested of each: that it is as good as the goal asks (``accuracy.below-goal``), and that it is
as good as it was on the test rows (``accuracy.fallen``), whose own sampling error gets half of that budget.
Outcomes that come later, or never, when the model was wrong mislead these tests as they mislead everybody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.evidence.estimate import estimate
from modelwright.goal.metrics.scored import Scored
from modelwright.live.watch.measures import Measure, worst_at
from modelwright.live.watch.tracks import LEVEL, QUIET, Limit, Track, Turn, When, crossing, rest, turn
from modelwright.stats.below import BelowTest
from modelwright.stats.intervals import normal_quantile
from modelwright.stats.sequences import MeanSequence, proportion

BLOCK: Final = 500
"""Labelled rows of a block, for metrics that are no mean."""
RECENT: Final = 2000
"""Labelled rows of the recent value."""
WINDOW: Final = (100, 1000)
"""Labelled rows of a window in which an open fall is looked for."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """One hypothesis about one measure: it is at least (or at most) ``bound``."""

    name: str
    code: str
    measure: Measure
    bound: float
    """In the metric's own unit."""
    part: float


def demands(measures: tuple[Measure, ...], rate: float, part: float) -> tuple[Demand, ...]:
    """What is tested; each demand gets an even share of ``part`` of the alarm rate."""
    found: list[tuple[str, str, Measure]] = []
    for m in measures:
        if m.criterion is not None:
            found.append((f"goal:{m.text}", "accuracy.below-goal", m))
        if m.tested is not None:
            found.append((f"test:{m.text}", "accuracy.fallen", m))
    made = []
    for name, code, m in found:
        each = part / len(found)
        if code == "accuracy.below-goal":
            assert m.criterion is not None
            made.append(Demand(name, code, m, m.criterion.threshold, each))
            continue
        assert m.tested is not None
        bound = worst_at(m.tested, m.spec, rate * each / 4)
        low, high = m.spec.bounds
        beyond = bound <= low if low is not None and m.spec.higher_is_better else False
        beyond = beyond or (high is not None and not m.spec.higher_is_better and bound >= high)
        if math.isfinite(bound) and not beyond:
            made.append(Demand(name, code, m, bound, each / 2))
    return tuple(made)


@dataclass(slots=True)
class Followed:
    """The state of one measure: what its intervals need."""

    rows: int = 0
    total: float = 0.0
    sequence: dict[str, Any] | None = None
    """Of a mean whose rows are not just right or wrong."""

    def take(self, measure: Measure, goods: Floats) -> None:
        self.rows += len(goods)
        self.total = running(self.total, goods)
        if measure.spec.name == "brier":
            made = MeanSequence() if self.sequence is None else MeanSequence.from_json(self.sequence)
            made.update(goods)
            self.sequence = made.to_json()

    def told(self, measure: Measure) -> dict[str, Any]:
        """Value and interval since the version began to answer."""
        if not self.rows:
            return {"value": None, "low": None, "high": None, "n": 0, "method": "no outcome has come back"}
        low, high = (
            proportion(self.total, self.rows)
            if self.sequence is None
            else MeanSequence.from_json(self.sequence).interval
        )
        ends = sorted((measure.value(low), measure.value(high)))
        return {
            "value": measure.value(self.total / self.rows),
            "low": ends[0],
            "high": ends[1],
            "n": self.rows,
            "method": "holds at every look (confidence sequence, level 0.95)",
        }


def feed_mean(track: Track, bound: float, goods: Floats, when: When, limit: Limit) -> list[Turn]:
    """Take rows' goodness [n], 0 to 1, whose mean is to be at least ``bound``, in order; what opened or
    cleared."""
    turns: list[Turn] = []
    if not 0 < bound < 1:
        return turns
    place = 0
    while place < len(goods):
        some = goods[place:]
        if track.since is None:
            done, opened = _tested(track, bound, some, when[place:], limit)
            place += done
            if opened:
                turns.append(turn(track, "open", when[place - 1]))
                track.since = turns[-1].at
            continue
        taken = some[: track.size - int(track.window[0])]
        sums = track.window
        track.window = [
            sums[0] + len(taken), running(sums[1], taken), running(sums[2], np.square(taken))
        ]  # fmt: skip
        track.rows += len(taken)
        place += len(taken)
        if track.window[0] < track.size:
            continue
        track.differs = _lower(track.window, bound)
        track.quiet = track.quiet + 1 if track.differs > LEVEL else 0
        track.window = [0, 0, 0]
        if track.quiet >= QUIET:
            turns.append(turn(track, "cleared", when[place - 1]))
            rest(track, turns[-1].at)
    return turns


def _tested(track: Track, bound: float, goods: Floats, when: When, limit: Limit) -> tuple[int, bool]:
    if track.test is None:
        track.limit = limit(track, int(when[0, 1]))
        track.starts += 1
    if track.test is None:
        track.test = BelowTest(bound)
    test: BelowTest = BelowTest.from_json(track.test) if isinstance(track.test, dict) else track.test
    before = test.rows
    evidence = test.update(goods)
    track.log_e, track.log_most = test.log_e, test.log_most
    end = crossing(track, evidence, before, test.rows, WINDOW)
    if end is None:
        track.test, track.rows = test, track.rows + len(goods)
        return len(goods), False
    track.window = [0, 0, 0]
    track.rows += end - before
    return end - before, True


def running(total: float, values: Floats) -> float:
    """The sum, added one by one: the same bits however the values are divided into calls."""
    return float(np.cumsum(np.concatenate(([total], values)))[-1])


def _lower(window: Sequence[float], bound: float) -> float:
    """One-sided p value of a window's mean being at least the bound."""
    from scipy.special import ndtr

    n, total, squares = window
    mean = total / n
    spread = max(squares / n - mean * mean, 1.0 / n / n)
    return float(ndtr((mean - bound) / math.sqrt(spread / n)))


def feed_block(track: Track, demand: Demand, block: Scored, when: When, limit: Limit) -> list[Turn]:
    """Look at one full block of labelled rows; ``when`` [2] is that of the last one."""
    turns: list[Turn] = []
    value, error = _normal(demand.measure, block)
    track.rows += len(block)
    if not math.isfinite(value) or not math.isfinite(error):
        return turns
    away = (demand.bound - value) if demand.measure.spec.higher_is_better else (value - demand.bound)
    score = away / error if error > 0 else math.copysign(math.inf, away)
    if track.since is None:
        if track.test is None:
            track.test = {"blocks": 0}
            track.limit = limit(track, int(when[1]))
            track.starts += 1
        track.test["blocks"] += 1
        # The k-th block may spend 6 / (pi k)^2 of what the test owns; that sums to one.
        owns = math.exp(-track.limit) * 6.0 / (math.pi * track.test["blocks"]) ** 2
        track.log_most = max(track.log_most, track.limit if score > normal_quantile(1 - 2 * owns) else 0.0)
        if score > normal_quantile(1 - 2 * owns):
            turns.append(turn(track, "open", when))
            track.test, track.quiet, track.since = None, 0, turns[-1].at
        return turns
    track.quiet = track.quiet + 1 if score < normal_quantile(1 - 2 * LEVEL) else 0
    if track.quiet >= QUIET:
        turns.append(turn(track, "cleared", when))
        rest(track, turns[-1].at)
    return turns


def _normal(measure: Measure, scored: Scored) -> tuple[float, float]:
    """The metric of a block, and its standard error by the rows' influence."""
    form = measure.spec.of(scored, for_class=measure.for_class, average=measure.average)
    value = float(form.value)
    if form.why or not math.isfinite(value):
        return math.nan, math.nan
    influence = form.influence()
    n = len(influence)
    return value, math.sqrt(float(np.square(influence).sum()) * n / max(n - 1, 1))


def recent(measure: Measure, scored: Scored) -> dict[str, Any]:
    """The measure on the most recent labelled rows, with the ordinary interval for one look."""
    if len(scored) < 2:
        return {"value": None, "low": None, "high": None, "n": len(scored), "method": "too few outcomes"}
    made = estimate(measure.spec, scored, for_class=measure.for_class, average=measure.average)
    value, low, high = (v if math.isfinite(v) else None for v in (made.value, made.low, made.high))
    return {"value": value, "low": low, "high": high, "n": made.n, "method": f"for one look ({made.method})"}


@dataclass(slots=True)
class Labels:
    """Everything that is kept of a version's labelled rows between looks."""

    rows: int = 0
    unknown: int = 0
    """Outcomes that no class of the model names, or that are no number."""
    followed: dict[str, Followed] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    block: list[list[Any]] = field(default_factory=list)
    """Rows of the block that is not full yet: truth, prediction, probabilities."""
