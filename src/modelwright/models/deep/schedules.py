"""How the learning rate goes over the steps, and how many steps there will be.

A schedule is a function of progress, from 0 at the first step to 1 at the last. What is left of the plan can
be changed while it runs: progress goes on from where it is, only faster or slower, so the rate has no jump.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from modelwright.models.deep.settings import Settings

START = 0.04
"""The first rate as a share of the highest, where it warms up (that of Smith and Topin, 2018)."""


def share(settings: Settings, progress: float) -> float:
    """The rate at ``progress`` (0 to 1) as a share of the highest.

    constant: level after a linear warm-up. cosine: a linear warm-up, then half a cosine down to the floor
    (Loshchilov and Hutter, 2017). one-cycle: half a cosine up and half a cosine down (Smith and Topin, 2018).
    """
    progress = min(max(progress, 0.0), 1.0)
    rise = settings.warm_up
    if progress < rise:
        way = progress / rise
        if settings.schedule == "one-cycle":
            way = 0.5 * (1.0 - math.cos(math.pi * way))
        return START + (1.0 - START) * way
    if settings.schedule == "constant":
        return 1.0
    way = (progress - rise) / max(1.0 - rise, 1e-9)
    return settings.floor + (1.0 - settings.floor) * 0.5 * (1.0 + math.cos(math.pi * way))


@dataclass(slots=True)
class Plan:
    """``total`` steps; from step ``start`` on, progress goes evenly from ``reached`` to 1."""

    total: int
    start: int = 0
    reached: float = 0.0

    def progress(self, step: int) -> float:
        """At the step with this number, counted from 0; the last step of the plan has progress 1."""
        left = max(self.total - 1 - self.start, 1)
        return min(self.reached + (1.0 - self.reached) * max(step - self.start, 0) / left, 1.0)

    def change(self, step: int, total: int) -> None:
        """From ``step`` on, as if ``total`` steps had been planned."""
        if total != self.total:
            self.reached = self.progress(step)
            self.start = step
            self.total = max(total, step)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
