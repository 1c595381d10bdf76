"""Greedy selection of an ensemble over held-out predictions (Caruana et al. 2004, ICML).

Members are added with replacement while the held-out score improves; a weight is how often a member was
chosen. A gain smaller than ``WORTH`` of the way from the baseline does not pay for a larger graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.models.family import ProblemKind
from modelwright.models.score import score

Scores = npt.NDArray[np.float64]

ROUNDS = 20
MEMBERS = 6
CANDIDATES = 12
SCORED_ROWS = 8000
"""Held-out rows used for choosing; more would cost time and change no choice that matters."""
MOST_BYTES = 50_000_000
"""A candidate with a larger graph is not chosen while there is a smaller one."""
WORTH = 1e-4


def select(
    candidates: dict[str, Scores],
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64] | None,
    metric: str,
    problem: ProblemKind,
    sizes: dict[str, int] | None = None,
) -> dict[str, float]:
    """Weights by name, summing to one; names that are not in it have no weight.

    ``candidates``: held-out scores float64 [n, k] of the same rows, by name; ``sizes``: bytes of their
    graphs, so that one that nobody could serve is left out.
    """
    names = sorted(candidates)
    if sizes is not None:
        names = [n for n in names if sizes[n] <= MOST_BYTES] or [min(names, key=lambda n: (sizes[n], n))]
    step = max(1, len(y) // SCORED_ROWS)
    y, weights = y[::step], None if weights is None else weights[::step]
    some = {name: candidates[name][::step] for name in names}
    alone = {name: score(metric, problem, y, some[name], weights) for name in names}
    ranked = sorted(names, key=lambda n: (-alone[n], n))[:CANDIDATES]
    chosen = [ranked[0]]
    best = alone[ranked[0]]
    mean = some[ranked[0]].copy()
    finite = [alone[n] for n in ranked if np.isfinite(alone[n])]
    scale = (abs(best - finite[-1]) if finite else 0.0) or abs(best) or 1.0
    for _ in range(ROUNDS - 1):
        able = ranked if len(set(chosen)) < MEMBERS else sorted(set(chosen), key=ranked.index)
        count = len(chosen)
        trials = [
            (score(metric, problem, y, (mean * count + some[n]) / (count + 1), weights), n) for n in able
        ]
        value, name = max(trials, key=lambda t: (t[0], -ranked.index(t[1])))
        if value <= best + WORTH * scale:
            break
        mean = (mean * count + some[name]) / (count + 1)
        chosen.append(name)
        best = value
    return {name: chosen.count(name) / len(chosen) for name in ranked if name in chosen}
