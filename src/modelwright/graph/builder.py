"""Building one ONNX graph by hand: names, constants, nodes, and nothing hidden.

Every part of a model (recipe operations, families, calibration) adds its nodes to a ``GraphBuilder`` and
returns the name of the tensor it made, so that joining parts is passing a name on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
"""ai.onnx opset: the first with StringSplit, run by onnxruntime 1.17 and newer."""
ML_OPSET = 3
"""ai.onnx.ml opset: the classical tree operators, which every runtime knows."""
IR_VERSION = 9

DTYPES: dict[str, int] = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


class GraphBuilder:
    """An ONNX graph under construction. Tensors are named by strings; names are made unique here."""

    def __init__(self, name: str = "modelwright") -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.memo: dict[Any, Any] = {}
        """What parts of one graph may share: a part looks here before it adds nodes of its own."""
        self.metadata: dict[str, str] = {}
        """What the finished model says of itself beside its graph."""
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._count = 0

    def unique(self, hint: str) -> str:
        self._count += 1
        return f"{hint}_{self._count}"

    def input(self, name: str, dtype: str, *shape: int) -> str:
        """A graph input of shape [N, *shape]."""
        self.inputs.append(helper.make_tensor_value_info(name, DTYPES[dtype], ["N", *shape]))
        return name

    def output(self, tensor: str, name: str, dtype: str, columns: int | None) -> None:
        """Give ``tensor`` out as ``name``, of shape [N, columns], or [N] when ``columns`` is None."""
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        shape: list[str | int] = ["N"] if columns is None else ["N", columns]
        self.outputs.append(helper.make_tensor_value_info(name, DTYPES[dtype], shape))

    def constant(self, value: npt.ArrayLike, dtype: str, hint: str = "c") -> str:
        """An initializer; the same value twice is stored once."""
        if dtype == "string":
            array = np.asarray(value, dtype=object)
            content = repr(array.ravel().tolist()).encode()
        else:
            array = np.array(value, dtype=dtype, order="C")  # a scalar stays one
            content = array.tobytes()
        key = (dtype, tuple(array.shape), content)
        if key not in self._constants:
            name = self.unique(hint)
            if dtype == "string":
                values = [text.encode() for text in array.ravel().tolist()]
                tensor = helper.make_tensor(name, TensorProto.STRING, list(array.shape), values)
            else:
                tensor = numpy_helper.from_array(array, name)
            self.initializers.append(tensor)
            self._constants[key] = name
        return self._constants[key]

    def node(self, op: str, inputs: Sequence[str], *, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        return self.nodes_out(op, inputs, 1, domain=domain, **attributes)[0]

    def nodes_out(
        self, op: str, inputs: Sequence[str], outputs: int, *, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs; returns their names."""
        names = [self.unique(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attributes))
        return names

    def forget(self) -> None:
        """Share nothing that was made before: for when nodes and constants were moved or removed."""
        self.memo.clear()
        self._constants.clear()

    def build(self) -> onnx.ModelProto:
        """The finished model, checked by onnx. The same calls give the same bytes."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
            producer_name="modelwright",
        )
        model.ir_version = IR_VERSION
        if self.metadata:
            helper.set_model_props(model, dict(sorted(self.metadata.items())))
        onnx.checker.check_model(model)
        return model
