"""Consensus against the paper's own example, planted truths and real crowds."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.stats import annotators, consensus
from modelwright.stats.ratings import Ratings

# Dawid & Skene (1979), table 1: 45 patients, observer 1 asked three times, observers 2 to 5 once.
PATIENTS = (
    "111 1 1 1 1", "333 4 3 3 4", "112 2 1 2 2", "222 3 1 2 1", "222 3 2 2 2", "222 3 3 2 2", "122 2 1 1 1",
    "333 3 4 3 3", "222 2 2 2 3", "232 2 2 2 3", "444 4 4 4 4", "222 3 3 4 3", "111 1 1 1 1", "222 3 2 1 2",
    "121 1 1 1 1", "111 2 1 1 1", "111 1 1 1 1", "111 1 1 1 1", "222 2 2 2 1", "222 1 3 2 2", "222 2 2 2 2",
    "222 2 2 2 1", "222 3 2 2 2", "221 2 2 2 2", "111 1 1 1 1", "111 1 1 1 1", "232 2 2 2 2", "111 1 1 1 1",
    "111 1 1 1 1", "112 1 1 2 1", "111 1 1 1 1", "333 3 2 3 3", "111 1 1 1 1", "222 2 2 2 2", "222 3 2 3 2",
    "433 4 3 4 3", "221 2 2 3 2", "232 3 2 3 3", "333 3 4 3 2", "111 1 1 1 1", "111 1 1 1 1", "121 2 1 1 1",
    "232 2 2 2 2", "121 1 1 1 1", "222 2 2 2 2",
)  # fmt: skip


def patients() -> Ratings:
    return Ratings.of(
        (f"{patient:02}", f"{observer}", answer)
        for patient, line in enumerate(PATIENTS, 1)
        for observer, answers in enumerate(line.split(), 1)
        for answer in answers
    )


def crowd(folder: Path, name: str) -> tuple[Ratings, np.ndarray]:
    with (folder / f"{name}_answer.csv").open() as file:
        ratings = Ratings.of((r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file))
    with (folder / f"{name}_truth.csv").open() as file:
        truth = {r["question"]: r["truth"] for r in csv.DictReader(file)}
    return ratings, np.array([ratings.classes.index(truth[item]) for item in ratings.items])


def test_the_papers_example_gives_the_papers_estimates() -> None:
    found = consensus.dawid_skene(patients(), smoothing=0.0)
    assert found.converged
    # Table 2 of the paper: the marginals, and observer 1's error rates.
    assert found.prior == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    assert found.confusion[0][0] == pytest.approx([0.89, 0.11, 0.00, 0.00], abs=0.005)
    assert found.confusion[0][1] == pytest.approx([0.07, 0.88, 0.05, 0.00], abs=0.005)
    # Table 4: patient 3 is a 2 by the model, and a tie of 1 and 2 by the votes.
    assert found.label[2] == 1
    assert found.posterior.sum(axis=1) == pytest.approx(np.ones(45))


def test_each_round_of_em_makes_the_answers_more_likely() -> None:
    likely = [
        consensus.dawid_skene(patients(), smoothing=0.0, most_rounds=r, tolerance=0.0).log_likelihood
        for r in range(1, 12)
    ]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(likely))
    assert likely[-1] > likely[0] + 1.0


def test_a_search_that_was_cut_short_says_so() -> None:
    assert not consensus.dawid_skene(patients(), most_rounds=2).converged


def test_one_expert_outvotes_three_who_guess() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    said = {"expert": np.where(rng.random(400) < 0.97, truth, 1 - truth)}
    for guesser in ("a", "b", "c"):
        said[guesser] = np.where(rng.random(400) < 0.6, truth, 1 - truth)
    ratings = Ratings.of((f"{i:03}", who, str(s[i])) for who, s in said.items() for i in range(400))
    voted = float(np.mean(consensus.majority(ratings).label == truth))
    settled = consensus.dawid_skene(ratings)
    assert float(np.mean(settled.label == truth)) > voted + 0.1
    who = ratings.annotators.index("expert")
    assert np.trace(settled.confusion[who]) > 1.85


def test_a_tie_goes_to_the_class_that_is_more_common() -> None:
    ratings = Ratings.of(
        [("1", "a", "x"), ("1", "b", "y"), ("2", "a", "y"), ("2", "b", "y"), ("3", "a", "x")]
    )
    found = consensus.majority(ratings)
    assert [ratings.classes[c] for c in found.label] == ["y", "y", "x"]
    assert found.certainty == pytest.approx([0.5, 1.0, 1.0])


def test_an_item_without_answers_has_no_label_and_the_prior() -> None:
    ratings = Ratings.of([("1", "a", "x"), ("1", "b", "y"), ("3", "a", "x")], items=["1", "2", "3"])
    for found in (consensus.majority(ratings), consensus.dawid_skene(ratings)):
        assert found.label[1] == consensus.NOBODY
        assert found.posterior[1] == pytest.approx(found.prior)


@given(
    st.lists(st.tuples(st.sampled_from("123456"), st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1)
)
def test_whatever_was_answered_there_are_probabilities(answers: list[tuple[str, str, str]]) -> None:
    ratings = Ratings.of(answers)
    for found in (consensus.dawid_skene(ratings), consensus.dawid_skene(ratings, smoothing=0.0)):
        assert np.all(np.isfinite(found.posterior))
        assert found.posterior.sum(axis=1) == pytest.approx(np.ones(len(ratings.items)))
        assert found.confusion.sum(axis=2) == pytest.approx(
            np.ones((len(ratings.annotators), len(ratings.classes)))
        )


def test_no_answers_at_all() -> None:
    empty = Ratings.of([], classes=["x", "y"], items=["1"])
    assert consensus.majority(empty).label.tolist() == [consensus.NOBODY]
    assert consensus.dawid_skene(empty).label.tolist() == [consensus.NOBODY]


# What crowd-kit 1.4.1's DawidSkene gives on the same answers: benchmarks/labels/results/consensus.json.
@pytest.mark.parametrize(("name", "crowd_kit"), [("dog", 0.842626), ("duck", 0.888888)])
def test_of_real_crowds_the_model_knows_more_than_the_vote(shared_data, name: str, crowd_kit: float) -> None:
    ratings, truth = crowd(shared_data / "crowd_labels" / "dog_duck_workers", name)
    voted = float(np.mean(consensus.majority(ratings).label == truth))
    found = consensus.dawid_skene(ratings)
    settled = float(np.mean(found.label == truth))
    assert found.converged
    assert settled > voted + 0.02
    assert settled >= crowd_kit


def test_confusion_of_an_annotator_beside_the_truth() -> None:
    ratings = Ratings.of(
        [("1", "a", "x"), ("2", "a", "y"), ("3", "a", "y"), ("1", "b", "y"), ("2", "b", "y")]
    )
    first, second = annotators.confusions(ratings, np.array([0, 0, 1]))
    assert first.confusion.tolist() == [[1, 1], [0, 1]]
    assert (first.answers, first.judged, first.right) == (3, 3, 2)
    assert first.accuracy == pytest.approx(2 / 3)
    assert first.low < 2 / 3 < first.high
    assert second.right == 0
    unknown = annotators.confusions(ratings, np.array([-1, -1, -1]))
    assert np.isnan(unknown[0].accuracy)


def test_the_truth_of_the_others_is_silent_where_they_are_undecided() -> None:
    ratings = Ratings.of(
        [("1", "a", "x"), ("1", "b", "y"), ("1", "c", "y"), ("2", "b", "x"), ("2", "c", "y"), ("3", "a", "x")]
    )
    assert annotators.left_out_truth(ratings, 0).tolist() == [1, -1, -1]


def test_ratings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValueError, match="'z' is not among"):
        Ratings.of([("1", "a", "z")], classes=["x"])
    with pytest.raises(ValueError, match="positions in classes"):
        Ratings(np.array([0]), np.array([0]), np.array([2]), ("1",), ("a",), ("x", "y"))
