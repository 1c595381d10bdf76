"""What is said of an ensemble with a second layer is said of rows that its weights were not learnt on."""

from __future__ import annotations

import numpy as np

from modelwright.models.tradeoff import Limits, Price, settle

CLASSES = 3


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Labels and six candidates that are too cautious, so that a second layer is worth it."""
    y = rng.integers(0, CLASSES, n)
    shared = np.eye(CLASSES)[y] * 1.2 + rng.normal(size=(n, CLASSES)) * 0.6
    found = {}
    for number in range(6):
        odds = np.exp(0.5 * shared + rng.normal(size=(n, CLASSES)) * 0.5)
        found[f"m{number}"] = odds / odds.sum(axis=1, keepdims=True)
    return y, found


def test_the_loss_of_what_ships_is_not_that_of_the_rows_its_weights_were_learnt_on() -> None:
    limits = Limits(5e7, 500.0, "size", "latency", 5)
    prices = {f"m{number}": Price(1e5, 1.0) for number in range(6)}
    said, learnt = [], []
    for seed in range(3):
        y, candidates = drawn(300, np.random.default_rng(seed))
        found = settle(candidates, y, None, "log_loss", "multiclass", prices, limits, seed)
        assert found.blend.pool == "log"
        said.append(next(p.loss for p in found.points if p.chosen))
        learnt.append(-np.log(found.blend.scores(candidates)[np.arange(len(y)), y]).mean())
    assert np.mean(said) > np.mean(learnt) + 0.002
