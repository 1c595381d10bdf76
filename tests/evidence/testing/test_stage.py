"""The test stage on worlds whose truth is known."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.codec import canonical
from modelwright.core.records.blob import Blob
from modelwright.core.records.evidence import Metric
from modelwright.core.records.goal import Openings
from modelwright.core.stage import Work
from modelwright.goal.sections import RolesSection
from modelwright.testing.planted import World, figures, findings, metrics, tables, world

TIMED = {"latency_p50", "latency_p99", "throughput"}


def rows(n: int = 1200, seed: int = 0) -> pl.DataFrame:
    """``strong`` and ``weak`` make the target; ``ignored`` does not."""
    rng = np.random.default_rng(seed)
    strong, weak, ignored = rng.normal(size=(3, n))
    p = 1 / (1 + np.exp(-(2 * strong + 0.7 * weak)))
    return pl.DataFrame(
        {
            "strong": strong,
            "weak": weak,
            "ignored": ignored,
            "colour": rng.choice(["red", "green", "blue"], n),
            "y": np.where(rng.random(n) < p, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def planted() -> World:
    return world(rows(), {"strong": 2.0, "weak": 0.7}, roles=RolesSection(sensitive=("colour",)))


def test_the_important_column_comes_first_and_an_ignored_one_is_worth_nothing(planted: World) -> None:
    _, book = planted.test()
    (figure,) = figures(book, "importance")
    line = figure.series[0]
    assert line.x[:2] == ("strong", "weak")
    value = dict(zip(line.x, zip(line.y, line.low, line.high, strict=True), strict=True))
    assert value["ignored"] == (0.0, 0.0, 0.0)
    assert value["colour"] == (0.0, 0.0, 0.0)
    assert value["strong"][1] > value["weak"][2] > 0


def test_dependence_rises_where_the_weight_is_positive(planted: World) -> None:
    _, book = planted.test()
    (figure,) = figures(book, "dependence:strong")
    y = figure.series[0].y
    assert figure.series[0].name == "yes"
    assert all(a < b for a, b in pairwise(y))


def test_verdicts_slices_and_baselines(planted: World) -> None:
    tested, book = planted.test("roc_auc >= 0.6", "roc_auc >= 0.99", "recall >= 0.1 by colour")
    assert [c.verdict for c in tested.criteria] == ["met", "not met", "met"]
    assert not findings(book, "test.not-better-than-baseline")
    about = {m.about for m in tested.metrics if m.name == "roc_auc"}
    assert {"slice:colour=red", "slice:colour=green", "slice:colour=blue"} <= about


def test_without_criteria_the_model_must_beat_its_baseline(planted: World) -> None:
    tested, _ = planted.test()
    (only,) = tested.criteria
    assert only.criterion == "roc_auc better than the baseline baseline"
    assert only.verdict == "met"
    blind = world(rows(), {})
    tested, book = blind.test()
    # It answers alike for every row, as the baseline does: the difference is exactly nothing.
    assert tested.criteria[0].verdict == "not met"
    assert findings(book, "test.not-better-than-baseline")


def test_the_level_of_every_interval_is_that_of_the_openings(planted: World) -> None:
    tested, book = planted.test("roc_auc >= 0.6", openings=Openings(5, 0.99))
    levels = {i.estimate.level for i in book.items if isinstance(i, Metric)}
    assert levels == {0.99}
    assert tested.level == 0.99
    assert findings(book, "test.opened-before")


def test_the_same_inputs_give_the_same_evidence(planted: World) -> None:
    def evidence() -> bytes:
        tested, book = planted.test("roc_auc >= 0.6")
        kept = [i for i in book.items if not (isinstance(i, Metric) and i.name in TIMED)]
        return canonical([tested, kept])

    assert evidence() == evidence()


def test_times_stay_out_of_the_record_unless_the_goal_asks(planted: World) -> None:
    tested, book = planted.test("roc_auc >= 0.6")
    assert not TIMED & {m.name for m in tested.metrics}
    (p99,) = metrics(book, "latency_p99")
    assert p99.unit == "s"
    assert 0 < p99.estimate.low <= p99.estimate.value <= p99.estimate.high < 1
    asked, _ = planted.test("latency_p99 <= 10s", "size <= 1MB")
    assert [c.verdict for c in asked.criteria] == ["met", "met"]


def test_rows_without_a_test_part_prove_nothing(planted: World) -> None:
    empty = planted.sealed.table.get().head(0)
    nothing = replace(planted, sealed=replace(planted.sealed, table=Blob.of(empty, "table"), rows=0))
    tested, book = nothing.test("roc_auc >= 0.6")
    assert [c.verdict for c in tested.criteria] == ["unproven"]
    assert nothing.test()[0].criteria[0].verdict == "unproven"
    assert not book.items


def test_with_no_time_left_the_verdict_is_there_and_what_was_left_out_is_said(planted: World) -> None:
    late = Work(Path("unused"), ends_at=time.monotonic() + 0.5)
    tested, book = planted.test("roc_auc >= 0.6", work=late)
    assert tested.criteria[0].verdict == "met"
    (note,) = findings(book, "test.skipped")
    assert "robustness" in note.message
    assert not figures(book, "importance")


def test_hard_rows_are_the_most_surprising_and_hide_private_values(planted: World) -> None:
    _, book = planted.test()
    (table,) = tables(book, "hard-rows")
    chances = [row[3] for row in table.rows]
    numbers = [c for c in chances if isinstance(c, float)]
    assert len(numbers) == len(chances)
    assert numbers == sorted(numbers)
    assert numbers[-1] < 0.5
    colour = table.columns.index("colour")
    assert {row[colour] for row in table.rows} == {"(not shown)"}
    known = planted.sealed.table.get()["__row__"].to_list()
    assert all(row[0] in known for row in table.rows)


def test_explanations_name_the_columns_that_moved_the_answer(planted: World) -> None:
    _, book = planted.test()
    (table,) = tables(book, "explanations")
    by_row: dict[object, list[object]] = {}
    for line in table.rows:
        by_row.setdefault(line[0], []).append(line[5])
    assert len(by_row) >= 5
    assert all(set(names[:2]) == {"strong", "weak"} for names in by_row.values())


def test_regression_has_its_evidence_too() -> None:
    rng = np.random.default_rng(3)
    x, z = rng.normal(size=(2, 800))
    frame = pl.DataFrame({"x": x, "z": z, "y": 3 * x + rng.normal(size=800)})
    tested, book = world(frame, {"x": 3.0}).test("rmse <= 2", "r2 >= 0.5")
    assert [c.verdict for c in tested.criteria] == ["met", "met"]
    assert figures(book, "importance")[0].series[0].x[0] == "x"
    assert figures(book, "predicted-actual")
    assert findings(book, "test.fragile")[0].column == "x"


def test_a_slice_without_a_test_row_is_unproven(planted: World) -> None:
    """Even rows are learned from: the one row of a colour that no test row has is among them."""
    frame = rows().with_row_index("at")
    rare = pl.when(pl.col("at") == 0).then(pl.lit("violet")).otherwise(pl.col("colour")).alias("colour")
    tested, _ = world(frame.with_columns(rare).drop("at"), {"strong": 2.0}).test("recall >= 0.1 by colour")
    assert tested.criteria[0].verdict == "unproven"
    assert "violet" in tested.criteria[0].why


def test_a_slice_is_not_hidden_among_many_values_nor_by_its_name() -> None:
    """The value on which the model is wrong is the rarest of sixty, and is spelled as if it were none."""
    rng = np.random.default_rng(0)
    name = np.repeat([*(f"v{k:02d}" for k in range(59)), "missing"], [60] * 59 + [40])
    strong = rng.normal(size=len(name)) + np.where(rng.random(len(name)) < 0.5, 3.0, -3.0)
    yes = (strong > 0) != (name == "missing")
    frame = pl.DataFrame({"strong": strong, "name": name, "y": np.where(yes, "yes", "no")})
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 60).then(None).otherwise(pl.col("name")).alias("name")
    )
    tested, _ = world(frame, {"strong": 5.0}).test("accuracy >= 0.5 by name")
    assert tested.criteria[0].verdict == "not met"


def test_without_test_rows_a_small_model_is_not_yet_a_good_one(planted: World) -> None:
    sealed = replace(planted.sealed, table=Blob.of(planted.sealed.table.get()[:0], "table"), rows=0)
    tested, _ = replace(planted, sealed=sealed).test("size <= 50MB")
    assert [c.verdict for c in tested.criteria] == ["met", "unproven"]
