"""A second layer that stays small: one weight a member for its log-probabilities (logistic stacking).

Wolpert (1992) and Ting and Witten (1999) fit a model on out-of-fold scores. Here it is multinomial logistic
regression with one weight a member for all classes and none negative, drawn towards the weights of the mean:
so it can sharpen and let the sure overrule, and cannot fit noise class by class. It goes into the graph as
one matrix product, and is used only where its gain on rows that it was not fitted on is proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from modelwright.graph.pooling import logs, pooled

Floats = npt.NDArray[np.float64]

RIDGE = 10.0
"""How strongly weights are drawn to those of the mean, in rows."""
PARTS = 5
PROVEN = 1.64
"""Standard errors by which the cross-fitted gain must exceed zero."""
FEWEST = 200
"""Rows below which it is not tried."""
MOST = 20_000
"""Rows that it is fitted on, evenly chosen: it has a few parameters."""
LEAST = 1e-3
HIGHEST = 3.0


def learn(
    parts: Sequence[Floats], weights: Sequence[float], y: npt.NDArray[Any], rows: Floats, seed: int
) -> list[float] | None:
    """Weights of log-probabilities, or ``None`` where the mean with ``weights`` is not shown to be worse.

    ``parts``: held-out probabilities float64 [n, k] of each member; ``y`` int64 [n]; ``rows``: row weights.
    """
    step = max(1, len(y) // MOST)
    parts, y, rows = [part[::step] for part in parts], y[::step], rows[::step]
    n = len(y)
    if n < FEWEST:
        return None
    start = np.asarray(weights, dtype=np.float64)
    start = start / start.sum()
    spoken = np.stack([logs(part) for part in parts])
    mean = pooled(parts, list(start))
    at = np.arange(n)
    before = -np.log(np.clip(mean[at, y], 1e-15, 1.0))
    part = np.random.default_rng(seed).permutation(n) % PARTS
    gain = np.empty(n)
    for number in range(PARTS):
        held = part == number
        found = _fit(spoken[:, ~held], y[~held], rows[~held], start)
        gain[held] = before[held] - _losses(spoken[:, held], y[held], found)
    center = float(np.average(gain, weights=rows))
    error = float(np.sqrt(np.sum((rows * (gain - center)) ** 2)) / rows.sum())
    if not center > PROVEN * error:
        return None
    return [float(w) for w in _fit(spoken, y, rows, start)]


def _losses(spoken: Floats, y: npt.NDArray[Any], weights: Floats) -> Floats:
    summed = np.tensordot(weights, spoken, 1)
    top = summed.max(axis=1)
    found: Floats = top + np.log(np.exp(summed - top[:, None]).sum(axis=1)) - summed[np.arange(len(y)), y]
    return found


def _fit(spoken: Floats, y: npt.NDArray[Any], rows: Floats, start: Floats) -> Floats:
    at = np.arange(len(y))
    share = rows / rows.sum()
    truth = spoken[:, at, y]
    pull = RIDGE / len(y)

    def cost(w: Floats) -> tuple[float, Floats]:
        summed = np.tensordot(w, spoken, 1)
        top = summed.max(axis=1, keepdims=True)
        powers = np.exp(summed - top)
        total = powers.sum(axis=1, keepdims=True)
        loss = (top + np.log(total))[:, 0] - summed[at, y]
        expected = np.einsum("mnk,nk->mn", spoken, powers / total)
        away = w - start
        slope = (expected - truth) @ share + 2 * pull * away
        return float(loss @ share + pull * (away @ away)), slope

    found = optimize.minimize(
        cost, start, jac=True, method="L-BFGS-B", bounds=[(0.0, HIGHEST)] * len(start),
        options={"maxiter": 100},
    )  # fmt: skip
    result: Floats = np.asarray(found.x, dtype=np.float64)
    return result
