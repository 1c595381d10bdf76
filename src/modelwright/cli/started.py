"""When this process began, so that a budget covers the start of Python and every import."""

from __future__ import annotations

import os
import time

MOST = 30.0
"""Seconds; a start further back than this is a fault of the clocks, not of a slow import."""


def process_started() -> float:
    """The start of this process on the monotonic clock, in seconds; now, where the system does not tell.

    Linux counts a process's start in ticks since boot, so both ends are read from the same clock (wall clocks
    of virtual machines drift by seconds).
    """
    now = time.monotonic()
    try:
        with open("/proc/self/stat", encoding="ascii") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return now
    return now - age if 0.0 <= age <= MOST else now
