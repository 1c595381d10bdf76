from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.models.ensemble import MEMBERS, select
from modelwright.models.family import ProblemKind
from modelwright.models.score import score

Scores = npt.NDArray[np.float64]
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 600)


def chances(truth: npt.NDArray[np.int64], noise: float, seed: int) -> Scores:
    """Probabilities of two classes that know the truth through some noise."""
    odds = 2.0 * (2 * truth - 1) + noise * np.random.default_rng(seed).normal(size=len(truth))
    p = 1 / (1 + np.exp(-odds))
    return np.column_stack([1 - p, p])


def test_the_complement_is_picked_over_the_twin() -> None:
    """Two that are each right where the other is blind beat either; a copy of the best adds nothing."""
    half = np.arange(600) < 300
    blind = np.full((600, 2), 0.5)
    left = np.where(half[:, None], chances(Y, 0.1, 1), blind)
    right = np.where(half[:, None], blind, chances(Y, 0.1, 2))
    weights = select({"left": left, "twin": left.copy(), "right": right}, Y, None, "log_loss", "binary")
    assert "right" in weights
    assert weights["right"] == pytest.approx(0.5, abs=0.1)
    assert {"left", "twin"} & set(weights)
    alone = score("log_loss", "binary", Y, left)
    mean = sum(w * {"left": left, "twin": left, "right": right}[n] for n, w in weights.items())
    assert isinstance(mean, np.ndarray)
    assert score("log_loss", "binary", Y, mean) > alone


def test_what_adds_nothing_has_no_weight() -> None:
    good, bad = chances(Y, 0.5, 1), chances(1 - Y, 0.5, 2)
    assert select({"good": good, "bad": bad, "copy": good}, Y, None, "log_loss", "binary") in (
        {"good": 1.0},
        {"copy": 1.0},
    )


def test_one_candidate_is_the_ensemble() -> None:
    assert select({"only": chances(Y, 1, 1)}, Y, None, "roc_auc", "binary") == {"only": 1.0}


def test_weights_of_rows_count() -> None:
    """Rows of weight zero do not speak: the candidate that is right on the others wins."""
    half = np.arange(600) < 300
    good, bad = chances(Y, 0.1, 1), chances(1 - Y, 0.1, 2)
    first = np.where(half[:, None], good, bad)
    second = np.where(half[:, None], bad, good)
    chosen = select({"first": first, "second": second}, Y, half.astype(float), "log_loss", "binary")
    assert chosen == {"first": 1.0}


def test_a_candidate_without_a_score_spoils_nothing() -> None:
    """Root mean squared error of infinite predictions is no number: the others are still put together."""
    y = RNG.normal(size=400)
    some = {f"m{k}": (y + np.random.default_rng(k).normal(size=400))[:, None] for k in range(3)}
    weights = select(some | {"broken": np.full((400, 1), np.nan)}, y, None, "rmse", "regression")
    assert "broken" not in weights
    assert len(weights) == 3


@settings(max_examples=25)
@given(
    st.integers(1, 15),
    st.sampled_from(["log_loss", "roc_auc", "brier"]),
    st.lists(st.floats(0.0, 8.0), min_size=15, max_size=15),
)
def test_weights_are_shares_and_never_worse_than_the_best_alone(
    count: int, metric: str, noise: list[float]
) -> None:
    made = {f"m{k}": chances(Y[:80], noise[k], k) for k in range(count)}
    problem: ProblemKind = "binary"
    weights = select(made, Y[:80], None, metric, problem)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert all(w > 0 for w in weights.values())
    assert 1 <= len(weights) <= MEMBERS
    mean = np.sum([w * made[n] for n, w in weights.items()], axis=0)
    best = max(score(metric, problem, Y[:80], made[n]) for n in made)
    assert score(metric, problem, Y[:80], mean) >= best - 1e-9
    assert weights == select(dict(reversed(made.items())), Y[:80], None, metric, problem)
