from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.models import stack
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
    made = {"left": left, "twin": left.copy(), "right": right}
    blend = select(made, Y, None, "log_loss", "binary")
    assert blend.shares["right"] == pytest.approx(0.5, abs=0.15)
    assert score("log_loss", "binary", Y, blend.scores(made)) > score("log_loss", "binary", Y, left)


def test_what_does_harm_has_no_weight() -> None:
    good, bad = chances(Y, 0.5, 1), chances(1 - Y, 0.5, 2)
    blend = select({"good": good, "bad": bad, "copy": good}, Y, None, "log_loss", "binary")
    assert "bad" not in blend.weights


def test_few_strong_ones_are_not_watered_down() -> None:
    """Random halves of the candidates often miss the one that knows: rows out of the bag show it, and bags
    then choose from all."""
    made = {f"weak{k:02d}": chances(Y, 6.0, k) for k in range(20)} | {"strong": chances(Y, 0.2, 99)}
    blend = select(made, Y, None, "log_loss", "binary")
    assert blend.shares["strong"] > 0.9
    alone = score("log_loss", "binary", Y, made["strong"])
    assert score("log_loss", "binary", Y, blend.scores(made)) >= alone - 0.01


def test_one_candidate_is_the_ensemble() -> None:
    blend = select({"only": chances(Y, 1, 1)}, Y, None, "roc_auc", "binary")
    assert (blend.weights, blend.pool) == ({"only": 1.0}, "mean")


def test_weights_of_rows_count() -> None:
    """Rows of weight zero do not speak: the candidate that is right on the others wins."""
    half = np.arange(600) < 300
    good, bad = chances(Y, 0.1, 1), chances(1 - Y, 0.1, 2)
    first = np.where(half[:, None], good, bad)
    second = np.where(half[:, None], bad, good)
    chosen = select({"first": first, "second": second}, Y, half.astype(float), "log_loss", "binary")
    assert chosen.weights == {"first": 1.0}


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_a_candidate_without_a_score_spoils_nothing(metric: str) -> None:
    """Errors of infinite predictions are no number: the others are still put together, by what each error is
    worth."""
    y = RNG.normal(size=400)
    some = {f"m{k}": (y + np.random.default_rng(k).normal(size=400))[:, None] for k in range(3)}
    blend = select(some | {"broken": np.full((400, 1), np.nan)}, y, None, metric, "regression")
    assert set(blend.weights) == set(some)
    best = max(score(metric, "regression", y, scores) for scores in some.values())
    assert score(metric, "regression", y, blend.scores(some)) > best


def test_luck_on_few_rows_is_shared_out() -> None:
    """Twelve candidates of one kind on 60 rows: what greedy selection takes for merit is luck, and on fresh
    rows the bags' ensemble is better than the one that looked best."""
    gains = []
    for seed in range(8):
        y = np.random.default_rng(seed).integers(0, 2, 1060)
        made = {f"m{k:02d}": chances(y, 3.0, 100 * seed + k) for k in range(12)}
        some = {name: scores[:60] for name, scores in made.items()}
        blend = select(some, y[:60], None, "log_loss", "binary")
        best = max(some, key=lambda name, s=some, t=y: score("log_loss", "binary", t[:60], s[name]))
        rest = {name: scores[60:] for name, scores in made.items()}
        ours = score("log_loss", "binary", y[60:], blend.scores(rest))
        gains.append(ours - score("log_loss", "binary", y[60:], rest[best]))
    assert np.mean(gains) > 0.05


def three_classes(rows: int, seed: int) -> tuple[dict[str, Scores], npt.NDArray[np.int64]]:
    """Two members that each see half of the evidence: their chances multiply, so the mean is too timid."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    made = {}
    for name in ("a", "b"):
        odds = 1.5 * np.eye(3)[y] + rng.normal(size=(rows, 3))
        powers = np.exp(1.5 * odds)
        made[name] = powers / powers.sum(axis=1, keepdims=True)
    return made, y


def test_evidence_that_adds_up_is_summed_in_logarithms() -> None:
    made, y = three_classes(6000, 1)
    rows = {name: scores[:2000] for name, scores in made.items()}
    blend = select(rows, y[:2000], None, "log_loss", "multiclass")
    assert blend.pool == "log"
    rest = {name: scores[2000:] for name, scores in made.items()}
    mean = (rest["a"] + rest["b"]) / 2
    ours = score("log_loss", "multiclass", y[2000:], blend.scores(rest))
    assert ours > score("log_loss", "multiclass", y[2000:], mean) + 0.02
    np.testing.assert_allclose(blend.scores(rest).sum(axis=1), 1.0)


def test_a_second_layer_that_gains_nothing_is_not_used() -> None:
    """Members that say the same, calibrated: nothing can be learnt from more."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.1, 0.9, 1000)
    y = (rng.uniform(size=1000) < p).astype(np.int64)
    same = np.column_stack([1 - p, p])
    assert stack.learn([same, same], [0.5, 0.5], y, np.ones(1000), 0) is None
    made, truth = three_classes(stack.FEWEST - 1, 2)
    assert stack.learn(list(made.values()), [0.5, 0.5], truth, np.ones(len(truth)), 0) is None


@settings(max_examples=25)
@given(
    st.integers(1, 15),
    st.sampled_from(["log_loss", "roc_auc", "brier"]),
    st.lists(st.floats(0.0, 8.0), min_size=15, max_size=15),
)
def test_weights_are_shares_and_do_not_depend_on_order(count: int, metric: str, noise: list[float]) -> None:
    made = {f"m{k}": chances(Y[:80], noise[k], k) for k in range(count)}
    problem: ProblemKind = "binary"
    blend = select(made, Y[:80], None, metric, problem)
    assert sum(blend.weights.values()) == pytest.approx(1.0)
    assert all(w > 0 for w in blend.weights.values())
    assert 1 <= len(blend.weights) <= MEMBERS
    assert blend == select(dict(reversed(made.items())), Y[:80], None, metric, problem)
    poorest = min(score("log_loss", problem, Y[:80], made[n]) for n in made)
    assert score("log_loss", problem, Y[:80], blend.scores(made)) >= poorest
