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
from modelwright.features.operation import Matrix, Target
from modelwright.features.targets import inner_folds
from modelwright.features.typed import Typed

ROWS = 10_000
"""Rows of the sample."""
FOLDS = 3
ROUNDS = 5
"""Of the small model. It is to find what is easy and no more: after 20 rounds the trees have drawn most of a
ratio as a stair, and the screen no longer sees what the ratio would have saved them."""
MORE_ROUNDS = 60
"""Of the model that says whether what was found pays together."""
OUTPUTS = 4
"""Most columns of the target that are looked at. Of more classes, as many random mixtures: each tells some
classes from the others, and the cost does not grow with the classes."""
BINS = 32
SHRINK = 10.0
"""Rows that a mean of zero counts for in each bin."""

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """Sampled ``rows`` (positions in the training rows), their plain matrix ``x``, what is ``wanted`` of
    them, float64 [n, k] in units of its spread, what a small model leaves of that, and the ``fold`` and the
    ``half`` of each."""

    rows: Codes
    x: Matrix
    wanted: Floats
    left: Floats
    fold: Codes
    half: npt.NDArray[np.bool_]
    seed: int

    @classmethod
    def of(cls, typed: Typed, target: Target, seed: int) -> Screen:
        """Fit the small model on at most ``ROWS`` rows, in folds that keep groups together."""
        rows = np.arange(typed.rows)
        if typed.rows > ROWS:
            rows = np.sort(np.random.default_rng(seed).permutation(typed.rows)[:ROWS])
        groups = None if target.groups is None else target.groups[rows]
        sampled = Target(target.values[rows], target.weights[rows], groups)
        x, wanted = _plain(typed.take(rows), sampled, seed)
        fold = inner_folds(rows.size, groups, FOLDS, seed)
        left = _left(x, wanted, fold, ROUNDS, seed)
        return cls(rows, x, wanted, left, fold, inner_folds(rows.size, groups, 2, seed + 1) == 0, seed)

    def pays(self, extra: Matrix) -> float:
        """Standard errors by which the mean squared leftover of a larger model falls, each row predicted by a
        fit that has not seen it, when it also sees these columns of the sampled rows."""
        without = _left(self.x, self.wanted, self.fold, MORE_ROUNDS, self.seed)
        beside = np.concatenate([self.x, extra], axis=1)
        better = (without**2 - _left(beside, self.wanted, self.fold, MORE_ROUNDS, self.seed) ** 2).sum(axis=1)
        spread = float(better.std())
        return float(better.mean()) / spread * float(np.sqrt(better.size)) if spread > 0.0 else 0.0

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
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return np.zeros(values.size, dtype=np.int64)
    edges = np.unique(known[np.arange(1, most) * (known.size - 1) // most])
    codes: Codes = np.searchsorted(edges, values, side="right").astype(np.int64) + 1
    codes[np.isnan(values)] = 0
    return codes


def _plain(typed: Typed, target: Target, seed: int) -> tuple[Matrix, Floats]:
    """The matrix of the plain columns, and the target in units of its spread: float64 [n, k]."""
    from modelwright.features.defaults import default_recipe
    from modelwright.features.facts import column_facts
    from modelwright.features.recipe import Recipe

    # Words cost more than all else, and take no part in pairs.
    plain = default_recipe("trees", typed.signature, column_facts(typed), target.values.shape[1], "simple")
    recipe = Recipe("trees", tuple(step for step in plain.steps if step.kind != "words"))
    _, x = recipe.fit(typed, target, seed)
    # Numbers that are no classes go by squared error; so do classes, whose leftovers that makes comparable.
    values = target.values - target.values.mean(axis=0)
    if values.shape[1] > OUTPUTS:
        values = values @ np.random.default_rng(seed).normal(size=(values.shape[1], OUTPUTS))
    spread = float(np.sqrt((values**2).sum(axis=1).mean())) or 1.0
    wanted: Floats = values / spread
    return x, wanted


def _left(x: Matrix, wanted: Floats, fold: Codes, rounds: int, seed: int) -> Floats:
    """What is wanted less the prediction of a model that has not seen the row; float64 [n, k]."""
    import lightgbm as lgb

    left: Floats = wanted.copy()
    params = {
        "objective": "l2",
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_data_in_leaf": max(2, min(20, x.shape[0] // 50)),
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
        for c in range(wanted.shape[1]):
            data = lgb.Dataset(x[~mine], label=wanted[~mine, c], params=params)
            model = lgb.train(params, data, num_boost_round=rounds)
            left[mine, c] -= np.asarray(model.predict(x[mine], num_threads=1))
    return left
