"""The tests that every family passes, shipped for families of other packages.

Subclass, supply one fixture, inherit every test::

    import pytest
    from modelwright.testing.families import FamilyConformance
    from my_package import FAMILY

    class TestMine(FamilyConformance):
        @pytest.fixture
        def family(self):
            return FAMILY

Data are small and made here, so that one family takes a second or so.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from modelwright.core.errors import BadData
from modelwright.models.families import common
from modelwright.models.family import (
    Choice,
    DataFacts,
    Deadline,
    Declines,
    Family,
    Fitted,
    Machine,
    OutOfTime,
    ProblemKind,
    Rows,
    Suits,
    Task,
)
from modelwright.testing.media import hard_media, learnable_media, model_of, predicted, shown, some, stacked

MACHINE = Machine(cores=2, memory=8 << 30, installed=frozenset({"catboost", "deep"}))
PROBLEMS: tuple[ProblemKind, ...] = ("binary", "multiclass", "regression")
SOON = 20.0
"""Seconds of this process's own work for which a stoppable family may go on after its deadline: more than any
machine needs for one round, less than all the rounds take."""


def task_of(problem: ProblemKind, *, interpretable: bool = False) -> Task:
    classes = {"binary": 2, "multiclass": 4, "regression": 0}[problem]
    return Task(problem, classes, "rmse" if problem == "regression" else "log_loss", interpretable)


def learnable(problem: ProblemKind, recipe: str, n: int, seed: int = 0) -> Rows:
    """Rows with a signal that every family can find: two numbers and a category of five, plus noise columns.

    ``trees``: one column with NaN and codes for the category (column 3); ``dense``: all filled, one-hot.
    """
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 3))
    code = rng.integers(1, 6, n)
    score = 1.5 * numbers[:, 0] - numbers[:, 1] + 0.6 * (code >= 3) + 0.3 * rng.normal(size=n)
    y: Any
    if problem == "regression":
        y = 5000.0 + 800.0 * score
    elif problem == "binary":
        y = (score > 0.4).astype(np.int64)
    else:
        y = np.digitize(score, [-1.5, 0.4, 1.8]).astype(np.int64)
    if recipe == "trees":
        numbers[rng.random(n) < 0.1, 2] = np.nan
        x = np.column_stack([numbers, code])
        return Rows(np.ascontiguousarray(x, np.float32), y, None, ("a", "b", "c", "code"), (3,))
    x = np.column_stack([numbers, code[:, None] == np.arange(1, 6)])
    return Rows(np.ascontiguousarray(x, np.float32), y, None, ("a", "b", "c", *"12345"), ())


def hard(rows: Rows, recipe: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Rows that no training part holds: zeros, extremes, infinities, codes not seen, NaN for trees."""
    x = rows.x[:10].copy()
    fills: list[float] = [0.0, -0.0, 1e30, -1e30, np.inf, -np.inf, 1e-30, 3.4e38]
    if recipe == "trees":
        fills.append(np.nan)
    out = [np.full_like(x[:1], value) for value in fills]
    for value in fills:
        for column in range(x.shape[1]):
            one = x[:2].copy()
            one[:, column] = value
            out.append(one)
    unseen = x.copy()
    for column in rows.categorical:
        unseen[:, column] = 9999.0
    zero = x.copy()
    for column in rows.categorical:
        zero[:, column] = 0.0
    return np.ascontiguousarray(np.vstack([x, unseen, zero, *out]), np.float32)


def hard_rows_of(rows: Rows, recipe: str) -> Rows:
    """The same for families that see columns."""
    if rows.typed is not None:
        return hard_media(rows)
    x = hard(rows, recipe)
    return replace(rows, x=x, y=np.zeros(len(x), rows.y.dtype))


def graph_bytes(fitted: Fitted, columns: int) -> bytes:
    """The fitted model alone as an ONNX model from ``x`` to ``answer``."""
    return model_of(fitted, Rows(np.zeros((1, columns), np.float32), np.zeros(1)))


def graph_predict(model: bytes, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return shown(model, Rows(x, np.zeros(len(x))))


def facts_for(family: Family, rows: Rows, task: Task) -> DataFacts:
    smallest = 0 if task.problem == "regression" else int(np.bincount(rows.y, minlength=task.classes).min())
    # Some families wait to be named where rows are as few as here.
    return replace(common.facts_of(rows), smallest_class=smallest, named=True)


_USUAL: dict[tuple[type, str, Task], tuple[Fitted, Rows, Rows]] = {}


class FamilyConformance:
    """Every law of :class:`modelwright.models.family.Family`. Problems that the tags leave out are
    skipped."""

    rows = 600
    epochs = 8
    """Of families that train for as long as they may."""
    asked = 300
    """Rows that the family is asked about whether it suits."""
    less: ClassVar[dict[str, Any]] = {}
    """Settings of smaller and quicker fits, where a family has them and has more of them. Each starting point
    is still fitted as it is."""

    @pytest.fixture
    def family(self) -> Family:
        raise NotImplementedError("supply the family to test as a fixture named 'family'")

    @pytest.fixture(params=PROBLEMS)
    def task(self, request: pytest.FixtureRequest, family: Family) -> Task:
        problem: ProblemKind = request.param
        if problem not in family.tags.problems:
            pytest.skip(f"{family.name} is not for {problem} problems")
        return task_of(problem)

    def data(self, family: Family, task: Task) -> tuple[Rows, Rows]:
        if family.tags.media:
            kind = family.tags.media[0]
            train = learnable_media(task.problem, kind, self.rows, seed=1)
            return train, learnable_media(task.problem, kind, self.rows // 2, seed=2)
        train = learnable(task.problem, family.tags.recipe, self.rows, seed=1)
        return train, learnable(task.problem, family.tags.recipe, self.rows // 2, seed=2)

    def asked_about(self, family: Family, problem: ProblemKind) -> Rows:
        """Rows of the kind that the family learns from."""
        if family.tags.media:
            return learnable_media(problem, family.tags.media[0], self.asked)
        return learnable(problem, "trees", self.asked)

    def quick(self, family: Family, task: Task, rows: Rows) -> dict[str, Any]:
        """The first starting point, with fewer trees or epochs where there are many."""
        config = dict(family.space(task, facts_for(family, rows, task)).starts[0])
        if family.tags.keeps:
            # Words are learned one by one, and each is in few of so few rows.
            config["epochs"] = self.epochs * (2 if family.tags.media[:1] == ("text",) else 1)
        less = {"trees": 20, **self.less}
        return config | {name: value for name, value in less.items() if config.get(name, value) > value}

    def usual(self, family: Family, task: Task) -> tuple[Fitted, Rows, Rows]:
        """As ``fitted`` without changes, made once for all tests that only look at it."""
        key = (type(self), family.name, task)
        if key not in _USUAL:
            _USUAL[key] = self.fitted(family, task)
        return _USUAL[key]

    def fitted(self, family: Family, task: Task, **changes: Any) -> tuple[Fitted, Rows, Rows]:
        train, valid = self.data(family, task)
        config = {**self.quick(family, task, train), **changes.pop("config", {})}
        arguments: dict[str, Any] = {"seed": 7, "threads": 1, "deadline": Deadline(), **changes}
        given = arguments.pop("train", train)
        return family.fit(task, given, arguments.pop("valid", valid), config, **arguments), given, valid

    # --- what it says of itself ---------------------------------------------------------------------------

    def test_says_what_it_is(self, family: Family) -> None:
        assert family.name
        assert family.title
        assert family.version >= 1
        assert family.tags.problems

    def test_says_why_it_suits_or_declines(self, family: Family) -> None:
        for problem in PROBLEMS:
            rows = self.asked_about(family, problem)
            task = task_of(problem)
            reply = family.suits(task, facts_for(family, rows, task), MACHINE)
            assert len(reply.why) > 5
            assert isinstance(reply, Suits) == (problem in family.tags.problems)
            if isinstance(reply, Suits):
                assert 0.0 < reply.cost < 60.0

    def test_respects_the_wish_for_a_model_that_can_be_read(self, family: Family) -> None:
        problem = family.tags.problems[0]
        task = task_of(problem, interpretable=True)
        rows = self.asked_about(family, problem)
        reply = family.suits(task, facts_for(family, rows, task), MACHINE)
        assert isinstance(reply, Suits) == family.tags.interpretable

    def test_declines_without_its_extra(self, family: Family) -> None:
        if not family.tags.extra:
            pytest.skip(f"{family.name} needs no extra")
        task = task_of(family.tags.problems[0])
        reply = family.suits(task, DataFacts(500, 4, 1, 0, 0, 0.0, 5, 100), Machine(2, 8 << 30))
        assert isinstance(reply, Declines)
        assert "pip install" in reply.remedy

    @pytest.mark.parametrize("n", [60, 1_000, 200_000])
    def test_starting_points_lie_in_the_space(self, family: Family, n: int) -> None:
        for problem in family.tags.problems:
            task = task_of(problem)
            space = family.space(task, DataFacts(n, 6, 4, 1, 0, 0.05, 20, n // 10))
            assert space.starts
            for start in space.starts:
                assert set(start) >= set(space.ranges)
                for name, span in space.ranges.items():
                    if isinstance(span, Choice):
                        assert start[name] in span.values, (problem, name)
                    else:
                        assert span.low < span.high, (problem, name)
                        assert span.low <= start[name] <= span.high, (problem, name, start[name])

    # --- what it learns -----------------------------------------------------------------------------------

    def test_learns_a_learnable_signal(self, family: Family, task: Task) -> None:
        fitted, train, valid = self.usual(family, task)
        found = predicted(fitted, valid)
        assert found.dtype == np.float64
        assert found.shape == (len(valid.x), max(1, task.classes))
        assert np.isfinite(found).all()
        if task.problem != "regression":
            assert found.min() >= 0.0
            np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
        constant = self._constant(task, train, len(valid.x))
        reached = common.loss(task, valid.y, found, None)
        alone = common.loss(task, valid.y, constant, None)
        if family.tags.baseline:
            assert reached == pytest.approx(alone, rel=1e-6)
        else:
            assert reached < 0.8 * alone
        assert fitted.rounds >= 1
        assert fitted.stopped in ("", "early stopping", "deadline", "watch")

    def _constant(self, task: Task, train: Rows, n: int) -> np.ndarray[Any, Any]:
        if task.problem == "regression":
            return np.full((n, 1), train.y.mean())
        share = np.bincount(train.y, minlength=task.classes) / len(train.y)
        return np.tile(share, (n, 1))

    def test_every_starting_point_fits(self, family: Family, task: Task) -> None:
        train, valid = self.data(family, task)
        if family.tags.keeps:
            train, valid = some(train, slice(0, self.rows // 2)), some(valid, slice(0, self.rows // 4))
        for start in family.space(task, facts_for(family, train, task)).starts:
            few = {**start, "trees": 10} if "trees" in start else {**start}
            if family.tags.rounds:
                few["rounds"] = 2 if family.tags.keeps else 5
            fitted = family.fit(task, train, None, few, seed=1, threads=1, deadline=Deadline())
            model = model_of(fitted, train)
            self._agree(family, task, predicted(fitted, valid), shown(model, valid))

    def test_a_class_without_training_rows_is_never_likely(self, family: Family) -> None:
        if "multiclass" not in family.tags.problems:
            pytest.skip(f"{family.name} is not for several classes")
        task = task_of("multiclass")
        train, valid = self.data(family, task)
        fitted, _, _ = self.fitted(family, task, train=some(train, train.y != 2), valid=None)
        found = predicted(fitted, valid)
        assert found.shape == (len(valid.x), 4)
        assert found[:, 2].max() < 0.2
        model = model_of(fitted, valid)
        self._agree(family, task, found, shown(model, valid))

    def test_weights_matter(self, family: Family, task: Task) -> None:
        if not family.tags.weights:
            pytest.skip(f"{family.name} takes no weights")
        train, valid = self.data(family, task)
        if family.tags.keeps:
            train = some(train, slice(0, self.rows // 2))
        # The same rows twice, the second time with another answer and hardly a weight.
        other = (
            train.y.mean() + 1000.0 - 3.0 * (train.y - train.y.mean())
            if task.problem == "regression"
            else (train.y + 1) % task.classes
        )
        weights = np.concatenate([np.full(len(train.y), 1.0), np.full(len(train.y), 1e-3)])
        both = replace(
            train,
            x=np.vstack([train.x, train.x]),
            y=np.concatenate([train.y, other]),
            weights=weights,
            typed=None if train.typed is None else stacked([train.typed, train.typed]),
        )
        light = predicted(self.fitted(family, task, train=both)[0], valid)
        turned = replace(both, weights=weights[::-1].copy())
        heavy = predicted(self.fitted(family, task, train=turned)[0], valid)
        if not family.tags.baseline:
            assert common.loss(task, valid.y, light, None) < common.loss(task, valid.y, heavy, None)
        assert np.abs(light - heavy).max() > 1e-3

    # --- that it can be trusted ---------------------------------------------------------------------------

    def test_same_seed_same_bytes(self, family: Family, task: Task) -> None:
        first, train, valid = self.usual(family, task)
        second, _, _ = self.fitted(family, task)
        assert model_of(first, train) == model_of(second, train)
        np.testing.assert_array_equal(predicted(first, valid), predicted(second, valid))

    def test_agrees_with_its_graph(self, family: Family, task: Task) -> None:
        fitted, train, valid = self.usual(family, task)
        model = model_of(fitted, train)
        for rows in (train, valid, hard_rows_of(valid, family.tags.recipe), some(valid, slice(0, 1))):
            with np.errstate(invalid="raise"):
                own = predicted(fitted, rows)
            of_graph = shown(model, rows)
            assert of_graph.dtype == np.float32
            assert of_graph.shape == own.shape
            assert np.isfinite(own).all()
            self._agree(family, task, own, of_graph)

    def _agree(self, family: Family, task: Task, own: Any, of_graph: Any) -> None:
        scale = max(1.0, float(np.abs(own).max())) if task.problem == "regression" else 1.0
        worst = float(np.abs(own - of_graph).max()) / scale
        assert worst <= family.tags.tolerance, f"{family.name}: graph and predict differ by {worst:.2e}"

    def test_keeps_its_deadline(self, family: Family, task: Task) -> None:
        if not family.tags.stoppable:
            pytest.skip(f"{family.name} cannot be stopped and runs in a worker that can be killed")
        begun = time.process_time()
        try:
            fitted, _, valid = self.fitted(
                family,
                task,
                deadline=Deadline.after(0.05),
                config={"trees": 20_000, "most_rounds": 1_000_000},
            )
        except OutOfTime:
            pass
        else:
            assert np.isfinite(predicted(fitted, valid)).all()
        assert time.process_time() - begun < SOON

    def test_a_deadline_that_has_passed_leaves_nothing(self, family: Family, task: Task) -> None:
        if family.tags.baseline:
            pytest.skip("a baseline takes no time")
        with pytest.raises(OutOfTime):
            self.fitted(family, task, deadline=Deadline.after(-1.0))

    def test_the_watch_ends_it(self, family: Family, task: Task) -> None:
        if not family.tags.rounds:
            pytest.skip(f"{family.name} has no rounds to watch")
        seen: list[tuple[int, float]] = []

        def watch(step: int, train_loss: float, valid_loss: float) -> bool:
            seen.append((step, valid_loss))
            return step >= 3

        fitted, _, valid = self.fitted(family, task, watch=watch)
        assert [step for step, _ in seen] == [1, 2, 3]
        assert all(np.isfinite(value) for _, value in seen)
        assert fitted.stopped == "watch"
        assert fitted.rounds <= 3
        assert np.isfinite(predicted(fitted, valid)).all()

    def test_refits_an_exact_number_of_rounds(self, family: Family, task: Task) -> None:
        if not family.tags.rounds:
            pytest.skip(f"{family.name} has no rounds")
        stopped, _, valid = self.usual(family, task)
        assert stopped.curve
        refit, _, _ = self.fitted(family, task, valid=None, config={"rounds": 4})
        assert refit.rounds == 4
        again, _, _ = self.fitted(family, task, config={"rounds": 4})
        assert again.rounds == 4
        # Rows for early stopping have no say where the number is set.
        np.testing.assert_array_equal(predicted(refit, valid), predicted(again, valid))

    # --- what it refuses ----------------------------------------------------------------------------------

    def test_refuses_what_cannot_be_learned_from(self, family: Family, task: Task) -> None:
        train, _ = self.data(family, task)
        bad: list[Rows] = [
            some(train, slice(0, 0)),
            replace(train, y=train.y[:-1]),
            replace(train, weights=np.full(len(train.y), -1.0)),
            replace(train, weights=np.zeros(len(train.y))),
        ]
        infinite = train.x.copy()
        infinite[3, 0] = np.inf
        bad.append(replace(train, x=infinite))
        missing = train.y.astype(np.float64)
        missing[3] = np.nan
        bad.append(replace(train, y=missing))
        if task.problem != "regression":
            bad.append(replace(train, y=np.zeros_like(train.y)))
            bad.append(replace(train, y=train.y + 100))
        if family.tags.recipe == "dense":
            unfilled = train.x.copy()
            unfilled[3, 0] = np.nan
            bad.append(replace(train, x=unfilled))
        for rows in bad:
            with pytest.raises(BadData) as caught:
                self.fitted(family, task, train=rows, valid=None)
            assert caught.value.code.startswith("rows.")
