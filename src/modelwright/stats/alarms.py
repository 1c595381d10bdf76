"""Which streams alarm, so that the chance of any false alarm over the whole horizon stays below one number.

Each stream gives evidence whose chance of *ever* reaching 1/a is at most a, in its own game. Evidence of
several streams cannot be averaged here: each is fair towards one who sees that stream's p-values, and need
not be towards one who sees them all (Choe & Ramdas, Combining evidence across filtrations, arXiv 2402.09698;
Vovk on sums of conformal martingales). But 1 / (the most evidence so far) is a p-value that holds at every
time at once, in everybody's eyes, under any dependence; and for those Holm's method (1979), with weights, is
valid. An average would not gain much: it is never more than the number of streams times the largest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGAIN = 0.25
"""A stream's first test in a horizon has a share of 1 - AGAIN of its budget; each that follows an alarm and
its clearing has AGAIN times the share of the last. The shares sum to one."""


@dataclass
class Alarms:
    """The alarm budget of one horizon.

    Every (stream, episode) is a hypothesis: "stable from this test's beginning on". It owns the part
    ``weights[stream] * (1 - AGAIN) * AGAIN ** episode`` of ``rate``; the parts of all streams and of as many
    episodes as may come sum to ``rate``. Holm's step: what rejected hypotheses owned is shared among the
    others in proportion. At the first false alarm only false hypotheses had been rejected, so all true ones
    together own no more than ``rate``, and the union bound over them gives

        P(any false alarm in the horizon) <= rate,

    at any rhythm of looking, whatever the dependence between streams. Weights, and so the streams, must be
    fixed when the horizon begins; a stream without data costs only its weight. A new horizon begins with new
    ``Alarms`` and new tests. For an episode after the first the bound takes for granted that the moment of
    clearing tells nothing of the reference's own sampling error.
    """

    rate: float
    weights: dict[str, float]
    episodes: dict[str, int] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    """Streams that alarmed and have not been cleared, in the order of their alarms."""
    freed: float = 0.0
    """Part of the budget that rejected hypotheses owned."""

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1:
            raise ValueError("the rate must be above 0 and below 1")
        total = sum(self.weights.values())
        if not self.weights or min(self.weights.values()) <= 0 or not math.isfinite(total):
            raise ValueError("weights must be above 0")
        self.weights = {name: weight / total for name, weight in self.weights.items()}

    def threshold(self, name: str) -> float:
        """What ``log_most`` of the stream's present test must reach; infinite while its alarm is open."""
        if name in self.open:
            return math.inf
        return math.log(max(1.0 - self.freed, 1e-12)) - math.log(self._part(name) * self.rate)

    def judge(self, log_most: Mapping[str, float]) -> list[str]:
        """Streams that alarm now, the strongest first; they become open. Streams not named are untouched.

        Raises KeyError for a stream without a weight.
        """
        found: list[str] = []
        while True:
            over = {
                name: value - self.threshold(name)
                for name, value in log_most.items()
                if name not in self.open and value >= self.threshold(name)
            }
            if not over:
                return found
            name = max(over, key=lambda n: (over[n], n))
            self.freed += self._part(name)
            self.open.append(name)
            found.append(name)

    def clear(self, name: str) -> None:
        """The alarm is over: begin a new test of the stream (``StreamTest.again(pooled=False)``, or one of a
        new reference) and judge that from now on, with the next part of the stream's budget."""
        self.open.remove(name)
        self.episodes[name] = self.episodes.get(name, 0) + 1

    def _part(self, name: str) -> float:
        return self.weights[name] * (1 - AGAIN) * AGAIN ** self.episodes.get(name, 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "weights": dict(self.weights),
            "episodes": dict(self.episodes),
            "open": list(self.open),
            "freed": self.freed,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Alarms:
        made = cls(float(told["rate"]), {str(k): float(v) for k, v in told["weights"].items()})
        made.weights = {str(k): float(v) for k, v in told["weights"].items()}
        made.episodes = {str(k): int(v) for k, v in told["episodes"].items()}
        made.open = [str(name) for name in told["open"]]
        made.freed = float(told["freed"])
        return made
