"""Ending a fit that is worse, epoch for epoch, than the median of earlier ones of its family.

The median stopping rule (Golovin et al. 2017, Vizier), on the best validation loss so far. For networks,
whose configurations share the meaning of an epoch; rounds of boosting at different rates do not.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from modelwright.models.family import Watch

Curve = Sequence[tuple[int, float, float]]
Bar = tuple[tuple[int, float], ...]
"""(epoch, loss), ascending: from that epoch on, a fit has to have been at least as good once."""

FEWEST = 2
"""Earlier fits without which no other is ended."""
FIRST = 3
"""Epochs that each fit gets."""


def bar_of(curves: Sequence[Curve]) -> Bar:
    """The median, over curves of (step, train loss, validation loss), of the best validation loss up to each
    step. Empty where there are too few."""
    best = [_best_so_far(curve) for curve in curves]
    best = [line for line in best if line]
    if len(best) < FEWEST:
        return ()
    steps = sorted({step for line in best for step, _ in line if step >= FIRST})
    made = []
    for step in steps:
        # A curve that ended early counts with its best: it would not have got worse.
        known = [value for line in best if (value := _at(line, step)) is not None]
        if len(known) >= FEWEST:
            made.append((step, statistics.median(known)))
    return tuple(made)


def below(bar: Bar, inner: Watch) -> Watch:
    """A watch that ends a fit which does not reach the bar; else it answers as ``inner``."""
    best = math.inf

    def watch(step: int, train_loss: float, valid_loss: float) -> bool:
        nonlocal best
        if math.isfinite(valid_loss):
            best = min(best, valid_loss)
        wanted = next((loss for at, loss in reversed(bar) if at <= step), None)
        hopeless = wanted is not None and math.isfinite(best) and best > wanted
        return hopeless or inner(step, train_loss, valid_loss)

    return watch


def _best_so_far(curve: Curve) -> list[tuple[int, float]]:
    best, made = math.inf, []
    for step, _, loss in curve:
        if math.isfinite(loss):
            best = min(best, loss)
            made.append((step, best))
    return made


def _at(line: list[tuple[int, float]], step: int) -> float | None:
    return next((value for at, value in reversed(line) if at <= step), None)
