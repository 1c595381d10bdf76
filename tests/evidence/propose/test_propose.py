"""The proposal: guesses that hold on made and on real tables, and a file that parses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Collected
from modelwright.evidence.propose import propose
from modelwright.evidence.propose.names import names_time, names_weight, sensitive, target_rank
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.parse import parse
from modelwright.goal.propose import Proposal, render_goal


def collected(frame: pl.DataFrame) -> Collected:
    raw = frame.cast(pl.String).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    return Collected(Blob.of(raw, "table"), frame.height, tuple(frame.columns), (), "")


def run(frame: pl.DataFrame, target: str | None = None) -> Proposal:
    made = propose("t", "t.csv", collected(frame), target)
    parse(render_goal(made), base=Path(), source="t.yaml")
    return made


def people(n: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    bought = (x + 0.7 * rng.normal(size=n)) > 0.4
    refund = np.where(bought, rng.integers(1, 9, n).astype(str), "")
    return pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(n)],
            "order_date": [f"2024-{1 + i // 50:02d}-{1 + i % 28:02d}" for i in range(n)],
            "age": rng.integers(18, 80, n),
            "gender": rng.choice(["f", "m"], n),
            "visits": x.round(4),
            "refund_number": refund,
            "churn": np.where(bought, "yes", "no"),
        }
    )


def test_every_guess_of_a_usual_table() -> None:
    made = run(people())
    assert made.target is not None
    assert made.target.value == "churn"
    assert made.problem is not None
    assert made.problem.value == "binary"
    assert made.positive is not None
    assert made.positive.value == "yes"
    assert made.time is not None
    assert made.time.value == "order_date"
    assert [g.value for g in made.keys] == ["customer_id"]
    assert [g.value for g in made.sensitive] == ["age", "gender"]
    assert [g.value for g in made.later] == ["refund_number"]
    assert all(
        g.reason for g in (made.target, made.problem, made.positive, made.time, *made.keys, *made.later)
    )


def test_the_threshold_lies_between_guessing_and_the_quick_model() -> None:
    made = run(people())
    criterion = parse_criterion(made.success[0].value)
    assert criterion.metric == "roc_auc"
    assert 0.6 < criterion.threshold < 0.92
    assert "Guessing reaches 0.50" in made.success[0].reason


def test_pure_noise_is_said_to_be_noise() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"a": rng.normal(size=2000).round(5), "target": rng.integers(0, 2, 2000)})
    reason = run(frame).success[0].reason
    assert "say little" in reason or "hardly prove" in reason


def test_a_repeating_identifier_whose_rows_agree_becomes_the_group() -> None:
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(120), 5)
    frame = pl.DataFrame(
        {
            "patient_id": [f"P{w}" for w in who],
            "x": rng.normal(size=600).round(4),
            "target": np.where(rng.integers(0, 2, 120)[who] == 1, "ill", "well"),
        }
    )
    made = run(frame)
    assert made.group is not None
    assert made.group.value == "patient_id"


def test_a_named_target_that_cannot_be_predicted_is_refused() -> None:
    frame = people().with_columns(same=pl.lit("a"))
    with pytest.raises(BadData) as caught:
        run(frame, "same")
    assert caught.value.code == "label.target-constant"


def test_no_possible_target_is_said_and_not_invented() -> None:
    frame = pl.DataFrame(
        {"id": [f"i{i}" for i in range(50)], "when": [f"2024-01-{1 + i % 28:02d}" for i in range(50)]}
    )
    made = run(frame)
    assert made.target is None
    assert "no column could be a target" in made.notes[0]


def test_the_same_rows_give_the_same_file() -> None:
    assert render_goal(run(people())) == render_goal(run(people()))


def test_names() -> None:
    assert target_rank("y", ["x", "y", "z"]) is None
    assert target_rank("y", ["a", "y"]) is not None
    assert target_rank("SalePrice", []) == target_rank("sale_price", [])
    assert target_rank("colour", []) is None
    assert (sensitive("age_group"), sensitive("Housing Age"), sensitive("native.country")) == (
        "age",
        None,
        "nationality",
    )
    assert names_time("OrderDate")
    assert not names_time("birth_date")
    assert names_weight("sample_weight")
    assert not names_weight("weight")


@pytest.mark.parametrize(
    ("path", "target", "problem", "metric"),
    [
        ("tabular_binary/titanic/titanic.csv", "Survived", "binary", "roc_auc"),
        ("tabular_multiclass/penguins/penguins.csv", "species", "multiclass", "accuracy"),
        ("tabular_regression/diamonds/diamonds.csv", "price", "regression", "r2"),
        ("tabular_regression/california_housing/housing.csv", "median_house_value", "regression", "r2"),
        pytest.param(
            "fairness/compas/compas-scores-two-years.csv",
            "two_year_recid",
            "binary",
            "roc_auc",
            marks=pytest.mark.slow,  # 46 columns of many texts and dates are cleaned twice
        ),
    ],
)
def test_real_tables(shared_data: Path, path: str, target: str, problem: str, metric: str) -> None:
    made = run(pl.read_csv(shared_data / path, infer_schema=False))
    assert made.target is not None
    assert made.problem is not None
    assert (made.target.value, made.problem.value) == (target, problem)
    assert parse_criterion(made.success[0].value).metric == metric
