"""What one row costs in a graph, counted and not timed: the same graph has the same price on a busy machine.

Fitted to medians of single calls, every call with another row, of 320 graphs of every family (onnxruntime
1.31, one thread, cloud cores of 2026; benchmarks/LOG.md). On another machine it is off by how much slower or
faster that is; whether a goal's latency is met is measured.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnx.shape_inference

START = 3.5
"""Microseconds of a call that does nothing."""
NODE = 0.41
"""Of a node."""
VISIT, SEVERAL = 0.005, 2.0
"""Of one step down a tree that lies in the nearest cache; times this where it answers for several classes."""
FAR, FAR_VISIT = 100_000, 0.007
"""Tree nodes from which trees do not, and what a step costs more."""
DEEP, DEEP_VISIT = 2_000, 0.04
"""Nodes of one tree from which most steps reach nodes that no row before has, and what such a step costs
more (a part of it in smaller trees)."""
NUMBER, COMPARED = 4e-5, 4e-4
"""Of one number that a matrix product reads; of one that rows are compared with to find the nearest."""
INDEX = 0.004
"""Of one value that is picked out of a table."""


LAYERS = frozenset({"Conv", "ConvTranspose", "LSTM", "GRU", "RNN"})
"""Operators by which a graph is known for a network over pictures, sounds, series or words in order."""
PRODUCT = 2.2e-5
"""Of one multiplication and addition in such a network."""


def single_row_us(model: onnx.ModelProto) -> float:
    """Microseconds of one row, about."""
    if any(node.op_type in LAYERS or node.op_type == "Softmax" for node in model.graph.node):
        network = products(model)
        if network:
            return START + NODE * len(model.graph.node) + PRODUCT * network
    sizes = {
        tensor.name: int(np.prod(tensor.dims))
        for tensor in model.graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64)
    }
    total = START
    if any(node.op_type == "TopK" for node in model.graph.node):
        floats = {t.name for t in model.graph.initializer if t.data_type != onnx.TensorProto.INT64}
        total += COMPARED * sum(size for name, size in sizes.items() if name in floats)
    for node in model.graph.node:
        total += NODE
        if node.op_type.startswith("TreeEnsemble"):
            total += _trees_us(node)
        elif node.op_type in ("MatMul", "Gemm"):
            total += NUMBER * sum(sizes.get(name, 0) for name in node.input)
        elif node.op_type == "Gather":
            total += INDEX * sizes.get(node.input[1], 0)
    return total


def _trees_us(node: onnx.NodeProto) -> float:
    several = any(a.name == "target_ids" and a.ints and max(a.ints) > 0 for a in node.attribute)
    for attribute in node.attribute:
        if attribute.name == "nodes_treeids" and attribute.ints:
            of_tree = np.bincount(np.asarray(attribute.ints))
            of_tree = of_tree[of_tree > 0]
            visits = np.log2(np.maximum(of_tree, 2))
            each = np.full(len(of_tree), VISIT * (SEVERAL if several else 1.0))
            if of_tree.sum() > FAR:
                each += FAR_VISIT + DEEP_VISIT * np.minimum(of_tree / DEEP, 1.0)
            return float((visits * each).sum())
    return 0.0


def products(model: onnx.ModelProto) -> int:
    """Multiplications and additions of one row in the layers of a network: convolutions, recurrent layers,
    and products of more than two dimensions. 0 where it has none of these, or their shapes are not known."""
    shapes = _shapes(model)
    total = 0
    for node in model.graph.node:
        out = shapes.get(node.output[0], ()) if node.output else ()
        if node.op_type in ("Conv", "ConvTranspose"):
            weight = shapes.get(node.input[1], ())
            place = out if node.op_type == "Conv" else shapes.get(node.input[0], ())
            if len(weight) > 2 and len(place) == len(weight):
                total += int(np.prod(weight)) * int(np.prod(place[2:]))
        elif node.op_type in ("LSTM", "GRU", "RNN"):
            given = shapes.get(node.input[0], ())
            weights = sum(int(np.prod(shapes.get(name, (0,)))) for name in node.input[1:3])
            total += weights * max(given[:1] or (1,))
        elif node.op_type == "MatMul" and len(out) > 2:
            inner = shapes.get(node.input[0], (0,))[-1]
            total += int(np.prod(out)) * inner
    return total


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Sizes of tensors by name; 1 for what is not fixed, which is the number of rows."""
    try:
        found = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except onnx.shape_inference.InferenceError:
        return {}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in found.initializer}
    for value in (*found.input, *found.value_info, *found.output):
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = tuple(max(1, d.dim_value) for d in dims)
    return shapes
