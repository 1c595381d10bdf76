"""Linear on n-grams: learns from texts, agrees with its graph on hard rows, weighs columns of other kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelwright.core.errors import BadData
from modelwright.features.grams import Grams
from modelwright.features.hard import hard_rows
from modelwright.features.typed import Typed
from modelwright.models.families.ngrams import FAMILY, FORMS
from modelwright.models.family import DataFacts, Deadline, Declines, Machine, OutOfTime, Rows, Suits, Task
from modelwright.models.fit import graph_of, run_graph
from modelwright.runtime.signature import NULL_TEXT, Signature

WORDS = [f"w{i}" for i in range(60)]
TASKS = {
    "binary": Task("binary", 2, "log_loss"),
    "multiclass": Task("multiclass", 3, "log_loss"),
    "regression": Task("regression", 0, "rmse"),
}
MACHINE = Machine(2, 8 << 30)


def rows_of(task: Task, n: int, seed: int, columns: int = 2, beside: int = 0) -> Rows:
    """Texts of noise words; what the target says stands in pairs of words, and in the matrix where there is
    one."""
    rng = np.random.default_rng(seed)
    classes = task.classes or 3
    code = rng.integers(0, classes, n)
    strings = np.empty((n, columns), dtype=object)
    for i in range(n):
        for j in range(columns):
            noise = rng.choice(WORDS, rng.integers(3, 12)).tolist()
            strings[i, j] = " ".join(
                [*noise, "good" if code[i] else "not", f"c{code[i] % classes}", *noise[:2]]
            )
    strings[rng.random(n) < 0.03, 0] = NULL_TEXT
    strings[rng.random(n) < 0.03, 0] = "all of them unknown" if seed else ""
    names = tuple(f"t{j}" for j in range(columns))
    typed = Typed(
        Signature(strings=names, texts=names), np.empty((n, 0)), strings, np.empty((n, 0), dtype=np.int64)
    )
    x = rng.normal(size=(n, beside)).astype(np.float32)
    y: Any = code
    if task.problem == "regression":
        y = 100.0 + 10.0 * code + rng.normal(size=n) + (20.0 * x[:, 0] if beside else 0.0)
    return Rows(x, y, None, tuple(f"x{j}" for j in range(beside)), (), typed)


def fitted(task: Task, train: Rows, **config: Any) -> Any:
    return FAMILY.fit(task, train, None, config, seed=0, threads=1, deadline=Deadline())


@pytest.mark.parametrize(("form", "joined"), [*((form, True) for form in FORMS), ("nb-tfidf", False)])
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_learns_and_agrees_with_its_graph(problem: str, form: str, joined: bool) -> None:
    task = TASKS[problem]
    train, valid = rows_of(task, 300, 1), rows_of(task, 100, 2)
    model = fitted(task, train, form=form, joined=joined, order=2, rarest=1)
    assert valid.typed is not None
    made = model.predict_typed(valid.x, valid.typed)
    assert made.shape == (100, task.classes)
    assert np.abs(made.sum(axis=1) - 1.0).max() < 1e-9
    assert (made.argmax(axis=1) == valid.y).mean() > 0.9
    hard = hard_rows(valid.typed, 0)
    for typed in (valid.typed, hard, hard.take(slice(0, 1))):
        answer = run_graph(graph_of(None, model, typed, task.classes), typed)
        direct = model.predict_typed(np.empty((typed.rows, 0), dtype=np.float32), typed)
        np.testing.assert_allclose(answer, direct, atol=2e-5)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_letters_tell_of_a_word_by_words_spelt_alike(problem: str) -> None:
    """Each word of the test texts stands in one training row only; what its class is, its stem says."""
    task, stems = TASKS[problem], ("kind", "nasty", "plain")
    rng = np.random.default_rng(0)
    ends = ["".join(rng.choice(list("xzqvjy"), 4)) for _ in range(400)]
    classes = task.classes or 3

    def rows(first: int, n: int) -> Rows:
        code = np.arange(first, first + n) % classes
        texts = [
            f"w{i % 7} {stems[c]}{ends[i]} {stems[c]}{ends[i - 1]}"
            for i, c in zip(range(first, first + n), code, strict=True)
        ]
        strings = np.array([[text] for text in texts], dtype=object)
        typed = Typed(
            Signature(strings=("t",), texts=("t",)),
            np.empty((n, 0)),
            strings,
            np.empty((n, 0), dtype=np.int64),
        )
        y: Any = code if task.problem != "regression" else code * 10.0
        return Rows(np.empty((n, 0), dtype=np.float32), y, None, (), (), typed)

    train = rows(0, 300)
    model = fitted(task, train, form="tfidf", order=2, rarest=1, letters=1.0)
    bare = fitted(task, train, form="tfidf", order=2, rarest=1)
    assert model.bags[0].grams.size == bare.bags[0].grams.size  # no larger for it
    assert train.typed is not None
    graph = run_graph(graph_of(None, model, train.typed, max(1, task.classes)), train.typed)
    direct = model.predict_typed(train.x, train.typed)
    np.testing.assert_allclose(graph, direct, rtol=1e-4, atol=1e-4)
    weights = {word: model.bags[0].weights[1 + i] for i, word in enumerate(model.bags[0].grams.words)}
    of = [
        np.mean([w for word, w in weights.items() if word.startswith(stem)], axis=0)
        for stem in stems[:classes]
    ]
    spread = [
        np.std([w for word, w in weights.items() if word.startswith(stem)], axis=0)
        for stem in stems[:classes]
    ]
    assert np.abs(of[0] - of[1]).max() > 3 * np.max(spread)  # words of one stem weigh about the same


def test_a_number_is_learned_beside_a_matrix() -> None:
    task = TASKS["regression"]
    train, valid = rows_of(task, 300, 1, beside=2), rows_of(task, 100, 2, beside=2)
    assert valid.typed is not None
    model = fitted(task, train, c=10.0)
    made = model.predict_typed(valid.x, valid.typed)[:, 0]
    assert np.corrcoef(made, valid.y)[0, 1] > 0.9


@pytest.mark.parametrize("form", FORMS)
def test_other_columns_count_in_every_form(form: str) -> None:
    task = TASKS["binary"]
    train, valid = rows_of(task, 400, 1, beside=1), rows_of(task, 200, 2, beside=1)
    train, valid = (replace(r, y=(r.x[:, 0] > 0).astype(np.int64)) for r in (train, valid))
    assert valid.typed is not None
    made = fitted(task, train, form=form).predict_typed(valid.x, valid.typed)
    assert (made.argmax(axis=1) == valid.y).mean() > 0.85


def test_the_same_twice_and_with_weights() -> None:
    task = TASKS["multiclass"]
    train = rows_of(task, 200, 1)
    assert train.typed is not None
    first, second = (fitted(task, train, form="tfidf").predict_typed(train.x, train.typed) for _ in "ab")
    np.testing.assert_array_equal(first, second)
    light = replace(train, weights=np.where(train.y == 0, 0.01, 1.0))
    assert (
        fitted(task, light, form="nb").predict_typed(train.x, train.typed)[:, 0].mean() < first[:, 0].mean()
    )


def test_a_class_without_rows_is_never_likely() -> None:
    task = TASKS["multiclass"]
    train = rows_of(TASKS["binary"], 200, 1)
    assert train.typed is not None
    for form in FORMS:
        assert fitted(task, train, form=form).predict_typed(train.x, train.typed)[:, 2].max() < 1e-6


def test_counts_in_memory() -> None:
    strings = np.array([["a b a b", "c"], ["b", NULL_TEXT], ["", "a b"]], dtype=object)
    grams, counts = Grams.learn(strings, (0, 1), 2, 1)
    assert grams.words == ("a", "b", "c")
    assert grams.size == 1 + 3 + 2  # a b, b a
    np.testing.assert_array_equal(
        counts.toarray(), [[0, 2, 2, 1, 2, 1], [0, 0, 1, 0, 0, 0], [0, 1, 1, 0, 1, 0]]
    )
    np.testing.assert_array_equal(grams.counts(strings).toarray(), counts.toarray())
    np.testing.assert_array_equal(grams.seen, [0, 2, 3, 1, 2, 1])


def test_declines_and_refuses() -> None:
    task = TASKS["binary"]
    assert isinstance(FAMILY.suits(task, DataFacts(100, 3, 0, 0, 0, 0.0), MACHINE), Declines)
    assert isinstance(FAMILY.suits(task, DataFacts(100, 3, 0, 0, 1, 0.0), MACHINE), Suits)
    train = rows_of(task, 50, 1)
    assert train.typed is not None
    silent = replace(train, typed=replace(train.typed, strings=np.full((50, 2), NULL_TEXT, dtype=object)))
    with pytest.raises(BadData, match="no word"):
        fitted(task, silent)
    with pytest.raises(BadData, match="form is"):
        fitted(task, train, form="odd")
    with pytest.raises(OutOfTime):
        FAMILY.fit(task, train, None, {}, seed=0, threads=1, deadline=Deadline.after(-1.0))
