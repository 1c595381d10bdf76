"""Columns made of two: what is there is found, what is not is left, and no label reaches its own row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata

from modelwright.features.crosses import Crosses, FittedCrosses
from modelwright.features.defaults import default_recipe
from modelwright.features.facts import column_facts
from modelwright.features.operation import Matrix, Target
from modelwright.features.typed import Typed
from modelwright.graph.check import compare
from modelwright.runtime.signature import NULL_TEXT, Signature
from modelwright.testing.operations import TOLERANCE, through_graph

SIGNATURE = Signature(numbers=("a", "b", "c"), strings=("g", "h"))
EVERYTHING: dict[str, Any] = {"least": -1e9, "pays": -1e9, "most": 200}
"""Options by which every candidate is kept, whatever the screen says of it."""


def target(y: npt.NDArray[np.float64], groups: npt.NDArray[np.int64] | None = None) -> Target:
    return Target(y[:, None], np.ones(len(y)), groups)


def auc(score: npt.NDArray[np.generic], y: npt.NDArray[np.float64]) -> float:
    """Area under the ROC curve, by ranks."""
    positives, negatives = int((y == 1).sum()), int((y == 0).sum())
    ranks = float(rankdata(score)[y == 1].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def rows(n: int = 1500, seed: int = 0, levels: int = 12) -> Typed:
    """Three positive numbers and two categories, all independent."""
    random = np.random.default_rng(seed)
    numbers = random.lognormal(1.0, 0.6, (n, 3))
    strings = np.char.add("v", random.integers(0, levels, (n, 2)).astype(str)).astype(object)
    return Typed(SIGNATURE, numbers, strings, np.empty((n, 0), dtype=np.int64))


def crossed(typed: Typed, y: npt.NDArray[np.float64], **options: Any) -> tuple[FittedCrosses, Matrix]:
    return Crosses(("a", "b", "c", "g", "h"), **options).fit(typed, target(y), 0)


def test_a_ratio_is_found() -> None:
    typed = rows(3000)
    typed.numbers[:] = np.sqrt(typed.numbers)
    noise = np.random.default_rng(1).normal(size=3000)
    fitted, _ = crossed(typed, typed.numbers[:, 0] / typed.numbers[:, 1] + 0.1 * noise)
    assert "a / b" in fitted.names
    assert not [name for name in fitted.names if "c" in name or "by" in name], fitted.names


def test_a_pair_of_categories_is_found_first() -> None:
    typed = rows(3000)
    random = np.random.default_rng(1)
    cells = random.normal(size=(12, 12))
    cells -= cells.mean(axis=0, keepdims=True)
    cells -= cells.mean(axis=1, keepdims=True)  # neither value says anything alone
    place = [[int(value[1:]) for value in row] for row in typed.strings.tolist()]
    y = np.array([cells[g, h] for g, h in place]) + 0.5 * random.normal(size=3000)
    fitted, matrix = crossed(typed, y, most=1)
    assert fitted.names == ("target by g and h",)
    assert np.corrcoef(matrix[:, 0], y)[0, 1] > 0.6


def test_a_number_against_its_group_is_found() -> None:
    typed = rows(3000, levels=40)
    random = np.random.default_rng(1)
    level = np.array([int(value[1:]) for value in typed.strings[:, 0]])
    typed.numbers[:, 0] = random.normal(0, 10, 40)[level] + random.normal(size=3000)
    own = typed.numbers[:, 0] - np.array([typed.numbers[level == g, 0].mean() for g in range(40)])[level]
    fitted, _ = crossed(typed, own + 0.3 * random.normal(size=3000), most=1)
    assert fitted.names == ("a less its mean by g",)


def test_noise_gives_next_to_nothing() -> None:
    random = np.random.default_rng(0)
    found = [crossed(rows(seed=s), random.normal(size=1500))[0].names for s in range(6)]
    assert sum(len(names) for names in found) <= 2, found


def test_additive_numbers_need_no_pairs() -> None:
    typed = rows(2000)
    y = np.sin(typed.numbers[:, 0]) + typed.numbers[:, 1] ** 2 / 20
    fitted, _ = crossed(typed, y + 0.3 * np.random.default_rng(0).normal(size=2000))
    assert len(fitted.names) <= 1, fitted.names


def test_few_rows_are_not_screened() -> None:
    typed = rows(150)
    fitted, matrix = crossed(typed, typed.numbers[:, 0] / typed.numbers[:, 1])
    assert fitted.names == ()
    assert matrix.shape == (150, 0)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), levels=st.sampled_from([40, 400, 1500]))
def test_random_labels_do_not_reach_their_rows(seed: int, levels: int) -> None:
    """Every pair is kept, of values that are many: a row's own label must not show in its own columns."""
    random = np.random.default_rng(seed)
    typed = rows(3000, seed, levels)
    y = random.integers(0, 2, 3000).astype(float)
    fitted, matrix = crossed(typed, y, **EVERYTHING)
    assert "target by g and h" in fitted.names
    for name, column in zip(fitted.names, matrix.T, strict=True):
        assert abs(auc(column, y) - 0.5) < 0.05, name


def test_rows_of_a_group_do_not_see_each_other() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), 8)
    y = random.integers(0, 2, 300).astype(float)[groups]
    typed = rows(2400)
    typed.strings[:, 0] = np.char.add("v", groups.astype(str))
    typed.strings[:, 1] = np.char.add("w", (groups // 2).astype(str))
    columns = ("g", "h")
    fitted, together = Crosses(columns, **EVERYTHING).fit(typed, target(y, groups), 0)
    _, apart = Crosses(columns, **EVERYTHING).fit(typed, target(y), 0)
    place = fitted.names.index("target by g and h")
    assert auc(together[:, place], y) < 0.6
    assert auc(apart[:, place], y) > 0.6


@pytest.mark.parametrize("seed", range(3))
def test_a_model_on_a_wide_recipe_learns_nothing_of_random_labels(seed: int) -> None:
    """What leaks is fitted and fails on held-out rows: with columns of a signal beside many values that say
    nothing, the model must be nearly as good as with the signal alone."""
    import lightgbm as lgb

    random = np.random.default_rng(seed)
    typed = rows(4000, seed, levels=1500)
    y = (typed.numbers[:, 0] + random.normal(size=4000) > 3.0).astype(float)
    train, test = slice(0, 2000), slice(2000, 4000)

    def held_out(signature: Signature, rows: Typed) -> float:
        part = rows.take(train)
        recipe = default_recipe("trees", signature, column_facts(part), variant="wide")
        fitted, x = recipe.fit(part, target(y[train]), seed)
        params = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": seed}
        model = lgb.train(params, lgb.Dataset(x, y[train]), num_boost_round=40)
        return auc(np.asarray(model.predict(fitted.apply(rows.take(test)))), y[test])

    alone = Signature(numbers=("a", "b", "c"))
    without = Typed(alone, typed.numbers, np.empty((4000, 0), dtype=object), typed.times)
    assert held_out(SIGNATURE, typed) > held_out(alone, without) - 0.02


NUMBER = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0]), st.floats(width=64))
TEXT = st.sampled_from([NULL_TEXT, "", "a", "b", "nan", "é"])


@st.composite
def tables(draw: st.DrawFn) -> Typed:
    n = draw(st.integers(1, 12))
    return Typed(
        SIGNATURE,
        draw(hnp.arrays(np.float64, (n, 3), elements=NUMBER)),
        draw(hnp.arrays(object, (n, 2), elements=TEXT)),
        np.empty((n, 0), dtype=np.int64),
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), tables())
def test_any_table_agrees_with_its_graph(train: Typed, other: Typed) -> None:
    many = train.take(np.arange(240) % train.rows)
    fitted, matrix = crossed(many, (np.arange(240) % 2).astype(np.float64), **EVERYTHING)
    assert matrix.shape == (240, len(fitted.names))
    assert not np.isinf(matrix).any()
    assert json.dumps(fitted.to_json(), allow_nan=False)
    if fitted.names:
        for some in (train, other):
            agreement = compare("crosses", through_graph(fitted, some), fitted.apply(some))
            assert agreement.within(TOLERANCE), agreement
