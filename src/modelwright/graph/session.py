"""Sessions of onnxruntime for checking graphs: one thread, quiet, on the processor."""

from __future__ import annotations

from typing import Any

import onnxruntime

from modelwright.runtime.pieces import with_pieces


def session(model: bytes, threads: int = 1) -> Any:
    """An ``onnxruntime.InferenceSession`` of the model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return with_pieces(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))
