"""What one row costs in a graph, counted and not timed: the same graph has the same price on a busy machine.

Fitted to medians of single calls of 230 graphs of every family (onnxruntime 1.31, one thread, a cloud core of
2026; benchmarks/LOG.md): half of them within 20% of it, none more than 28% above, some as low as a third. On
another machine it is off by how much slower or faster that is; whether a goal's latency is met is measured.
"""

from __future__ import annotations

import numpy as np
import onnx

START = 3.5
"""Microseconds of a call that does nothing."""
NODE = 0.41
"""Of a node."""
VISIT, FAR_VISIT = 0.005, 0.012
"""Of one step down a tree, where the trees are small, and where they are out of reach of the nearest cache or
answer for several classes."""
FAR = 100_000
"""Tree nodes from which they are."""
NUMBER = 4e-4
"""Of one number that a matrix product reads."""


def single_row_us(model: onnx.ModelProto) -> float:
    """Microseconds of one row, about."""
    nodes = sum(1 for _ in model.graph.node)
    visits, cells, several = 0.0, 0, False
    for node in model.graph.node:
        if not node.op_type.startswith("TreeEnsemble"):
            continue
        for attribute in node.attribute:
            if attribute.name == "nodes_treeids" and attribute.ints:
                of_tree = np.bincount(np.asarray(attribute.ints))
                cells += len(attribute.ints)
                visits += float(np.log2(np.maximum(of_tree[of_tree > 0], 2)).sum())
            elif attribute.name in ("class_ids", "target_ids") and attribute.ints:
                several = several or max(attribute.ints) > 0
    numbers = sum(
        int(np.prod(tensor.dims))
        for tensor in model.graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    )
    visit = FAR_VISIT if cells > FAR or several else VISIT
    return START + NODE * nodes + visit * visits + NUMBER * numbers
