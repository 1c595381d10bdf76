"""The conformance suite of feature operations: subclass it, give ``steps``, inherit every test.

::

    class TestMyOperation(OperationSuite):
        step = Step("my-operation", ("x", "y"))

The rows come from :func:`sample`, whose columns are listed there.
"""

from __future__ import annotations

import json

import numpy as np

from modelwright.features.hard import hard_rows
from modelwright.features.operation import FittedOperation, Matrix, Target
from modelwright.features.recipe import Step
from modelwright.features.registry import OPERATIONS
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.check import compare
from modelwright.graph.inputs import add_inputs
from modelwright.graph.session import session
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, Signature

TOLERANCE = 2e-6
"""Largest difference between numpy and graph, relative to max(1, |value|)."""

SAMPLE = Signature(
    numbers=("age", "income", "constant", "gaps", "empty", "large"),
    strings=("city", "sex", "code", "title", "note", "only"),
    times=("bought", "born", "never"),
    texts=("note",),
)
"""The columns of :func:`sample`: skewed, constant, half missing, all missing and very large numbers;
categories of 12, 2, 200, 150 (in words) and 1 value; a text; dates of a year, from 1900 on, all missing."""


def sample(rows: int = 300, seed: int = 0) -> Typed:
    """Synthetic rows with every kind of column."""
    random = np.random.default_rng(seed)
    numbers = np.column_stack(
        [
            random.normal(40, 12, rows),
            random.lognormal(8, 2, rows),
            np.full(rows, 7.0),
            np.where(random.random(rows) < 0.5, np.nan, random.normal(0, 1, rows)),
            np.full(rows, np.nan),
            1.7e15 + np.floor(random.random(rows) * 1e6),
        ]
    )
    cities = np.array(
        ["Cape Town", "Oslo", "Zürich", "São Paulo", "", "x1", "x2", "x3", "x4", "x5", "x6", "x7"]
    )
    jobs, places = ["senior", "junior", "chief"], ["clerk", "nurse", "driver", "engineer", "of roads"]
    words = [f"w{i}" for i in range(60)]
    strings = np.empty((rows, 6), dtype=object)
    strings[:, 0] = random.choice(cities, rows, p=np.arange(12, 0, -1) / 78)
    strings[:, 1] = np.where(random.random(rows) < 0.1, NULL_TEXT, random.choice(["f", "m"], rows))
    strings[:, 2] = [f"c{random.integers(200)}" for _ in range(rows)]
    strings[:, 3] = [
        f"{random.choice(jobs)} {random.choice(places)} {random.integers(10)}" for _ in range(rows)
    ]
    strings[:, 4] = [" ".join(random.choice(words, random.integers(0, 30))) for _ in range(rows)]
    strings[:, 5] = "same"
    day = 86_400_000_000
    times = np.column_stack(
        [
            random.integers(18_000 * day, 18_365 * day, rows),
            random.integers(-25_567, 18_000, rows) * day,
            np.full(rows, NULL_TIME),
        ]
    )
    times[random.random(rows) < 0.1, 1] = NULL_TIME
    return Typed(SAMPLE, numbers, strings, times)


def sample_target(typed: Typed, classes: int = 2, seed: int = 1) -> Target:
    """Random labels, with weights and without groups."""
    random = np.random.default_rng(seed)
    if classes == 0:
        values = random.normal(size=(typed.rows, 1))
    elif classes == 2:
        values = random.integers(0, 2, (typed.rows, 1)).astype(np.float64)
    else:
        values = np.eye(classes)[random.integers(0, classes, typed.rows)]
    return Target(values, random.uniform(0.5, 2.0, typed.rows))


def through_graph(fitted: FittedOperation, typed: Typed) -> Matrix:
    """What the graph of this operation alone gives for the rows."""
    graph = GraphBuilder()
    inputs = add_inputs(graph, typed.signature)
    tensor = fitted.to_graph(graph, inputs)
    graph.output(tensor, "x", "float32", len(fitted.names))
    result: Matrix = session(graph.build().SerializeToString()).run(["x"], typed.feeds())[0]
    return result


class OperationSuite:
    """What every operation must hold to. ``step`` names it, with columns of :data:`SAMPLE`."""

    step: Step

    def fitted(
        self, rows: int = 300, classes: int = 2, seed: int = 0
    ) -> tuple[FittedOperation, Matrix, Typed]:
        typed = sample(rows, seed)
        kind = OPERATIONS.get(self.step.kind)(self.step.columns, **dict(self.step.options))
        operation, matrix = kind.fit(typed, sample_target(typed, classes), 0)
        return operation, matrix, typed

    def test_names_count_the_columns(self) -> None:
        operation, matrix, typed = self.fitted()
        applied = operation.apply(typed)
        assert applied.shape == matrix.shape == (typed.rows, len(operation.names))
        assert applied.dtype == matrix.dtype == np.float32
        assert len(operation.categorical) == len(operation.names) == len(set(operation.names)) > 0

    def test_json_round_trip(self) -> None:
        operation, _, typed = self.fitted(classes=3)
        text = json.dumps(operation.to_json(), allow_nan=False)
        again = OPERATIONS.get(self.step.kind).from_json(json.loads(text))
        assert json.dumps(again.to_json()) == text
        assert again.names == operation.names
        np.testing.assert_array_equal(again.apply(typed), operation.apply(typed))

    def test_same_rows_same_numbers(self) -> None:
        (a, x, _), (b, y, _) = self.fitted(), self.fitted()
        assert json.dumps(a.to_json()) == json.dumps(b.to_json())
        np.testing.assert_array_equal(x, y)

    def test_a_row_alone_is_the_row_in_a_batch(self) -> None:
        operation, _, typed = self.fitted()
        rows = hard_rows(typed, 0)
        batch = operation.apply(rows)
        for i in range(rows.rows):
            alone = operation.apply(rows.take(slice(i, i + 1)))
            assert compare("row", alone, batch[i : i + 1]).within(1e-7), i

    def test_other_rows_change_nothing(self) -> None:
        operation, _, _ = self.fitted()
        held_out = sample(50, seed=9)
        order = np.random.default_rng(0).permutation(50)
        np.testing.assert_array_equal(operation.apply(held_out.take(order)), operation.apply(held_out)[order])

    def test_graph_gives_the_same_on_real_rows(self) -> None:
        for classes in (0, 2, 4):
            operation, _, typed = self.fitted(classes=classes)
            self.assert_graph(operation, typed)
            self.assert_graph(operation, sample(40, seed=5))

    def test_graph_gives_the_same_on_hard_rows(self) -> None:
        operation, _, typed = self.fitted()
        hard = hard_rows(typed, 3)
        self.assert_graph(operation, hard)
        for i in range(0, hard.rows, 7):
            self.assert_graph(operation, hard.take(slice(i, i + 1)))

    def test_no_infinity_comes_out(self) -> None:
        operation, matrix, typed = self.fitted()
        assert not np.isinf(matrix).any()
        assert not np.isinf(operation.apply(hard_rows(typed, 1))).any()

    def test_says_what_it_does(self) -> None:
        operation, _, _ = self.fitted()
        assert len(operation.sentence()) > 10

    def test_nothing_left_is_no_columns(self) -> None:
        """A fold in which every column of the operation is constant."""
        typed = sample(30).take(np.zeros(30, dtype=np.int64))
        kind = OPERATIONS.get(self.step.kind)(self.step.columns, **dict(self.step.options))
        operation, matrix = kind.fit(typed, sample_target(typed), 0)
        wide = 1 if self.step.kind == "nothing" else 0
        assert operation.apply(typed).shape == matrix.shape == (30, wide)
        assert len(operation.names) == len(operation.categorical) == wide

    def assert_graph(self, operation: FittedOperation, typed: Typed) -> None:
        agreement = compare(operation.kind, through_graph(operation, typed), operation.apply(typed))
        assert agreement.within(TOLERANCE), agreement
