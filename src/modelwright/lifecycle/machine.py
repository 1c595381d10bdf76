"""What this machine lends to a run."""

from __future__ import annotations

import os
import resource
import sys


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int:
    """Bytes that are free now, less a tenth for the rest of the machine."""
    import psutil

    return int(psutil.virtual_memory().available * 0.9)


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
