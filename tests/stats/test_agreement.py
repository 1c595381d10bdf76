"""Agreement against published examples, other libraries' values, laws, and the coverage of its intervals."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from modelwright.stats import agreement
from modelwright.stats.ratings import Ratings

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve units.
FOUR_OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
# Fleiss' worked example as it is commonly given: ten subjects, fourteen raters, five categories.
FOURTEEN_RATERS = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip


def four_observers() -> Ratings:
    return Ratings.of(
        (f"u{unit:02}", f"o{observer}", None if value == "." else value)
        for observer, line in enumerate(FOUR_OBSERVERS)
        for unit, value in enumerate(line.split())
    )


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorff_is_what_was_published(scale: agreement.Scale, published: float) -> None:
    ratings = four_observers()
    values = np.array([float(c) for c in ratings.classes])
    found = agreement.krippendorff(ratings.counts(), scale, values)
    assert found.value == pytest.approx(published, abs=0.0005)
    assert (found.items, found.answers) == (11, 40)
    assert found.low < found.value < found.high <= 1.0


def test_fleiss_is_what_was_published() -> None:
    found = agreement.fleiss(np.array(FOURTEEN_RATERS, dtype=np.float64))
    assert found.value == pytest.approx(0.210, abs=0.0005)
    assert found.observed == pytest.approx(0.378, abs=0.0005)


def test_cohen_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    first = rng.integers(0, 4, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, 4, 200))
    for weights in (None, "linear", "quadratic"):
        found = agreement.cohen(first.astype(float), second.astype(float), 4, weights)
        assert found.value == pytest.approx(cohen_kappa_score(first, second, weights=weights), abs=1e-12)


def test_cohen_leaves_out_what_one_of_them_did_not_answer() -> None:
    first = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0, np.nan])
    second = np.array([0.0, 1.0, 0.0, 0.0, 1.0, np.nan, 1.0])
    found = agreement.cohen(first, second, 2)
    assert found.items == 5
    assert found.value == pytest.approx(cohen_kappa_score([0, 1, 1, 0, 1], [0, 1, 0, 0, 1]))


def test_of_two_annotators_without_gaps_alpha_is_nearly_scotts_pi() -> None:
    """alpha = 1 - (1 - pi)(2n - 1)/2n, with pi = Fleiss' kappa of two raters (Krippendorff 2011)."""
    rng = np.random.default_rng(2)
    counts = np.zeros((50, 3))
    for item in range(50):
        counts[item] = np.bincount(rng.choice(3, 2, p=[0.6, 0.3, 0.1]), minlength=3)
    pi, alpha = agreement.fleiss(counts).value, agreement.krippendorff(counts).value
    assert alpha == pytest.approx(1 - (1 - pi) * 99 / 100, abs=1e-12)


@given(arrays(np.int64, (12, 3), elements=st.integers(0, 4)))
def test_laws(counts: np.ndarray) -> None:
    """No coefficient above 1; the order of classes and of items means nothing to nominal ones."""
    table = counts.astype(np.float64)
    for coefficient in (agreement.fleiss, agreement.krippendorff):
        found = coefficient(table)
        turned = coefficient(table[::-1, ::-1])
        assert math.isnan(found.value) == math.isnan(turned.value)
        if not math.isnan(found.value):
            assert found.value <= 1.0 + 1e-12
            assert turned.value == pytest.approx(found.value, abs=1e-9)
        else:
            assert found.why


def test_no_disagreement_seen_and_none_possible_are_told_apart() -> None:
    perfect = agreement.krippendorff(np.array([[2.0, 0.0], [0.0, 2.0]] * 5))
    assert perfect.value == 1.0
    assert math.isnan(perfect.low)
    assert "no interval" in perfect.why
    undefined = agreement.krippendorff(np.array([[2.0, 0.0]] * 10))
    assert math.isnan(undefined.value)
    assert "one class" in undefined.why
    nobody = agreement.fleiss(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert nobody.items == 0
    assert "no item has two answers" in nobody.why


def test_pairwise_takes_only_those_who_share_enough() -> None:
    ratings = four_observers()
    pairs = agreement.pairwise(ratings, least=9)
    assert [(a, b) for a, b, _ in pairs] == [(0, 1), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert all(found.items >= 9 for _, _, found in pairs)


@pytest.mark.slow  # 300 samples, each with its own bootstrap
@pytest.mark.parametrize("coefficient", [agreement.fleiss, agreement.krippendorff])
def test_the_interval_holds_the_truth_as_often_as_it_says(coefficient: agreement.Callable) -> None:
    """Coverage of the true coefficient (that of 200,000 items), 60 items with 2 to 4 answers each."""
    rng = np.random.default_rng(3)

    def sample(items: int) -> np.ndarray:
        truth = rng.choice(3, items, p=[0.5, 0.3, 0.2])
        raters = rng.integers(2, 5, items)
        right = rng.random((items, 4)) < 0.8
        said = np.where(right, truth[:, None], rng.choice(3, (items, 4), p=[0.5, 0.3, 0.2]))
        counts = np.zeros((items, 3))
        for place in range(4):
            took_part = raters > place
            np.add.at(counts, (np.flatnonzero(took_part), said[took_part, place]), 1.0)
        return counts

    true = coefficient(sample(200_000), level=0.5).value
    held = [(i.low <= true <= i.high) for i in (coefficient(sample(60), seed=s) for s in range(300))]
    # 95% of 300, less three standard errors of that, is 91%.
    assert 0.91 <= np.mean(held) <= 0.99


def test_real_crowds(shared_data) -> None:
    folder = shared_data / "crowd_labels" / "dog_duck_workers"
    with (folder / "dog_answer.csv").open() as file:
        ratings = Ratings.of((r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file))
    found = agreement.krippendorff(ratings.counts())
    assert found.answers == 8070
    # The value of the package krippendorff 0.9.0 (benchmarks/labels/results/consensus.json).
    assert found.value == pytest.approx(0.51941784, abs=1e-7)
    assert 0.48 < found.low < found.value < found.high < 0.56
