"""Ways of filling in missing numbers, for comparison: each learns from some rows and fills others.

Columns come standardised (:class:`Scaled`). The straight line of each column on the others follows van
Buuren, "Flexible Imputation of Missing Data", 2018, chapter 4, without its noise; neighbours by the distance
over what both rows have, after Troyanskaya and others, "Missing value estimation methods for DNA
microarrays", Bioinformatics 17, 2001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Fill = Callable[[Floats, Floats], Floats]
"""``fill(train, rows)``: ``rows`` [n, m] with every NaN filled, by what ``train`` [k, m] taught."""

FARTHEST = 5.0
"""Standard deviations; an outlier must not decide which way of filling is better."""
NEIGHBOURS = 10
ROUNDS = 3
PENALTY = 1.0
BEYOND = -6.0
"""A constant that no scaled value has."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Median and spread of training columns."""

    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, train: Floats) -> Scaled:
        """Of columns [n, m] that have a known value each."""
        centre = np.nanmedian(train, axis=0)
        low, high = np.nanquantile(train, [0.05, 0.95], axis=0)
        spread = (high - low) / 3.29  # as many standard deviations as a normal column has between them
        return cls(centre, np.where(spread > 0, spread, np.maximum(np.nanstd(train, axis=0), 1e-12)))

    def apply(self, rows: Floats) -> Floats:
        made: Floats = np.clip((rows - self.centre) / self.spread, -FARTHEST, FARTHEST)
        return made


def _with(rows: Floats, values: Floats | float) -> Floats:
    made: Floats = np.where(np.isnan(rows), values, rows)
    return made


def median(train: Floats, rows: Floats) -> Floats:
    return _with(rows, np.nanmedian(train, axis=0))


def mean(train: Floats, rows: Floats) -> Floats:
    return _with(rows, np.nanmean(train, axis=0))


def constant(train: Floats, rows: Floats) -> Floats:
    return _with(rows, BEYOND)


def neighbours(train: Floats, rows: Floats) -> Floats:
    """The mean of the nearest training rows that have the value."""
    have, known = ~np.isnan(rows), ~np.isnan(train)
    a, b = np.nan_to_num(rows), np.nan_to_num(train)
    ma, mb = have.astype(np.float64), known.astype(np.float64)
    apart = (a**2) @ mb.T + ma @ (b**2).T - 2.0 * a @ b.T
    both = ma @ mb.T
    apart = np.where(both > 0, apart / np.maximum(both, 1.0), np.inf)
    made = rows.copy()
    for j in np.flatnonzero((~have).any(axis=0)):
        holes, givers = np.flatnonzero(~have[:, j]), np.flatnonzero(known[:, j])
        near = apart[np.ix_(holes, givers)]
        k = min(NEIGHBOURS, givers.size)
        # Equal distances are broken by the order of the rows, so that the answer is always the same.
        order = np.argsort(near, axis=1, kind="stable")[:, :k]
        made[holes, j] = train[givers[order], j].mean(axis=1)
    return made


def regression(train: Floats, rows: Floats) -> Floats:
    """Each column from the others by ridge regression, in rounds; what is learned in a round is applied to
    ``rows`` in the same round."""
    gone, holes = np.isnan(train), np.isnan(rows)
    learn, made = mean(train, train), mean(train, rows)
    if train.shape[1] < 2:
        return made
    for _ in range(ROUNDS):
        for j in np.flatnonzero(gone.any(axis=0) | holes.any(axis=0)):
            others = np.arange(train.shape[1]) != j
            known = ~gone[:, j]
            weights = ridge(learn[known][:, others], learn[known, j][:, None])
            learn[gone[:, j], j] = straight(learn[gone[:, j]][:, others], weights)[:, 0]
            made[holes[:, j], j] = straight(made[holes[:, j]][:, others], weights)[:, 0]
        learn, made = np.clip(learn, -FARTHEST, FARTHEST), np.clip(made, -FARTHEST, FARTHEST)
    return made


def ridge(x: Floats, y: Floats) -> Floats:
    """Weights [m + 1, k] of the straight line through ``x`` [n, m] and ``y`` [n, k], the constant last."""
    ones = np.column_stack([x, np.ones(len(x))])
    penalty = np.full(ones.shape[1], PENALTY)
    penalty[-1] = 1e-9
    made: Floats = np.linalg.solve(ones.T @ ones + np.diag(penalty), ones.T @ y)
    return made


def straight(x: Floats, weights: Floats) -> Floats:
    made: Floats = x @ weights[:-1] + weights[-1]
    return made


FILLS: dict[str, Fill] = {
    "median": median,
    "mean": mean,
    "constant": constant,
    "k-nearest": neighbours,
    "regression": regression,
}
