"""Labels: what is predicted, encoded, and the refusals that a person meets."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Labelled
from modelwright.core.records.evidence import Finding
from modelwright.data.classes import positive_class
from modelwright.data.label import label
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.sections import ProblemSection, RolesSection, SuccessSection
from modelwright.testing.tables import cleaned_of

N = 40


def run(
    values: list[object],
    *,
    problem: str | None = None,
    positive: str | None = None,
    success: SuccessSection | None = None,
    roles: RolesSection | None = None,
    target: str | None = "y",
    test_rows: int = 0,
    **more: list[object],
) -> tuple[Labelled, list[Finding]]:
    frame = pl.DataFrame({"x": [float(i) for i in range(len(values))], "y": values, **more}, strict=False)
    book = Book()
    asked = ProblemSection("t", problem=problem, target=target, positive=positive)  # type: ignore[arg-type]
    made = label(
        asked,
        roles or RolesSection(),
        success or SuccessSection(),
        cleaned_of(frame, "y", test_rows=test_rows),
        book,
    )
    return made, [i for i in book.items if isinstance(i, Finding)]


def criteria(*texts: str) -> SuccessSection:
    return SuccessSection(tuple(parse_criterion(t) for t in texts))


def test_two_texts_are_binary_and_the_positive_class_has_code_one() -> None:
    made, _ = run(["yes", "no"] * 20)
    assert (made.problem, made.classes, made.positive) == ("binary", ("no", "yes"), "yes")
    table = made.table.get()
    assert set(table.filter(pl.col("y") == "yes")["__target__"]) == {1}
    assert "yes" in made.why


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([0.0, 1.0] * 20, "binary"),
        ([3.0, 4.0, 5.0, 6.0] * 10, "multiclass"),
        ([0.5, 1.5, 2.5] * 10, "regression"),
        ([float(i) for i in range(N)], "regression"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "regression"),
        (["a", "b", "c"] * 10, "multiclass"),
    ],
)
def test_the_problem_is_inferred_with_a_reason(values: list[object], problem: str) -> None:
    made, _ = run(values)
    assert made.problem == problem
    assert made.why.startswith(problem)


def test_whole_numbers_are_regression_when_the_goal_says_so() -> None:
    made, _ = run([3.0, 4.0, 5.0, 6.0] * 10, problem="regression")
    assert made.problem == "regression"
    assert made.classes == ()
    assert made.table.get()["__target__"].dtype == pl.Float64


def test_class_names_of_numbers_are_sorted_by_value() -> None:
    made, _ = run([10.0, 9.0, 2.0, 100.0] * 10, problem="multiclass")
    assert made.classes == ("2", "9", "10", "100")


@pytest.mark.parametrize(
    ("classes", "counts", "positive"),
    [
        (("no", "yes"), (1, 9), "yes"),
        (("0", "1"), (1, 9), "1"),
        (("absent", "ill"), (1, 9), "ill"),
        (("<=50K", ">50K"), (1, 9), ">50K"),
        (("bad", "good"), (3, 7), "bad"),
        (("a", "b"), (5, 5), "b"),
    ],
)
def test_the_positive_class(classes: tuple[str, str], counts: tuple[int, int], positive: str) -> None:
    chosen, why = positive_class(None, classes, Counter(dict(zip(classes, counts, strict=True))), "y")
    assert chosen == positive
    assert repr(positive) in why


@pytest.mark.parametrize("given", ["Good", "good ", "good."])
def test_a_given_positive_class_is_matched_without_regard_to_case(given: str) -> None:
    made, _ = run(["good", "bad"] * 20, positive=given)
    assert made.classes == ("bad", "good")


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    made, found = run(["a", "b", None, "a"] * 10, test_rows=4)
    assert (made.rows, made.unlabelled, made.test_rows) == (30, 10, 3)
    assert [f.code for f in found] == ["label.unlabelled"]
    assert found[0].severity == "warning"
    assert found[0].numbers["share"] == 0.25


def test_imbalance_fires_by_degree_and_not_on_many_equal_classes() -> None:
    _, found = run(["a"] * 95 + ["b"] * 5)
    assert [(f.code, f.severity) for f in found] == [("label.imbalance", "note")]
    _, found = run(["a"] * 390 + ["b"] * 5)
    assert [(f.code, f.severity) for f in found] == [("label.imbalance", "warning")]
    _, found = run([chr(97 + i % 20) for i in range(200)])
    assert found == []


def test_a_test_file_may_spell_classes_with_a_full_stop() -> None:
    made, found = run([" <=50K", " >50K"] * 10 + [" <=50K.", " >50K."] * 5, test_rows=10)
    assert made.classes == (" <=50K", " >50K")
    assert [f.code for f in found] == ["label.test-spelling"]
    assert found[0].numbers["rows"] == 10


def test_weights_become_a_column() -> None:
    made, _ = run(["a", "b"] * 20, roles=RolesSection(weight="w"), w=[1.0, 3.0] * 20)
    assert made.weighted
    assert made.table.get()["__weight__"].to_list() == [1.0, 3.0] * 20


BAD: list[tuple[str, dict[str, object], str, str]] = [
    ("absent", {"values": ["a", "b"] * 20, "target": "yy"}, "label.target-absent", "did you mean 'y'"),
    ("missing", {"values": [None] * 20}, "label.target-missing", "missing in all 20"),
    ("constant", {"values": ["a"] * 20}, "label.target-constant", "one value only: 'a'"),
    ("unique", {"values": [f"v{i}" for i in range(20)]}, "label.target-unique", "different in every one"),
    ("lonely", {"values": ["a", "b"] * 20 + ["c"]}, "label.class-too-small", "('c') has one row"),
    ("text", {"values": ["a", "b"] * 20, "problem": "regression"}, "label.not-a-number", "not a number"),
    ("three", {"values": ["a", "b", "c"] * 9, "problem": "binary"}, "label.not-binary", "has 3 values"),
    ("positive", {"values": ["a", "b"] * 9, "positive": "c"}, "label.positive-unknown", "'a' and 'b'"),
    ("infinite", {"values": [1.5, float("inf"), 2.5, 7.0]}, "label.not-a-number", "infinite"),
    (
        "metric",
        {"values": ["a", "b"] * 9, "success": criteria("rmse <= 3")},
        "label.criterion-unfit",
        "rmse is not a metric of a binary problem",
    ),
    (
        "class",
        {"values": ["a", "b"] * 9, "success": criteria("recall >= 0.5 for aa")},
        "label.criterion-class",
        "did you mean 'a'",
    ),
    (
        "column",
        {"values": ["a", "b"] * 9, "success": criteria("recall >= 0.5 by z")},
        "label.criterion-column",
        "does not exist",
    ),
    (
        "costs",
        {"values": ["a", "b"] * 9, "success": SuccessSection(costs=(("a", (("c", 5.0),)),))},
        "label.costs-class",
        "the class 'c'",
    ),
    (
        "costs of numbers",
        {"values": [0.5, 1.5, 2.5] * 9, "success": SuccessSection(costs=(("a", (("c", 5.0),)),))},
        "label.costs-unfit",
        "predicts a number",
    ),
    (
        "weight",
        {"values": ["a", "b"] * 2, "roles": RolesSection(weight="w"), "w": [1.0, -1.0, None, 1.0]},
        "label.weight-bad",
        "missing in 1 and negative or infinite in 1",
    ),
    (
        "no weight",
        {"values": ["a", "b"] * 2, "roles": RolesSection(weight="ww"), "w": [1.0] * 4},
        "label.weight-absent",
        "did you mean 'w'",
    ),
]


@pytest.mark.parametrize(("given", "code", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_cannot_work_is_refused(given: dict[str, object], code: str, said: str) -> None:
    with pytest.raises(BadData) as caught:
        run(**given)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("asked", "told"), [("accuracy >= 0.8%", 1), ("accuracy >= 0.9", 0), ("roc_auc > 0.5", 1)]
)
def test_a_criterion_that_asks_for_nothing_is_told(asked: str, told: int) -> None:
    _, found = run(["no"] * 30 + ["yes"] * 10, success=criteria(asked))
    assert sum(f.code == "goal.asks-nothing" for f in found) == told
