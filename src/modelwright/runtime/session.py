"""Opening a graph in onnxruntime, the way it is opened wherever the product predicts."""

from __future__ import annotations

from typing import Any

import onnxruntime as ort

from modelwright.core.errors import BadBundle
from modelwright.runtime.pieces import with_pieces


def open_graph(graph: bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` on the processor with one thread, which is fed what the signature
    names (:mod:`modelwright.runtime.pieces`). Raises :class:`BadBundle` for what is no graph.

    One thread a call: a pool costs a single row more than it gives, and batches are parted by the caller.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime has an exception type of its own for each status; all of them mean the same here.
        raise BadBundle(
            f"model.onnx cannot be loaded by onnxruntime {ort.__version__}: {str(error).splitlines()[0]}",
            code="bundle.graph",
            hint="install the version of onnxruntime that model.json names under versions, or a newer one",
        ) from error
    return with_pieces(session)
