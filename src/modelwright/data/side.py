"""Columns of long tables looked at side by side: polars and numpy let other threads go on meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")

LONG = 100_000
"""Rows from which it pays: work on shorter columns is mostly Python's own, done by one thread at a time."""
MOST = 4
"""Columns at once: each takes memory of its own."""


def by_side(do: Callable[[Thing], Made], things: Sequence[Thing], rows: int) -> Iterator[Made]:
    """What ``do`` makes of each thing, in their order, whatever ends first; so an error is that of the first
    thing that has one. ``do`` must change nothing that it shares."""
    threads = min(MOST, _cores())
    if rows < LONG or threads < 2 or len(things) < 2:
        yield from map(do, things)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="columns") as pool:
        try:
            yield from pool.map(do, things)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _cores() -> int:
    """Those that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
