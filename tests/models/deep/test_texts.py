"""Networks on words: they learn, padding says nothing, and the graph agrees with torch on hard rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.features.hard import hard_rows
from modelwright.features.typed import Typed
from modelwright.models.deep.words import Words
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts, Deadline, Declines, Machine, Rows, Task
from modelwright.models.fit import graph_of, run_graph
from modelwright.runtime.signature import NULL_TEXT, Signature

NAMES = ("bag", "recurrent", "text_transformer")
NOISE = [f"w{i}" for i in range(40)]


def rows_of(n: int, seed: int, beside: int = 0) -> Rows:
    """Two columns of words; the class is which of two words stands in the second."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    strings = np.empty((n, 2), dtype=object)
    for i in range(n):
        first, second = (rng.choice(NOISE, rng.integers(1, 9)).tolist() for _ in range(2))
        second.insert(int(rng.integers(0, len(second) + 1)), "good" if y[i] else "bad")
        strings[i] = " ".join(first), " ".join(second)
    strings[:3, 0] = NULL_TEXT, "", "never seen words here"
    typed = Typed(
        Signature(strings=("a", "b"), texts=("a", "b")),
        np.empty((n, 0)),
        strings,
        np.empty((n, 0), dtype=np.int64),
    )
    x = rng.normal(size=(n, beside)).astype(np.float32)
    return Rows(x, y.astype(np.int64), None, tuple(f"x{j}" for j in range(beside)), (), typed)


def test_ids_are_those_of_the_graph() -> None:
    from modelwright.graph.builder import GraphBuilder
    from modelwright.graph.inputs import add_inputs
    from modelwright.graph.session import session

    train = rows_of(60, 0).typed
    assert train is not None
    intake = Words.learn(train)
    for typed in (train, hard_rows(train, 1), train.take(slice(1, 2))):
        graph = GraphBuilder()
        made = intake.to_graph(graph, None, add_inputs(graph, typed.signature))
        for name, tensor in made.items():
            graph.output(tensor, name, "int64", None)
        model = graph.build()
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        answer = session(model.SerializeToString()).run(list(made), typed.feeds())
        wanted = intake.arrays(np.empty((typed.rows, 0), np.float32), typed)
        for name, found in zip(made, answer, strict=True):
            np.testing.assert_array_equal(found, wanted[name])


def test_declined_without_text() -> None:
    machine = Machine(2, 8 << 30, frozenset({"deep"}))
    for name in NAMES:
        answer = FAMILIES.get(name).suits(
            Task("binary", 2, "log_loss"), DataFacts(100, 3, 0, 0, 0, 0.0), machine
        )
        assert isinstance(answer, Declines)


# Imports torch and trains.
@pytest.mark.slow
@pytest.mark.parametrize("beside", [0, 2])
@pytest.mark.parametrize("name", NAMES)
def test_learns_and_agrees_with_its_graph(name: str, beside: int) -> None:
    pytest.importorskip("torch", reason="needs the extra deep")
    task = Task("binary", 2, "log_loss")
    train, valid = rows_of(300, 1, beside), rows_of(100, 2, beside)
    family: Any = FAMILIES.get(name)
    model = family.fit(task, train, valid, {"epochs": 12}, seed=0, threads=1, deadline=Deadline())
    assert valid.typed is not None
    made = model.predict_typed(valid.x, valid.typed)
    assert (made.argmax(axis=1) == valid.y).mean() > 0.9
    if beside:
        return
    hard = hard_rows(valid.typed, 0)
    for typed in (valid.typed, hard, hard.take(slice(0, 1))):
        answer = run_graph(graph_of(None, model, typed, 2), typed)
        direct = model.predict_typed(np.empty((typed.rows, 0), np.float32), typed)
        np.testing.assert_allclose(answer, direct, atol=1e-4)
