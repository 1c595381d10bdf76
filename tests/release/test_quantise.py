"""Which graphs int8 is for."""

from __future__ import annotations

import numpy as np
import onnx

from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.finish import Finish, released
from modelwright.graph.inputs import add_inputs
from modelwright.release import quantise
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
    """A convolution that takes means over quadrants by 64 filters, and the brightest wins."""
    graph = GraphBuilder("member")
    inputs = add_inputs(graph, SIGNATURE)
    pixels = graph.node("Cast", [inputs.tensors[0]], to=onnx.TensorProto.FLOAT)
    filters = np.zeros((64, 1, 6, 6), dtype=np.float32)
    filters[:] = np.linspace(0.5, 1.5, 64)[:, None, None, None] / 36.0 / 64.0
    maps = graph.node("Conv", [pixels, graph.constant(filters, "float32")], strides=[6, 6])
    axes = graph.constant([1], "int64")
    means = graph.node("ReduceSum", [maps, axes], keepdims=0)
    flat = graph.node("Reshape", [means, graph.constant([-1, CLASSES], "int64")])
    scores = graph.node("Mul", [flat, graph.constant(0.1, "float32")])
    graph.output(graph.node("Softmax", [scores], axis=1), "scores", "float32", CLASSES)
    model = released([graph.build()], [1.0], Finish(CLASSES))
    return bytes(model.SerializeToString())


def test_only_networks_are_worth_it() -> None:
    graph = GraphBuilder("plain")
    x = graph.input("x", "float32", 3)
    weights = graph.constant(np.ones((3, 2)), "float32")
    graph.output(graph.node("MatMul", [x, weights]), "scores", "float32", 2)
    assert not quantise.worth_it(graph.build().SerializeToString())
    assert quantise.worth_it(_graph())
