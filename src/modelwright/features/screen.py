"""Which new columns would say at once what trees on the plain ones say slowly or not at all.

A boosted model of a few rounds is fitted to a sample of the training rows and predicts each of them from a
fit that has not seen it. What it leaves unexplained is what a candidate column must explain: the candidate is
cut into bins, the mean of the leftover in each bin is taken from one half of the rows and tried on the other,
and the gain is how much smaller the squared leftover becomes. It is counted in its own standard errors, so
that a column that says nothing is near or below 0 whatever its form (after Zhang et al., "OpenFE", ICML 2023,
who fit a boosted model for each candidate where bins serve here).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.features.numbers import Floats, to_float32
from modelwright.features.operation import Target
from modelwright.features.targets import inner_folds
from modelwright.features.typed import Typed

ROWS = 10_000
"""Rows of the sample."""
FOLDS = 3
ROUNDS = 5
"""Of the small model. It is to find what is easy and no more: after 20 rounds the trees have drawn most of a
ratio as a stair, and the screen no longer sees what the ratio would have saved them."""
BINS = 32
SHRINK = 10.0
"""Rows that a mean of zero counts for in each bin."""

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """Sampled ``rows`` (positions in the training rows), what is unexplained of them, float64 [n, k], and the
    ``half`` that each is in (bool [n])."""

    rows: Codes
    left: Floats
    half: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, typed: Typed, target: Target, seed: int) -> Screen:
        """Fit the small model on at most ``ROWS`` rows, in folds that keep groups together."""
        rows = np.arange(typed.rows)
        if typed.rows > ROWS:
            rows = np.sort(np.random.default_rng(seed).permutation(typed.rows)[:ROWS])
        groups = None if target.groups is None else target.groups[rows]
        sampled = Target(target.values[rows], target.weights[rows], groups)
        fold = inner_folds(rows.size, groups, FOLDS, seed)
        left = _left(typed.take(rows), sampled, fold, seed)
        return cls(rows, left, inner_folds(rows.size, groups, 2, seed + 1) == 0)

    def gain(self, codes: Codes) -> float:
        """Standard errors by which the mean squared leftover falls when each code gets its mean."""
        size = int(codes.max(initial=0)) + 1
        better = np.zeros(codes.size)
        for mine in (self.half, ~self.half):
            mass = np.bincount(codes[~mine], minlength=size) + SHRINK
            for c in range(self.left.shape[1]):
                sums = np.bincount(codes[~mine], weights=self.left[~mine, c], minlength=size)
                mean = (sums / mass)[codes[mine]]
                better[mine] += mean * (2.0 * self.left[mine, c] - mean)
        spread = float(better.std())
        return float(better.mean()) / spread * float(np.sqrt(codes.size)) if spread > 0.0 else 0.0

    def gain_of_number(self, values: Floats) -> float:
        """The same for a column of numbers, in bins of equal counts; missing values have their own."""
        return self.gain(bins(values))


def narrow(values: Floats) -> Floats:
    """As the matrix will have them: rounded to float32 and finite."""
    rounded: Floats = to_float32(values).astype(np.float64)
    return rounded


def bins(values: Floats, most: int = BINS) -> Codes:
    """int64 [n]: the bin of each value, 0 where missing."""
    known = values[~np.isnan(values)]
    if not known.size:
        return np.zeros(values.size, dtype=np.int64)
    edges = np.unique(np.quantile(known, np.arange(1, most) / most, method="lower"))
    codes: Codes = np.searchsorted(edges, values, side="right").astype(np.int64) + 1
    codes[np.isnan(values)] = 0
    return codes


def _left(typed: Typed, target: Target, fold: Codes, seed: int) -> Floats:
    """Target less the prediction of a model that has not seen the row; float64 [n, k], in units of the
    target's spread."""
    import lightgbm as lgb

    from modelwright.features.defaults import default_recipe
    from modelwright.features.facts import column_facts
    from modelwright.features.recipe import Recipe

    # Words cost more than all else, and take no part in pairs.
    plain = default_recipe("trees", typed.signature, column_facts(typed), target.values.shape[1], "simple")
    recipe = Recipe("trees", tuple(step for step in plain.steps if step.kind != "words"))
    _, x = recipe.fit(typed, target, seed)
    wide = target.values.shape[1]
    # Numbers that are no classes go by squared error; so do classes, whose leftovers that makes comparable.
    centre = target.values.mean(axis=0)
    spread = float(np.sqrt(((target.values - centre) ** 2).sum(axis=1).mean())) or 1.0
    wanted: Floats = (target.values - centre) / spread
    left: Floats = wanted.copy()
    params = {
        "objective": "l2",
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_data_in_leaf": max(2, min(20, typed.rows // 50)),
        "feature_fraction": 0.9,
        "max_bin": 63,
        "seed": seed % 2**31,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    for k in range(FOLDS):
        mine = fold == k
        if mine.all() or not mine.any():
            continue
        for c in range(wide):
            data = lgb.Dataset(x[~mine], label=wanted[~mine, c], params=params)
            model = lgb.train(params, data, num_boost_round=ROUNDS)
            left[mine, c] -= np.asarray(model.predict(x[mine], num_threads=1))

    return left
