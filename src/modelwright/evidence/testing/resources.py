"""What a prediction costs: calls timed one by one, bytes, seconds of fitting."""

from __future__ import annotations

import gc
import time

import numpy as np
import numpy.typing as npt

from modelwright.evidence.testing.answers import Opened, Oracle

CALLS = 600
"""Enough for a bounded interval of the 99th percentile (368 at 95%)."""
WARM = 50


def time_calls(oracle: Oracle, rows: Opened, calls: int = CALLS) -> npt.NDArray[np.float64]:
    """Seconds of single-row predictions, typed columns to answer, in this process on one thread: [calls].

    The rows are real and different, so that no cache makes the second call cheaper than a user's."""
    if rows.rows == 0:
        return np.empty(0)
    singles = [rows.typed.take(slice(i % rows.rows, i % rows.rows + 1)) for i in range(min(calls, rows.rows))]
    for i in range(WARM):
        oracle.outputs_of(singles[i % len(singles)])
    collected = gc.isenabled()
    gc.disable()
    try:
        seconds = np.empty(calls)
        for i in range(calls):
            row = singles[i % len(singles)]
            began = time.perf_counter()
            oracle.outputs_of(row)
            seconds[i] = time.perf_counter() - began
    finally:
        if collected:
            gc.enable()
    return seconds
