"""The label model: accuracies recovered from agreement alone, anchored by what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelwright.stats import label_model


def planted(
    accuracies: tuple[float, ...], coverage: float = 0.4, n: int = 4000, k: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    votes = np.full((n, len(accuracies)), label_model.ABSTAIN)
    for rule, accuracy in enumerate(accuracies):
        wrong = (truth + rng.integers(1, k, n)) % k
        said = np.where(rng.random(n) < accuracy, truth, wrong)
        spoke = rng.random(n) < coverage
        votes[spoke, rule] = said[spoke]
    return votes, truth


def test_accuracies_are_found_without_a_single_label() -> None:
    accuracies = (0.95, 0.9, 0.75, 0.6, 0.5)
    votes, truth = planted(accuracies)
    made = label_model.fit(votes, 3)
    assert made.converged
    assert made.accuracy == pytest.approx(accuracies, abs=0.05)
    told = (votes != label_model.ABSTAIN).sum(axis=1) >= 2
    counts = np.stack([(votes == c).sum(axis=1) for c in range(3)], axis=1)
    voted = np.mean(counts.argmax(axis=1)[told] == truth[told])
    assert np.mean(made.posterior(votes).argmax(axis=1)[told] == truth[told]) > voted + 0.03


def test_a_posterior_is_what_bayes_says() -> None:
    made = label_model.LabelModel(
        np.array([0.9, 0.6]), np.array([9, 9]), np.array([0.7, 0.3]), converged=True, rounds=1
    )
    both = made.posterior(
        np.array([[0, 1], [label_model.ABSTAIN, 1], [label_model.ABSTAIN, label_model.ABSTAIN]])
    )
    assert both[0, 0] == pytest.approx(0.7 * 0.9 * 0.4 / (0.7 * 0.9 * 0.4 + 0.3 * 0.1 * 0.6))
    assert both[1, 1] == pytest.approx(0.3 * 0.6 / (0.3 * 0.6 + 0.7 * 0.4))
    assert both[2] == pytest.approx([0.7, 0.3])


def test_known_labels_unmask_two_rules_that_err_together() -> None:
    votes, truth = planted((0.85, 0.4), coverage=0.8, k=2)
    votes = np.column_stack([votes, votes[:, 1]])  # the poor rule twice: it agrees with itself
    alone = label_model.fit(votes, 2)
    assert alone.accuracy[1] > 0.8
    known = np.where(np.arange(len(truth)) < 1500, truth, -1)
    anchored = label_model.fit(votes, 2, known)
    assert anchored.accuracy[0] > alone.accuracy[0] + 0.1
    assert anchored.balance == pytest.approx([0.5, 0.5], abs=0.05)


def test_a_rule_that_is_never_compared_keeps_what_was_thought_of_it() -> None:
    votes = np.array([[0, label_model.ABSTAIN], [label_model.ABSTAIN, 1]] * 10)
    made = label_model.fit(votes, 2)
    assert made.accuracy == pytest.approx([0.7, 0.7])
    assert made.votes.tolist() == [0, 0]


def test_coverage_overlaps_and_conflicts() -> None:
    nobody = label_model.ABSTAIN
    votes = np.array([[0, 0, nobody], [0, 1, nobody], [nobody, 1, nobody], [0, nobody, nobody]])
    first, second, third = label_model.facts(votes, np.array([0, 1, -1, -1]))
    assert (first.coverage, first.overlaps, first.conflicts) == (0.75, 0.5, 0.25)
    assert (first.right, first.judged, first.votes) == (1, 2, 3)
    assert (second.right, second.judged) == (2, 2)
    assert (third.votes, third.coverage, third.judged) == (0, 0.0, 0)


@given(arrays(np.int64, st.tuples(st.integers(0, 12), st.integers(1, 4)), elements=st.integers(-1, 2)))
def test_whatever_is_voted_there_are_probabilities(votes: np.ndarray) -> None:
    made = label_model.fit(votes, 3)
    assert made.converged
    assert np.all((made.accuracy > 0) & (made.accuracy < 1))
    assert made.posterior(votes).sum(axis=1) == pytest.approx(np.ones(len(votes)))


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="two classes"):
        label_model.fit(np.zeros((3, 1), dtype=np.int64), 1)
