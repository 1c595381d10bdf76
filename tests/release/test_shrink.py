"""Smaller graphs: about as right, measured in one table, and shipped only where that is so and is wished."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from modelwright.core.book import Book
from modelwright.core.records.evidence import Finding, Table
from modelwright.core.records.models import Shrunk
from modelwright.features.typed import Typed
from modelwright.goal.sections import OutputSection
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.finish import Finish, released
from modelwright.graph.inputs import add_inputs
from modelwright.graph.session import session
from modelwright.release import prune, shrink
from modelwright.runtime.signature import Signature, Tensor

SIDE, CLASSES = 12, 4
SIGNATURE = Signature(tensors=(Tensor("media", "image", (1, SIDE, SIDE), "uint8"),))


def _rows(n: int, seed: int) -> tuple[Typed, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, n)
    pixels = rng.normal(60, 15, (n, 1, SIDE, SIDE))
    for row, code in enumerate(y.tolist()):
        down, across = divmod(code, 2)
        pixels[row, 0, 6 * down : 6 * down + 6, 6 * across : 6 * across + 6] += 100
    images = np.clip(pixels, 0, 255).astype(np.uint8)
    empty = np.empty((n, 0))
    return Typed(SIGNATURE, empty, empty.astype(object), empty.astype(np.int64), (images,)), y


def _graph() -> bytes:
    """Means over quadrants by 64 filters of different weight, joined by another convolution into each
    quadrant's brightness; the brightest wins."""
    graph = GraphBuilder("member")
    inputs = add_inputs(graph, SIGNATURE)
    pixels = graph.node("Cast", [inputs.tensors[0]], to=onnx.TensorProto.FLOAT)
    filters = np.zeros((64, 1, 6, 6), dtype=np.float32)
    filters[:] = np.linspace(0.5, 1.5, 64)[:, None, None, None] / 36.0 / 64.0
    maps = graph.node("Conv", [pixels, graph.constant(filters, "float32")], strides=[6, 6])
    maps = graph.node("Relu", [maps])
    joined = graph.constant(np.ones((1, 64, 1, 1), dtype=np.float32), "float32")
    means = graph.node("Conv", [maps, joined])
    flat = graph.node("Reshape", [means, graph.constant([-1, CLASSES], "int64")])
    scores = graph.node("Mul", [flat, graph.constant(0.1, "float32")])
    graph.output(graph.node("Softmax", [scores], axis=1), "scores", "float32", CLASSES)
    model = released([graph.build()], [1.0], Finish(CLASSES))
    return bytes(model.SerializeToString())


def _answers(graph: bytes, typed: Typed) -> np.ndarray[Any, Any]:
    shown: np.ndarray[Any, Any] = session(graph).run(["probabilities"], typed.feeds())[0]
    return shown


def _table(book: Book) -> Table:
    (table,) = (item for item in book.items if isinstance(item, Table))
    return table


def test_channels_go_and_the_answers_stay() -> None:
    graph, (known, _), (held, _) = _graph(), _rows(64, 0), _rows(100, 1)
    before = _answers(graph, held)
    for share, left in ((0.25, 48), (0.5, 32)):
        made = prune.pruned(graph, share, known)
        weights = [w.dims for w in onnx.load_from_string(made).graph.initializer if len(w.dims) == 4]
        assert sorted(map(tuple, weights)) == [(1, left, 1, 1), (left, 1, 6, 6)]
        assert len(made) < len(graph) * (1 - 0.7 * share)
        # What is left is solved so that the second convolution makes what it made.
        np.testing.assert_allclose(_answers(made, held), before, atol=0.02)
        assert prune.pruned(graph, share, known) == made


def test_what_others_hear_too_keeps_its_channels() -> None:
    model = onnx.load_from_string(_graph())
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    model.graph.node.append(onnx.helper.make_node("Identity", [first.output[0]], ["also"]))
    model.graph.output.append(onnx.ValueInfoProto(name="also"))
    assert not prune.worth_it(model.SerializeToString())


@pytest.mark.slow  # onnxruntime's quantisation is imported
def test_all_ways_stand_in_one_table_and_nothing_ships_unasked() -> None:
    graph, (known, _), (held, y) = _graph(), _rows(64, 0), _rows(200, 1)
    book = Book()
    taught = (
        Shrunk("the chosen ones", 900, 0.9, 0.3, 1.0, 40, True),
        Shrunk("half", 400, 0.8, 0.4, 0.5, 40, False),
    )
    made, how = shrink.settle(graph, known, held, y, OutputSection(), book, taught)
    assert (made, how) == (graph, {"int8": False, "pruned": False})
    table = _table(book)
    assert [row[0] for row in table.rows] == [
        "the chosen ones",
        "half",
        "float32, all channels",
        "without 25% of the channels",
        "without 50% of the channels",
        "int8",
    ]
    assert [row[-1] for row in table.rows] == ["yes", "no", "yes", "no", "no", "no"]
    assert table.rows[2][2] == 1.0
    sizes: list[Any] = [row[1] for row in table.rows]
    assert sizes[2] > sizes[3] > sizes[4]


@pytest.mark.slow  # onnxruntime's quantisation is imported
def test_what_is_asked_for_ships_one_upon_the_other() -> None:
    graph, (known, _), (held, y) = _graph(), _rows(64, 0), _rows(200, 1)
    slim, how = shrink.settle(graph, known, held, y, OutputSection(prune=True), Book())
    assert how == {"int8": False, "pruned": True}
    assert slim == prune.pruned(graph, 0.5, known)
    book = Book()
    both, how = shrink.settle(graph, known, held, y, OutputSection(prune=True, int8=True), book)
    assert how == {"int8": True, "pruned": True}
    assert [row[0] for row in _table(book).rows if row[-1] == "yes"] == ["int8, fewer channels"]
    assert {o.domain for o in onnx.load_from_string(both).opset_import} <= {"", "ai.onnx.ml", "com.microsoft"}


@pytest.mark.slow  # onnxruntime's quantisation is imported
def test_what_costs_too_much_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, (known, _), (held, y) = _graph(), _rows(64, 0), _rows(200, 1)
    true = shrink.measured
    monkeypatch.setattr(
        shrink, "measured", lambda g, t, y: true(g, t, y if g == graph else (y + 1) % CLASSES)
    )
    book = Book()
    made, _ = shrink.settle(graph, known, held, y, OutputSection(prune=True, int8=True), book)
    assert made == graph
    codes = {item.code for item in book.items if isinstance(item, Finding)}
    assert codes == {"release.int8-loses", "release.pruned-loses"}


def test_a_taught_network_alone_has_its_table() -> None:
    book = Book()
    shrink.taught_alone((Shrunk("the chosen ones", 9, 2.5, float("nan"), 1.0, 4, True),), book)
    assert _table(book).columns[2] == "root of mean squared error"
