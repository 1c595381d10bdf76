"""int8 in place of float32 where networks multiply: smaller, often quicker, measured before it is believed.

Static quantisation by onnxruntime (QDQ; Jacob et al., 2018): the ranges of what flows through the network
come from training rows, weights are quantised by channel. Only convolutions and matrix products are touched;
media come in and answers go out as before, and everything around the networks (recipes, calibration, the
threshold) keeps its precision.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from modelwright.features.typed import Typed
from modelwright.graph.session import session

OPERATORS = ("Conv", "Gemm", "MatMul")
CALIBRATION_ROWS = 128
"""Rows from which the ranges are taken."""


def worth_it(graph: bytes) -> bool:
    """Whether there is a network in it: a convolution, or a matrix of 200,000 weights."""
    model = onnx.load_from_string(graph).graph
    if any(node.op_type == "Conv" for node in model.node):
        return True
    large = {w.name for w in model.initializer if int(np.prod(w.dims)) >= 200_000}
    return any(node.op_type in OPERATORS and large.intersection(node.input) for node in model.node)


def quantised(graph: bytes, typed: Typed) -> bytes:
    """``graph`` in int8, its ranges calibrated on ``typed`` (training rows)."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    rows = typed.take(slice(0, CALIBRATION_ROWS))
    runner = session(graph)
    wanted = {value.name for value in runner.get_inputs()}
    feeds = {name: value for name, value in rows.feeds().items() if name in wanted}
    feeds = runner.fed(feeds) if hasattr(runner, "fed") else feeds
    root = logging.getLogger()
    level = root.level
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice about its own preparation
        root.setLevel(logging.ERROR)
        try:
            whole, ready, made = (Path(folder) / f"{name}.onnx" for name in ("whole", "ready", "made"))
            whole.write_bytes(graph)
            quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready),
                str(made),
                _Rows(feeds, rows.rows),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(OPERATORS),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            model = onnx.load(str(made))
        finally:
            root.setLevel(level)
    used = {node.domain for node in model.graph.node} | {""}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return bytes(model.SerializeToString(deterministic=True))


class _Rows:
    """Feeds for the calibration, a few rows at a time."""

    AT_ONCE = 16

    def __init__(self, feeds: dict[str, npt.NDArray[Any]], rows: int) -> None:
        self.feeds, self.rows, self.place = feeds, rows, 0

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        if self.place >= self.rows:
            return None
        start, self.place = self.place, self.place + self.AT_ONCE
        return {name: value[start : self.place] for name, value in self.feeds.items()}

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> dict[str, npt.NDArray[Any]]:
        some = self.get_next()
        if some is None:
            raise StopIteration
        return some

    def set_range(self, start_index: int, end_index: int) -> None:
        """Of onnxruntime's reader of calibration rows."""
        self.place, self.rows = start_index, end_index

    def __len__(self) -> int:
        return self.rows
