"""A torch module as nodes of the one graph: exported to memory, renamed, copied, and compared with torch.

The tracing exporter of torch (``dynamo=False``) is used because it takes a tenth of a second where the other
takes several, and because what networks here do is the same for every batch. It writes the opset of
:mod:`modelwright.graph.builder`; nodes and weights get fresh names, so that several networks fit into one
graph.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from modelwright.core.errors import Unsupported
from modelwright.graph.builder import OPSET, GraphBuilder
from modelwright.graph.session import session
from modelwright.models.deep.batches import answers

TOLERANCE = 1e-4
"""Largest allowed difference between torch and the graph on the rows given, relative to the largest."""

Arrays = Mapping[str, npt.NDArray[Any]]


def to_onnx(module: torch.nn.Module, example: Arrays) -> onnx.ModelProto:
    """``module`` in evaluation mode as an ONNX model of its own, with any number of rows.

    ``example``: arrays [n, ...] by input name, in the order of the arguments of ``forward``, n at least 1.
    The model's inputs have these names, its one output is ``out``. The module is left as it was.
    """
    names = list(example)
    tensors = tuple(torch.from_numpy(np.ascontiguousarray(example[name])) for name in names)
    plain = copy.deepcopy(module).to("cpu", torch.float32).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter warns of its age and of shapes that a trace takes for constants; the comparison with
        # torch at another number of rows is what shows whether that did harm.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain,
            tensors,
            buffer,  # type: ignore[arg-type]  # takes a file as well, whatever it says
            input_names=names,
            output_names=["out"],
            dynamic_axes={name: {0: "N"} for name in (*names, "out")},
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def add_model(graph: GraphBuilder, model: onnx.ModelProto, inputs: Mapping[str, str]) -> list[str]:
    """Copy the nodes and weights of ``model`` into ``graph``; ``inputs`` gives the tensor for each of its
    inputs. Returns the names of its outputs in ``graph``."""
    names = {"": ""}
    for value in model.graph.input:
        names[value.name] = inputs[value.name]
    for weight in model.graph.initializer:
        names[weight.name] = graph.unique("net")
        kept = onnx.TensorProto()
        kept.CopyFrom(weight)
        kept.name = names[weight.name]
        graph.initializers.append(kept)
    for node in model.graph.node:
        if any(a.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for a in node.attribute):
            raise Unsupported(
                f"the network has a branch or a loop ({node.op_type}) that the graph cannot carry",
                code="deep.export-branch",
                hint="write the network without steps that depend on values or on the number of rows",
            )
        fresh = onnx.NodeProto()
        fresh.op_type, fresh.domain = node.op_type, node.domain
        fresh.attribute.extend(node.attribute)
        fresh.input.extend(names[name] for name in node.input)
        for name in node.output:
            names[name] = graph.unique(node.op_type.lower()) if name else ""
        fresh.output.extend(names[name] for name in node.output)
        graph.nodes.append(fresh)
    return [names[value.name] for value in model.graph.output]


def export(graph: GraphBuilder, module: torch.nn.Module, inputs: Mapping[str, str], example: Arrays) -> str:
    """Add ``module`` to ``graph``; returns the name of its output tensor.

    ``inputs``: the graph's tensor for each input of the module; ``example``: a few rows [n, ...] of each, as
    they come in the graph, on which torch and onnxruntime are compared, all together and the first alone.
    Raises :class:`Unsupported` where they differ by more than :data:`TOLERANCE`.
    """
    takes: Sequence[str] = tuple(getattr(module, "takes", ()) or example)
    given = {name: example[name] for name in takes}
    model = to_onnx(module, given)
    # What no layer uses is no input of the exported model.
    used = {value.name for value in model.graph.input}
    runner = session(model.SerializeToString())
    for rows in (slice(None), slice(0, 1)):
        some = {name: np.ascontiguousarray(array[rows]) for name, array in given.items()}
        shown = runner.run(["out"], {name: array for name, array in some.items() if name in used})[0]
        own = answers(module, some)
        worst = float(np.abs(shown - own).max(initial=0.0)) / max(1.0, float(np.abs(own).max(initial=0.0)))
        if not worst <= TOLERANCE:
            raise Unsupported(
                f"the exported network differs from torch by {worst:.2g}",
                code="deep.export-differs",
                hint="a layer does for other rows than those of its trace something else; please report it",
            )
    return add_model(graph, model, inputs)[0]
