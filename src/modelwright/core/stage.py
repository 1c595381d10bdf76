"""What a stage may ask for besides records and sections of the goal: its work place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Say = Callable[..., None]
"""``say(event, **facts)``: progress for whoever watches; never part of a result."""


def say_nothing(event: str, **facts: Any) -> None:
    """The listener of those who do not watch."""


@dataclass(frozen=True, slots=True)
class Work:
    """Where and within which limits a stage works. Of all this, only the seed is part of its key."""

    folder: Path
    """The stage's own folder in the run; what it leaves there survives a kill."""
    seed: int = 0
    cores: int = 1
    memory: int = 8 * 10**9
    """Bytes."""
    ends_at: float | None = None
    """On the monotonic clock: when the whole command must have returned. None: no limit in time."""
    say: Say = field(default=say_nothing, compare=False)
    stop: Callable[[], bool] = field(default=lambda: False, compare=False)
    """True once the user has asked to end well with the best so far."""
    started_at: float = field(default_factory=time.monotonic, compare=False)
    inline: bool = field(default=False, compare=False)
    pool: Any = field(default=None, compare=False)
    """Worker processes that the runner started early (``models.pool.Pool``), or None."""
    """Fit in this very process, without workers that could be killed: for tiny work from Python."""

    def budget(self) -> float:
        """Whole seconds that the command was given; infinity without a limit. Not those that are left."""
        return float("inf") if self.ends_at is None else float(round(self.ends_at - self.started_at))

    def left(self) -> float:
        """Seconds until the command must have returned; infinity without a limit."""
        return float("inf") if self.ends_at is None else self.ends_at - time.monotonic()
