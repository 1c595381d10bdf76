"""What a student is taught: the teacher's whole answer, by rows of fractional weight; and how small it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.models.distil import right, smaller, taught
from modelwright.models.family import Rows
from modelwright.testing.media import learnable_media


def test_half_as_wide_and_no_set_number_of_rounds() -> None:
    assert smaller({"base": 24, "rate": 0.1, "rounds": 7}) == {"base": 12, "rate": 0.1}
    assert smaller({"width": 96, "depth": 4}) == {"width": 48, "depth": 4}


def test_what_says_nothing_of_widths_or_is_narrow_already_has_no_smaller_one() -> None:
    assert smaller({"rate": 0.1}) is None
    assert smaller({"base": 8}) is None


def test_rows_weigh_what_the_teacher_thinks_of_each_class() -> None:
    rows = Rows(np.arange(3, dtype=np.float32)[:, None], np.array([0, 1, 2]))
    answers = np.array([[0.9, 0.1, 0.0], [0.005, 0.99, 0.005], [0.3, 0.3, 0.4]])
    made = taught(rows, answers)
    assert made.x[:, 0].tolist() == [0, 0, 1, 2, 2, 2]
    assert made.y.tolist() == [0, 1, 1, 0, 1, 2]
    assert made.weights is not None
    np.testing.assert_allclose(made.weights, [0.9, 0.1, 0.99, 0.3, 0.3, 0.4])


def test_the_slope_of_the_loss_is_that_of_the_whole_answer() -> None:
    """Weighted rows of one class each give the cross entropy with probabilities."""
    rng = np.random.default_rng(0)
    answers = rng.dirichlet(np.ones(4), 20)
    logs = np.log(rng.dirichlet(np.ones(4), 20))
    made = taught(Rows(np.arange(20, dtype=np.float32)[:, None], np.zeros(20, np.int64)), answers)
    assert made.weights is not None
    of_rows = -(made.weights * logs[made.x[:, 0].astype(int), made.y]).sum()
    kept = np.where(answers >= 0.02, answers, 0.0)
    assert of_rows == pytest.approx(-(kept * logs).sum())


def test_own_weights_and_media_come_along() -> None:
    rows = learnable_media("multiclass", "image", 6)
    rows = Rows(rows.x, rows.y, np.arange(1.0, 7.0), rows.names, (), rows.typed)
    answers = np.tile([0.5, 0.5, 0.0, 0.0], (6, 1))
    made = taught(rows, answers)
    assert made.typed is not None
    assert made.typed.rows == len(made.y) == 12
    assert made.weights is not None
    np.testing.assert_allclose(made.weights, np.repeat(np.arange(1.0, 7.0), 2) * 0.5)


def test_numbers_are_taught_as_they_are_answered() -> None:
    rows = Rows(np.zeros((2, 1), np.float32), np.array([1.0, 2.0]))
    assert taught(rows, np.array([[1.5], [2.5]])).y.tolist() == [1.5, 2.5]


def test_right_counts_labels_and_errors() -> None:
    assert right(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1])) == 0.5
    assert right(np.array([[1.0], [3.0]]), np.array([1.0, 1.0])) == pytest.approx(-np.sqrt(2.0))


def test_without_a_network_there_is_no_student_and_the_report_says_so() -> None:
    from modelwright.core.book import Book
    from modelwright.core.records.blob import Blob
    from modelwright.core.records.evidence import Finding
    from modelwright.core.records.models import Member
    from modelwright.models.distil import distilled

    member = Member("logistic-1", "logistic", Blob.of(b"", "bytes"), 1.0, {})
    nothing: Any = None
    book = Book()
    made = distilled((member,), "mean", nothing, nothing, nothing, seed=0, threads=1, ends_at=None, book=book)
    assert made is None
    assert [item.code for item in book.items if isinstance(item, Finding)] == ["train.not-distilled"]


@pytest.mark.slow  # torch is imported, and two networks are trained
def test_a_student_of_half_the_width_ships_where_it_is_as_right() -> None:
    pytest.importorskip("torch", reason="the extra deep is not installed")
    from modelwright.core.book import Book
    from modelwright.core.records.blob import Blob
    from modelwright.core.records.models import Member
    from modelwright.models.distil import distilled
    from modelwright.models.families import FAMILIES
    from modelwright.models.family import Deadline
    from modelwright.models.fit import Bench, graph_of, run_graph
    from modelwright.models.rows import Learning, Place

    n = 160
    rows = learnable_media("multiclass", "image", n)
    assert rows.typed is not None
    folds = (np.arange(n) >= 120).astype(np.int64)
    place = Place(
        "", "toy", rows.typed.signature.to_json(), "multiclass", 4, "log_loss", False, None, "holdout", 1, 1
    )
    learning = Learning(rows.typed, rows.y, None, None, np.arange(n), (folds,), place)
    config = {"base": 16, "epochs": 8}
    ready = Bench(lambda _: learning).prepared(place, "dense", 0, 1.0, 0, "beside")
    family = FAMILIES.get("small_cnn")
    model = family.fit(place.task, ready.train, None, config, seed=0, threads=1, deadline=Deadline())
    graph = graph_of(ready.recipe, model, learning.typed, 4)
    member = Member("small_cnn-1", "small_cnn", Blob.of(graph, "bytes"), 1.0, config)
    held = np.arange(120, n)
    scores = run_graph(graph, learning.typed.take(held))
    book = Book()
    student = distilled(
        (member,), "mean", learning, place, (held, scores), seed=0, threads=1, ends_at=None, book=book
    )
    assert student is not None
    (small,) = student.members
    assert small.config == {"base": 8, "epochs": 8}
    assert len(small.graph.get()) < 0.5 * len(graph)
    assert student.scores.shape == (40, 4)
    assert [one.ships for one in student.measured] == [False, True]
    assert student.ships
    before, after = student.measured
    assert (before.bytes, after.bytes) == (len(graph), len(small.graph.get()))
    assert before.right == right(scores, rows.y[held])
    assert before.single_ms > 0
    assert right(student.scores, rows.y[held]) >= right(scores, rows.y[held]) - 0.01
