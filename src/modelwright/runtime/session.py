"""Opening a graph in onnxruntime, the way it is opened wherever the product predicts."""

from __future__ import annotations

import onnxruntime as ort

from modelwright.core.errors import BadBundle


def open_graph(graph: bytes) -> ort.InferenceSession:
    """A session on the processor with one thread. Raises :class:`BadBundle` for what is no graph.

    One thread a call: a pool costs a single row more than it gives, and batches are parted by the caller.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime has an exception type of its own for each status; all of them mean the same here.
        raise BadBundle(
            f"model.onnx cannot be loaded by onnxruntime {ort.__version__}: {str(error).splitlines()[0]}",
            code="bundle.graph",
            hint="install the version of onnxruntime that model.json names under versions, or a newer one",
        ) from error
