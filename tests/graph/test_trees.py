"""One form for trees of every origin: its rounding, its paths, and its node."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from modelwright.graph.trees import BIGGEST, TINY, Tree, Trees, just_below, reachable, round_down
from modelwright.models.families import lightgbm as lgb_family
from modelwright.models.families import xgboost as xgb_family
from modelwright.testing.families import graph_bytes, graph_predict

NORMAL = st.floats(width=32, allow_nan=False, allow_subnormal=False)


class Alone:
    """Trees as the thing that ``graph_bytes`` exports."""

    rounds, curve, stopped = 1, (), ""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.predict = trees.predict
        self.to_graph = trees.to_graph


def shown(trees: Trees, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return graph_predict(graph_bytes(Alone(trees), x.shape[1]), x)


def stump(threshold: float, nan_left: bool, values: tuple[float, float] = (1.0, 2.0)) -> Tree:
    return Tree(
        feature=np.array([0, -1, -1]),
        threshold=np.array([threshold, 0, 0], dtype=np.float32),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        nan_left=np.array([nan_left, False, False]),
        value=np.array([[0.0], [values[0]], [values[1]]]),
    )


@given(x=NORMAL, t=st.floats(allow_nan=False))
def test_rounding_down_keeps_every_comparison(x: float, t: float) -> None:
    assert (np.float64(np.float32(x)) <= t) == bool(np.float32(x) <= round_down(t))


@given(x=NORMAL, t=st.floats(width=32, allow_nan=False, allow_subnormal=False, min_value=-(2.0**120)))
def test_just_below_turns_less_into_less_or_equal(x: float, t: float) -> None:
    assert (np.float32(x) < np.float32(t)) == bool(np.float32(x) <= just_below(t))


@given(t=st.floats(allow_nan=False))
def test_no_threshold_is_subnormal(t: float) -> None:
    rounded = np.abs(round_down(t))
    assert rounded == 0 or rounded >= TINY


def test_rounding_down_at_the_ends() -> None:
    given_ = np.array([np.inf, -np.inf, 1e300, -1e300, 0.1])
    np.testing.assert_array_equal(round_down(given_)[:4], np.float32([np.inf, -np.inf, BIGGEST, -BIGGEST]))
    # The nearest float32 to 0.1 lies above it.
    assert float(np.float32(0.1)) > 0.1
    assert float(round_down(0.1)) < 0.1


@pytest.mark.parametrize("nan_left", [True, False])
@pytest.mark.parametrize("threshold", [0.0, -TINY, 1.5, np.inf, -np.inf, BIGGEST])
def test_the_graph_takes_the_same_side(threshold: float, nan_left: bool) -> None:
    x = np.float32([[0], [-0.0], [1.5], [np.nextafter(np.float32(1.5), np.float32(2))], [np.nan]])
    x = np.vstack([x, np.float32([[np.inf], [-np.inf], [BIGGEST], [-BIGGEST], [TINY], [-TINY]])])
    trees = Trees.of([stump(threshold, nan_left)], 1)
    np.testing.assert_array_equal(shown(trees, x), trees.predict(x))
    assert trees.predict(x)[4, 0] == (1.0 if nan_left else 2.0)


def test_no_trees_and_single_leaves_give_the_base() -> None:
    x = np.zeros((3, 2), dtype=np.float32)
    for outputs in (1, 3):
        base = np.arange(1.0, outputs + 1)
        trees = Trees.of([], outputs, base=base)
        np.testing.assert_allclose(trees.predict(x), np.tile(base, (3, 1)))
        np.testing.assert_allclose(shown(trees, x), np.tile(base, (3, 1)))
    np.testing.assert_array_equal(shown(Trees.of([], 2), x), np.zeros((3, 2)))


def test_the_base_reaches_outputs_that_no_leaf_mentions() -> None:
    x = np.float32([[0.0], [3.0]])
    trees = Trees.of([stump(1.0, True)], 3, base=[10.0, 20.0, 30.0])
    expected = [[11.0, 20.0, 30.0], [12.0, 20.0, 30.0]]
    np.testing.assert_allclose(trees.predict(x), expected)
    np.testing.assert_allclose(shown(trees, x), expected)


@pytest.mark.parametrize("link", ["none", "logistic", "softmax", "pair"])
def test_links(link: Any) -> None:
    x = np.float32([[0.0], [3.0]])
    outputs = 2 if link == "softmax" else 1
    trees = Trees.of([stump(1.0, True, (0.2, 0.9))], outputs, link=link)
    np.testing.assert_allclose(shown(trees, x), trees.predict(x), atol=1e-6)
    raw = np.array([0.2, 0.9])
    if link == "pair":
        np.testing.assert_allclose(trees.predict(x)[:, 1], raw, rtol=1e-6)
    if link in ("logistic", "softmax"):
        positive = 1 / (1 + np.exp(-raw)) if link == "logistic" else 1 / (1 + np.exp(raw))
        np.testing.assert_allclose(trees.predict(x)[:, 1], positive, rtol=1e-6)


def test_scale_and_offset() -> None:
    x = np.float32([[0.0], [3.0]])
    trees = Trees.of([stump(1.0, True)], 1, scale=100.0, offset=5.0)
    np.testing.assert_allclose(trees.predict(x)[:, 0], [105.0, 205.0])
    np.testing.assert_allclose(shown(trees, x)[:, 0], [105.0, 205.0])


def test_nodes_that_the_root_does_not_reach_are_left_out() -> None:
    tree = stump(1.0, True)
    wide = Tree(
        feature=np.array([0, 1, -1, -1, -1, -1]),
        threshold=np.zeros(6, dtype=np.float32),
        left=np.array([3, 4, 0, 0, 0, 0]),
        right=np.array([5, 2, 0, 0, 0, 0]),
        nan_left=np.zeros(6, dtype=bool),
        value=np.arange(6.0)[:, None],
    )
    kept = reachable(wide)
    assert len(kept.feature) == 3
    assert kept.value[:, 0].tolist() == [0.0, 3.0, 5.0]
    x = np.float32([[-1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(Trees.of([kept], 1).predict(x)[:, 0], [3.0, 5.0])
    np.testing.assert_array_equal(reachable(tree).feature, tree.feature)


def table(seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    # Few distinct values, so that thresholds fall near the data; one column with NaN, one without.
    x = np.round(rng.normal(size=(400, 3)), 1).astype(np.float32)
    x[rng.random(400) < 0.2, 1] = np.nan
    y = np.nan_to_num(x[:, 1], nan=0.7) + x[:, 0] ** 2 > 0.8
    return x, y.astype(np.int64)


def nasty(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The rows, with NaN in every column in turn, and the neighbours of each value in float32."""
    parts = [x, np.nextafter(x, np.float32(np.inf)), np.nextafter(x, np.float32(-np.inf))]
    for column in range(x.shape[1]):
        holes = x.copy()
        holes[:, column] = np.nan
        parts.append(holes)
    return np.vstack(parts)


def test_lightgbm_where_a_column_never_missed_a_value() -> None:
    x, y = table()
    parameters = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 2, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, y), 30)
    trees = Trees.of(lgb_family.from_text(booster.model_to_string(), 1), 1)
    x = nasty(x)
    np.testing.assert_allclose(trees.raw(x)[:, 0], booster.predict(x, raw_score=True), atol=1e-5)


def test_lightgbm_sets_of_categories_are_refused() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 8, 400)
    data = lightgbm.Dataset(code[:, None].astype(np.float32), code % 2, categorical_feature=[0])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "min_data_per_group": 5}, data, 2)
    with pytest.raises(ValueError, match="set of categories"):
        lgb_family.from_text(booster.model_to_string(), 1)


def test_xgboost_less_than_and_pruned_nodes() -> None:
    x, y = table()
    parameters = {"objective": "binary:logistic", "base_score": 0.5, "gamma": 0.3, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(x, y), 30)
    trees = Trees.of(xgb_family.from_json(bytes(booster.save_raw("json"))), 1)
    x = nasty(x)
    margin = booster.predict(xgboost.DMatrix(x), output_margin=True)
    np.testing.assert_allclose(trees.raw(x)[:, 0], margin, atol=1e-5)


def test_scikit_learn_splits_between_missing_and_not() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 1)).astype(np.float32)
    x[:80] = np.nan
    y = np.isnan(x[:, 0]).astype(np.int64)
    model = DecisionTreeClassifier(random_state=0).fit(x, y)
    tree = model.tree_
    inner = tree.children_left >= 0
    trees = Trees.of(
        [
            Tree(
                feature=np.where(inner, tree.feature, -1),
                threshold=round_down(np.where(inner, tree.threshold, 0.0)),
                left=np.where(inner, tree.children_left, 0),
                right=np.where(inner, tree.children_right, 0),
                nan_left=np.asarray(tree.missing_go_to_left, dtype=bool),
                value=tree.value[:, 0, 1:],
            )
        ],
        1,
        link="pair",
    )
    hard = np.float32([[np.nan], [0.0], [np.inf], [-np.inf], [BIGGEST]])
    np.testing.assert_array_equal(trees.predict(hard)[:, 1], [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(shown(trees, hard)[:, 1], [1, 0, 0, 0, 0])
