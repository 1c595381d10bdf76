"""Target statistics must not carry a row's own label into its own features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from modelwright.features.operation import Target
from modelwright.features.targets import TargetMean, inner_folds
from modelwright.features.typed import Typed
from modelwright.runtime.signature import Signature


def table(values: list[str]) -> Typed:
    n = len(values)
    column = np.array(values, dtype=object)[:, None]
    return Typed(Signature(strings=("c",)), np.empty((n, 0)), column, np.empty((n, 0), dtype=np.int64))


def target(y: npt.NDArray[np.float64], groups: npt.NDArray[np.int64] | None = None) -> Target:
    return Target(y.reshape(len(y), -1), np.ones(len(y)), groups)


def auc(score: npt.NDArray[np.generic], y: npt.NDArray[np.float64]) -> float:
    order = np.argsort(score, kind="stable")
    _, inverse = np.unique(score[order], return_inverse=True)
    ranks = np.bincount(inverse, weights=np.arange(1, len(y) + 1)) / np.bincount(inverse)
    positives = y[order] == 1
    p, n = positives.sum(), (~positives).sum()
    return float((ranks[inverse][positives].sum() - p * (p + 1) / 2) / (p * n))


@pytest.mark.parametrize("seed", range(3))
def test_unique_values_carry_nothing(seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 2, 4000).astype(float)
    _, matrix = TargetMean(("c",)).fit(table([f"v{i}" for i in range(4000)]), target(y), seed)
    assert np.unique(matrix).size == 1  # one number for all rows: not even the folds can be told apart
    fitted, _ = TargetMean(("c",)).fit(table([f"v{i}" for i in range(4000)]), target(y), seed)
    leaky = fitted.apply(table([f"v{i}" for i in range(4000)]))[:, 0]
    assert auc(leaky, y) == 1.0  # what would be learned from without the folds


@pytest.mark.parametrize("each", [2, 5, 20])
def test_random_labels_carry_nothing(each: int) -> None:
    random = np.random.default_rng(each)
    n = 20_000
    y = random.integers(0, 2, n).astype(float)
    names = [f"v{i}" for i in random.integers(0, n // each, n)]
    _, matrix = TargetMean(("c",)).fit(table(names), target(y), 1)
    assert abs(auc(matrix[:, 0], y) - 0.5) < 0.02


def test_rows_of_a_group_do_not_see_each_other() -> None:
    # Each group has one value and one label: with groups apart, no row can read its label from the value.
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(500), 8)
    y = random.integers(0, 2, 500).astype(float)[groups]
    names = [f"v{g}" for g in groups]
    _, together = TargetMean(("c",)).fit(table(names), target(y, groups), 0)
    _, apart = TargetMean(("c",)).fit(table(names), target(y), 0)
    assert np.unique(together).size == 1
    assert auc(apart[:, 0], y) > 0.9


def test_a_real_signal_is_learned() -> None:
    random = np.random.default_rng(0)
    rate = random.uniform(0, 1, 40)
    value = random.integers(0, 40, 4000)
    y = (random.random(4000) < rate[value]).astype(float)
    fitted, matrix = TargetMean(("c",)).fit(table([f"v{v}" for v in value]), target(y), 0)
    assert auc(matrix[:, 0], y) > 0.75
    unseen = fitted.apply(table(["never seen"]))[0, 0]
    assert unseen == pytest.approx(y.mean(), abs=1e-6)


def test_several_classes_have_a_column_each_up_to_the_limit() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 15, 600)
    fitted, matrix = TargetMean(("c",), most=4).fit(
        table([f"v{v}" for v in random.integers(0, 20, 600)]), target(np.eye(15)[labels]), 0
    )
    assert matrix.shape == (600, 4)
    common = sorted(np.argsort(-np.bincount(labels), kind="stable")[:4])
    assert fitted.names == tuple(f"class {c} by c" for c in common)


def test_inner_folds_keep_groups_together_and_are_even() -> None:
    groups = np.random.default_rng(0).integers(0, 50, 1000)
    fold = inner_folds(1000, groups, 5, 0)
    for g in range(50):
        assert np.unique(fold[groups == g]).size == 1
    assert np.bincount(inner_folds(1000, None, 5, 0)).tolist() == [200] * 5
