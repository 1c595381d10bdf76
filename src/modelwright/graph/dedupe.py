"""The same thing computed once: equal constants and equal nodes of a graph become one.

Two nodes are equal when their operator, attributes and inputs are (common-subexpression elimination); none
of the operators in use has state or randomness. Members of an ensemble that share a recipe share its nodes
this way. ``Identity`` is seen through, and what nothing uses is left out. Order is kept, so the same graph
gives the same bytes.
"""

from __future__ import annotations

import onnx

from modelwright.graph.builder import GraphBuilder

RANDOM = ("RandomNormal", "RandomUniform", "Multinomial", "Bernoulli", "Dropout")


def dedupe(graph: GraphBuilder, keep: list[str]) -> list[str]:
    """Shrink ``graph`` in place. ``keep`` are tensors that are wanted; returns their names afterwards.

    Nodes come in an order in which what they read is made before; that holds for what builders make.
    """
    alias: dict[str, str] = {}
    outputs = {output.name for output in graph.outputs}

    constants: dict[bytes, str] = {}
    initializers: list[onnx.TensorProto] = []
    for constant in graph.initializers:
        bare = onnx.TensorProto()
        bare.CopyFrom(constant)
        bare.name = ""
        first = constants.setdefault(bare.SerializeToString(deterministic=True), constant.name)
        if first == constant.name:
            initializers.append(constant)
        else:
            alias[constant.name] = first

    known: dict[bytes, list[str]] = {}
    nodes: list[onnx.NodeProto] = []
    for node in graph.nodes:
        _rename(node, alias)
        if node.op_type == "Identity" and node.output[0] not in outputs:
            alias[node.output[0]] = node.input[0]
            continue
        made = list(node.output)
        if node.op_type.startswith(RANDOM) or outputs & set(made):
            nodes.append(node)
            continue
        first_made = known.setdefault(_content(node), made)
        if first_made is made:
            nodes.append(node)
        else:
            alias.update(zip(made, first_made, strict=True))

    kept = [_seen_through(tensor, alias) for tensor in keep]
    wanted = set(kept) | outputs
    alive: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted.update(node.input)
            alive.append(node)
    graph.nodes = alive[::-1]
    graph.initializers = [constant for constant in initializers if constant.name in wanted]
    graph.forget()
    return kept


def _seen_through(tensor: str, alias: dict[str, str]) -> str:
    while tensor in alias:
        tensor = alias[tensor]
    return tensor


def _rename(node: onnx.NodeProto, alias: dict[str, str]) -> None:
    new = [_seen_through(tensor, alias) for tensor in node.input]
    del node.input[:]
    node.input.extend(new)


def _content(node: onnx.NodeProto) -> bytes:
    """What makes two nodes the same: all but the names of the node and its outputs, attributes by name."""
    bare = onnx.NodeProto()
    bare.op_type, bare.domain = node.op_type, node.domain
    bare.input.extend(node.input)
    bare.output.extend("" for _ in node.output)
    bare.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    return bytes(bare.SerializeToString(deterministic=True))
