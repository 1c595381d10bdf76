"""Confident learning: cleanlab's own numbers, planted errors, laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from modelwright.evidence.label_errors.confident import NOWHERE, confident, suspicion


def planted(
    n: int = 3000, k: int = 4, rate: float = 0.15, *, one_way: bool = True, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, calibrated probabilities of an unsure model, and which labels are wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), truth] += 1.8
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    slipped = rng.random(n) < rate
    elsewhere = (truth + 1) % k if one_way else (truth + rng.integers(1, k, n)) % k
    return np.where(slipped, elsewhere, truth), chances, slipped


def test_the_confident_joint_is_cleanlabs() -> None:
    """cleanlab 2.9.0: compute_confident_joint(labels, chances, calibrate=False), and calibrated."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, 60)
    raw = rng.random((60, 3)) + 0.3 * np.eye(3)[labels]
    found = confident(labels, raw / raw.sum(axis=1, keepdims=True))
    assert found.counts.tolist() == [[6, 0, 2], [1, 11, 0], [5, 2, 8]]
    # cleanlab rounds to whole rows.
    assert np.abs(found.joint * 60 - [[12, 0, 4], [2, 19, 0], [8, 3, 12]]).max() < 1


def test_labels_that_slipped_are_found_and_what_they_should_be() -> None:
    labels, chances, slipped = planted()
    found = confident(labels, chances)
    score, instead = suspicion(labels, chances, found)
    plain = average_precision_score(slipped, 1 - chances[np.arange(len(labels)), labels])
    assert average_precision_score(slipped, score) > plain + 0.05
    worst = np.argsort(-score)[:200]
    truth = np.where(slipped, (labels - 1) % 4, labels)
    assert np.mean(instead[worst] == truth[worst]) > 0.85
    assert found.one_way <= slipped.sum() <= found.contradicted


def test_labels_replaced_by_lot_cost_little_against_the_plain_rule() -> None:
    labels, chances, slipped = planted(one_way=False)
    score, _ = suspicion(labels, chances, confident(labels, chances))
    plain = average_precision_score(slipped, 1 - chances[np.arange(len(labels)), labels])
    assert average_precision_score(slipped, score) > plain - 0.03


def test_what_a_model_confuses_both_ways_is_no_flow() -> None:
    labels, chances, _ = planted(rate=0.0)
    found = confident(labels, chances)
    assert found.one_way < 0.03 * len(labels)
    assert found.one_way < found.contradicted


@given(st.integers(2, 5), st.integers(1, 40), st.integers(0, 10**6))
def test_laws(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, chances = rng.integers(0, k, n), rng.dirichlet(np.full(k, 0.3), n)
    found = confident(labels, chances)
    score, instead = suspicion(labels, chances, found)
    assert found.counts.sum() == np.sum(found.seems != NOWHERE)
    assert found.joint.sum() == pytest.approx(1.0)
    assert np.allclose(found.joint.sum(axis=1), np.bincount(labels, minlength=k) / n)
    assert np.all((score >= 0) & (score <= 1))
    assert np.all(instead != labels)
    # The names of the classes mean nothing.
    order = rng.permutation(k)
    again = confident(np.argsort(order)[labels], chances[:, order])
    assert (again.one_way, again.contradicted) == (found.one_way, found.contradicted)


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        confident(np.array([0]), np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match="one label"):
        confident(np.array([0, 1]), np.array([[0.5, 0.5]]))
