"""int8 in place of float32 where networks multiply: smaller, often quicker, measured before it is believed.

Static quantisation by onnxruntime (QDQ; Jacob et al., 2018): the ranges of what flows through the network
come from training rows, weights are quantised by channel. Only convolutions and matrix products are touched;
media come in and answers go out as before, and everything around the networks (recipes, calibration, the
threshold) keeps its precision.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.features.typed import Typed
from modelwright.graph.session import session

OPERATORS = ("Conv", "Gemm", "MatMul")
CALIBRATION_ROWS = 128
"""Rows from which the ranges are taken."""
ALLOWED = 0.01
"""Part of the held-out score that int8 may cost."""
CALLS = 60
"""Single rows that are timed, each with another row."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A graph as it was measured on held-out rows."""

    bytes: int
    right: float
    """Share of rows whose label is right; for numbers, minus the root of the mean squared error."""
    log_loss: float
    """For numbers NaN."""
    single_ms: float
    """Median time of a single row."""


def settle(
    graph: bytes,
    calibration: Typed,
    held: Typed,
    y: npt.NDArray[Any],
    asked: bool,
    book: Book,
) -> tuple[bytes, bool]:
    """The graph that ships, and whether it is in int8: where the goal asks for it and the held-out score
    falls by no more than :data:`ALLOWED`. Both graphs are measured, and shown side by side."""
    before = measured(graph, held, y)
    small = quantised(graph, calibration)
    after = measured(small, held, y)
    number = np.isnan(before.log_loss)
    book.table(
        Table(
            "quantised",
            "Networks with 8-bit numbers",
            (
                "graph",
                "bytes",
                "root of mean squared error" if number else "accuracy",
                "log loss",
                "ms a row",
            ),
            tuple(
                (name, m.bytes, abs(m.right), None if number else m.log_loss, m.single_ms)
                for name, m in (("float32", before), ("int8", after))
            ),
            note=f"On {held.rows:,} held-out rows, which networks fitted on all rows have learned from; "
            "single rows on one thread. Ranges are those of "
            f"{min(CALIBRATION_ROWS, calibration.rows)} training rows.",
        )
    )
    keeps = after.right >= before.right - ALLOWED * abs(before.right)
    if asked and not keeps:
        book.finding(
            "release.int8-loses",
            "warning",
            f"in int8 the held-out score goes from {abs(before.right):.4g} to {abs(after.right):.4g}, so the "
            "network ships in float32",
            "leave `release.int8` out, or allow a larger network",
        )
    return (small, True) if asked and keeps else (graph, False)


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
    wanted = {value.name for value in session(graph).get_inputs()}
    feeds = {name: value for name, value in rows.feeds().items() if name in wanted}
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


def measured(graph: bytes, typed: Typed, y: npt.NDArray[Any]) -> Measured:
    """The graph on held-out rows: ``y`` int64 [n] class codes, or float64 [n]."""
    runner = session(graph)
    outputs = [output.name for output in runner.get_outputs()]
    wanted = {value.name for value in runner.get_inputs()}

    def answers(which: slice) -> dict[str, npt.NDArray[Any]]:
        feeds = {name: value for name, value in typed.take(which).feeds().items() if name in wanted}
        return dict(zip(outputs, runner.run(outputs, feeds), strict=True))

    parts = [answers(slice(start, start + 256)) for start in range(0, typed.rows, 256)]
    if "probabilities" in outputs:
        chances = np.concatenate([part["probabilities"] for part in parts]).astype(np.float64)
        labels = np.concatenate([part["label"] for part in parts])
        right = float((labels == y).mean())
        loss = float(-np.log(np.clip(chances[np.arange(len(y)), y], 1e-15, None)).mean())
    else:
        values = np.concatenate([part["value"] for part in parts]).astype(np.float64).ravel()
        right, loss = -float(np.sqrt(((values - y) ** 2).mean())), float("nan")
    times = []
    for row in range(min(CALLS, typed.rows)):
        one = {n: v for n, v in typed.take(slice(row, row + 1)).feeds().items() if n in wanted}
        began = time.perf_counter()
        runner.run(outputs, one)
        times.append(time.perf_counter() - began)
    return Measured(len(graph), right, loss, float(np.median(times)) * 1e3)
