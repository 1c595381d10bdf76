"""How groups are treated: planted gaps are shown, equal treatment is not, small groups say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from modelwright.core.records.evidence import Estimate, Metric
from modelwright.evidence.safeguard.gaps import worst_gap
from modelwright.goal.sections import RolesSection
from modelwright.testing.planted import figures, findings, metrics, tables, world

ROLES = RolesSection(sensitive=("sex",))


def people(n: int, gap: float, seed: int = 0) -> pl.DataFrame:
    """``skill`` makes the target alike for all; ``score``, which the model sees, is lower for women."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["man", "woman"], n)
    skill = rng.normal(size=n)
    score = skill - gap * (sex == "woman")
    y = np.where(skill + 0.3 * rng.normal(size=n) > 0, "yes", "no")
    return pl.DataFrame({"score": score, "sex": sex, "y": y})


def test_a_planted_gap_is_shown() -> None:
    w = world(people(3000, 1.0), {"score": 4.0}, part={"sex": "sensitive"}, roles=ROLES)
    made, book = w.safeguard()
    (finding,) = findings(book, "safeguard.gap")
    assert finding.column == "sex"
    assert finding.severity == "warning"
    assert "selection rate is higher for man than for woman" in finding.message
    assert "four-fifths" in finding.message
    assert 0.2 < made.gaps["sex: selection rate"] < 0.5
    assert made.gaps["sex: true positive rate"] > 0.2
    rates = {m.about: m.estimate for m in metrics(book, "selection_rate")}
    assert rates["fairness:sex=man"].low > rates["fairness:sex=woman"].high
    assert figures(book, "fairness:sex")
    assert tables(book, "fairness:sex")
    assert tables(book, "fairness-gaps:sex")


def test_equal_treatment_is_no_gap() -> None:
    shown = 0
    for seed in range(20):
        frame = people(1000, 0.0, seed)
        _, book = world(frame, {"score": 4.0}, part={"sex": "sensitive"}, roles=ROLES).safeguard()
        shown += bool(findings(book, "safeguard.gap"))
    assert shown <= 2


def test_rates_agree_with_counting() -> None:
    w = world(people(900, 0.5), {"score": 4.0}, part={"sex": "sensitive"}, roles=ROLES)
    _, book = w.safeguard()
    rows = w.opened()
    labels = w.oracle().scored(rows).labels
    assert labels is not None
    woman = (rows.frame["sex"] == "woman").to_numpy()
    every = [i for i in book.items if isinstance(i, Metric)]
    found = {m.name: m.estimate for m in every if m.about == "fairness:sex=woman"}
    said, true = labels[woman] == 1, rows.truth[woman] == 1
    assert found["selection_rate"].value == pytest.approx(said.mean())
    assert found["true_positive_rate"].value == pytest.approx(said[true].mean())
    assert found["false_positive_rate"].value == pytest.approx(said[~true].mean())
    assert found["precision"].value == pytest.approx(true[said].mean())
    assert found["true_positive_rate"].n == true.sum()


def test_small_groups_are_unproven_and_named() -> None:
    frame = people(800, 0.0)
    sex = np.where(np.arange(800) < 30, "other", frame["sex"].to_numpy())
    w = world(frame.with_columns(sex=pl.Series(sex)), {"score": 4.0}, part={"sex": "sensitive"}, roles=ROLES)
    _, book = w.safeguard()
    (note,) = findings(book, "safeguard.small-group")
    assert note.severity == "note"
    assert "other (" in note.message
    assert "woman" not in note.message
    for row in tables(book, "fairness-gaps:sex")[0].rows:
        assert "other" not in row


def test_errors_of_numbers_are_compared() -> None:
    rng = np.random.default_rng(2)
    sex = rng.choice(["man", "woman"], 1200)
    x = rng.normal(size=1200)
    y = x + rng.normal(size=1200) * np.where(sex == "woman", 2.0, 0.5)
    frame = pl.DataFrame({"x": x, "sex": sex, "y": y})
    made, book = world(frame, {"x": 1.0}, part={"sex": "sensitive"}, roles=ROLES).safeguard()
    (finding,) = findings(book, "safeguard.gap")
    assert "mean absolute error is higher for woman" in finding.message
    assert made.gaps["sex: mean absolute error"] == pytest.approx(1.2, abs=0.3)


def test_personal_data_among_the_inputs() -> None:
    n = 200
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "x": rng.normal(size=n),
            "contact": [f"person{i}@example.org" for i in range(n)],
            "note": [f"order number {i} is late" for i in range(n)],
            "y": rng.choice(["yes", "no"], n),
        }
    )
    _, book = world(frame, {"x": 1.0}).safeguard()
    assert [f.column for f in findings(book, "safeguard.personal-data")] == ["contact"]
    _, book = world(frame, {"x": 1.0}, part={"contact": "key"}).safeguard()
    assert not findings(book, "safeguard.personal-data")


def test_what_was_not_done_is_said() -> None:
    made, book = world(people(200, 0.0), {"score": 1.0}).safeguard()
    assert not book.items
    assert "membership inference" in made.not_done
    assert "fairness, as no column is declared sensitive" in made.not_done


def test_a_gap_between_large_groups_is_seen_behind_a_wider_one_of_a_small_group() -> None:
    def at(value: float, reach: float, n: int) -> Callable[[float], Estimate]:
        return lambda level: Estimate(value, value - reach, value + reach, n, level)

    groups = {"a": at(0.5, 0.02, 4000), "b": at(0.3, 0.02, 4000), "tiny": at(0.25, 0.3, 40)}
    found = worst_gap("rate", "difference", 0.1, groups, 0.95, independent=True)
    assert found is not None
    assert (found.worst.most, found.worst.least) == ("a", "tiny")
    assert found.worst.difference.low < 0
    assert found.shown is not None
    assert (found.shown.most, found.shown.least) == ("a", "b")


def test_one_group_has_no_gap() -> None:
    only = {"a": lambda level: Estimate(0.5, 0.4, 0.6, 100, level)}
    assert worst_gap("rate", "ratio", 0.8, only, 0.95, independent=True) is None
