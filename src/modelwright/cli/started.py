"""When this process began, so that a budget covers the start of Python and every import."""

from __future__ import annotations

import time


def process_started() -> float:
    """The start of this process on the monotonic clock, in seconds; now, where the system does not tell."""
    try:
        import psutil

        return time.monotonic() - max(0.0, time.time() - psutil.Process().create_time())
    except Exception:  # an odd platform must not cost the run
        return time.monotonic()
