"""Several models into one graph: names kept apart by a prefix, inputs shared, each output a tensor."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from modelwright.graph.builder import GraphBuilder

SCORES = "scores"
"""The one output of a member: float32 [N, classes] probabilities, or [N, 1] values."""


def join(models: Sequence[onnx.ModelProto], name: str = "modelwright") -> tuple[GraphBuilder, list[str]]:
    """One builder holding all models' nodes, and the name of each one's output tensor, in order.

    Inputs of the same name are the same tensor and must be of the same type and shape, metadata of the same
    key must be equal; each model has the
    one output ``scores``. Otherwise ``ValueError``. Members that compute the same thing twice are told apart
    here, and brought together by :func:`modelwright.graph.dedupe.dedupe`.
    """
    graph = GraphBuilder(name)
    inputs: dict[str, onnx.ValueInfoProto] = {}
    tensors: list[str] = []
    for place, model in enumerate(models):
        outputs = [output.name for output in model.graph.output]
        if outputs != [SCORES]:
            raise ValueError(f"member {place} has the outputs {outputs}, expected [{SCORES!r}]")
        for given in model.graph.input:
            known = inputs.setdefault(given.name, given)
            if known.SerializeToString() != given.SerializeToString():
                raise ValueError(f"member {place} declares the input {given.name!r} differently")
        for entry in model.metadata_props:
            if graph.metadata.setdefault(entry.key, entry.value) != entry.value:
                raise ValueError(f"member {place} says otherwise of {entry.key!r}")
        tensors.append(_add(graph, model.graph, f"m{place}_"))
    order = {"numbers": 0, "strings": 1, "times": 2}
    graph.inputs.extend(inputs[key] for key in sorted(inputs, key=lambda key: (order.get(key, 3), key)))
    return graph, tensors


def _add(graph: GraphBuilder, member: onnx.GraphProto, prefix: str) -> str:
    """Add the member's nodes and constants under the prefix; the prefixed name of its output."""
    shared = {given.name for given in member.input}

    def renamed(tensor: str) -> str:
        return tensor if tensor == "" or tensor in shared else prefix + tensor

    for constant in member.initializer:
        copy = onnx.TensorProto()
        copy.CopyFrom(constant)
        copy.name = renamed(constant.name)
        graph.initializers.append(copy)
    for node in member.node:
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise ValueError(f"the node {node.op_type} holds a graph of its own, which joining does not know")
        moved = onnx.NodeProto()
        moved.CopyFrom(node)
        moved.name = ""
        for names in (moved.input, moved.output):
            new = [renamed(tensor) for tensor in names]
            del names[:]
            names.extend(new)
        graph.nodes.append(moved)
    return renamed(SCORES)
