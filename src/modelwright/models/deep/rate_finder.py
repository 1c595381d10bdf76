"""The learning rate from a short test: rates rise step by step until the loss does (Smith, 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 60
SMOOTH = 0.8
"""Of the running mean of the loss."""
BURST = 3.0
"""The test ends where the loss is so many times its lowest."""
FALLBACK = 1e-3


def rates() -> list[float]:
    """``STEPS`` rates, evenly spaced in their logarithm."""
    ratio = math.log(HIGHEST / LOWEST) / (STEPS - 1)
    return [LOWEST * math.exp(ratio * number) for number in range(STEPS)]


def find(step: Callable[[int, float], float]) -> tuple[float, list[tuple[float, float]]]:
    """(the rate, (rate, smoothed loss) of each step). ``step(number, rate)`` makes one update and returns its
    loss.

    The rate is a tenth of the one at which the smoothed loss was lowest: there it falls fast and is far from
    rising.
    """
    mean = 0.0
    seen: list[tuple[float, float]] = []
    for number, rate in enumerate(rates()):
        loss = step(number, rate)
        if not math.isfinite(loss):
            break
        mean = SMOOTH * mean + (1.0 - SMOOTH) * loss
        smoothed = mean / (1.0 - SMOOTH ** (number + 1))
        if seen and smoothed > BURST * min(value for _, value in seen):
            break
        seen.append((rate, smoothed))
    if len(seen) < STEPS // 6 or min(v for _, v in seen) > 0.98 * seen[0][1]:
        return FALLBACK, seen
    lowest = min(range(len(seen)), key=lambda place: seen[place][1])
    return seen[lowest][0] / 10.0, seen
