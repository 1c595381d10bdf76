"""Which rows to label next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.models import query

CHANCES = np.array(
    [[0.9, 0.05, 0.05], [0.5, 0.45, 0.05], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3], [1.0, 0, 0]]
)


@pytest.mark.parametrize(
    ("how", "order"),
    [("confidence", [3, 2, 1, 0, 4]), ("margin", [3, 1, 2, 0, 4]), ("entropy", [3, 2, 1, 0, 4])],
)
def test_each_way_has_its_own_idea_of_unsure(how: query.Uncertainty, order: list[int]) -> None:
    unsure = query.uncertainty(CHANCES, how)
    assert np.argsort(-unsure, kind="stable").tolist() == order
    assert unsure[3] == pytest.approx(1.0)
    assert unsure[4] == pytest.approx(0.0)
    assert query.choose(2, np.arange(5), how=how, probabilities=CHANCES).tolist() == order[:2]


def test_farthest_first_goes_where_nothing_is_labelled() -> None:
    points = np.array([[0.0], [0.1], [5.0], [5.1], [9.0], [2.0]])
    assert query.farthest_first(points, 3, np.array([1, 2, 3, 4, 5]), np.array([0])).tolist() == [4, 2, 5]
    # Without labels the first is the nearest to the mean.
    assert query.farthest_first(points, 2, np.arange(6), np.empty(0, dtype=np.int64)).tolist() == [2, 0]


def test_mixed_does_not_ask_the_same_thing_many_times() -> None:
    """Forty copies of the most unsure row, and ten that are nearly as unsure and all different."""
    rng = np.random.default_rng(0)
    points = np.concatenate([np.zeros((40, 2)), 10 * rng.normal(size=(10, 2))])
    top = np.concatenate([np.full(40, 0.5), np.full(10, 0.52)])
    chances = np.column_stack([top, 1 - top])
    asked = query.choose(10, np.arange(50), how="mixed", probabilities=chances, points=points)
    assert len(set(asked.tolist())) == 10
    assert np.sum(asked < 40) <= 2
    plain = query.choose(10, np.arange(50), how="margin", probabilities=chances)
    assert np.all(plain < 40)


@settings(max_examples=30)  # each may fit a clustering
@given(st.sampled_from(query.HOWS), st.integers(0, 30), st.integers(1, 25), st.integers(0, 99))
def test_laws(how: query.How, count: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    chances, points = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, (40, 2)).astype(float)
    order = rng.permutation(40)
    rest, known = order[:rows], order[rows:]
    ways = {"probabilities": chances, "points": points, "labelled": known, "seed": seed}
    asked = query.choose(count, rest, how=how, **ways)
    assert len(asked) == min(count, rows)
    assert set(asked.tolist()) <= set(rest.tolist())
    assert len(set(asked.tolist())) == len(asked)
    assert np.array_equal(asked, query.choose(count, rest, how=how, **ways))


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match="needs points"):
        query.choose(1, np.arange(3), how="diversity")
    with pytest.raises(ValueError, match="needs the probabilities"):
        query.choose(1, np.arange(3), how="margin")
    with pytest.raises(ValueError, match="must be one of"):
        query.choose(1, np.arange(3), how="best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two classes"):
        query.uncertainty(np.ones((3, 1)))
