"""How many steps there is time for, by the clock.

Nothing here is asked where there is no deadline: a training whose budget is work does not look at a clock.
"""

from __future__ import annotations

import statistics

from modelwright.models.family import Deadline

WARM = 2
"""Steps that are not timed: memory is taken, kernels are chosen."""
FIRST = 6
"""Timed steps after which the first plan is made."""
FEW, CAREFUL = 50, 1.1
"""Of fewer timed steps than this, so many times the median counts, not the mean."""
SPARE = 0.05
"""Share of the time that is left alone: other processes take their turns."""
EXPORT, MOST_EXPORT = 3.0, 0.2
"""Seconds, and at most this share of the time, for what comes after the training: the network becomes a
graph, which answers the held-out rows and some of the others."""
FEWEST = 10
"""Steps below which nothing is learned."""


class Pace:
    """Times of steps and of judging, measured as they go by."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.ends = deadline.at is not None
        self._left_at_start = deadline.left()
        self._count = 0
        self._recent: list[float] = []
        self.step_seconds = 0.0
        """Of a step; the mean of the last ones."""
        self.judge_seconds = 0.0
        """Of the last judgement of held-out rows; not known before the first."""

    def stepped(self, seconds: float) -> None:
        self._count += 1
        if self._count <= WARM and self._count < FIRST:
            self.step_seconds = seconds
            return
        self._recent.append(seconds)
        if len(self._recent) > 200:
            del self._recent[:100]
        if len(self._recent) <= FIRST:
            self.step_seconds = statistics.median(self._recent)

    def judged(self, seconds: float) -> None:
        self.judge_seconds = seconds
        if len(self._recent) < FEW:
            # The first steps are slow, and a mean of few would believe them.
            self.step_seconds = CAREFUL * statistics.median(self._recent or [self.step_seconds])
        else:
            self.step_seconds = statistics.fmean(self._recent)

    def first_plan(self) -> bool:
        """Whether this is the moment of the first plan."""
        return self.ends and self._count == WARM + FIRST

    def late(self) -> bool:
        """Whether only the time for a last judgement is left."""
        return self.deadline.left() < self.judge_seconds + 2 * self.step_seconds + self._after()

    def usable(self) -> float:
        """Seconds left for steps and judgements."""
        return max(self.deadline.left() - SPARE * self._left_at_start - self._after(), 0.0)

    def _after(self) -> float:
        """Seconds of what comes after the training."""
        return min(EXPORT, MOST_EXPORT * self._left_at_start) + 2 * self.judge_seconds


def most_steps(pace: Pace, done: int, steps: int, wished: int) -> int:
    """Whole epochs of ``steps`` that there is time for, at most ``wished`` steps in all; a part of an epoch
    where not even the first can be ended. 0: nothing usable."""
    left = pace.usable()
    epoch = steps * pace.step_seconds + pace.judge_seconds
    to_end = (-done) % steps
    rest = left - (to_end * pace.step_seconds + pace.judge_seconds * (to_end > 0))
    if rest >= 0:
        more = done + to_end + steps * int(rest / max(epoch, 1e-9))
        if more > 0:
            return min(more, wished)
    part = done + int(max(left - pace.judge_seconds, 0.0) / max(pace.step_seconds, 1e-9))
    return part if part >= min(FEWEST, steps) else 0
