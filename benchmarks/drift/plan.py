"""What is measured: the worlds of each part, each with a key of its own. The peers read this too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from world import PLAIN, TEN, Shift, World, stable

RATES = (0.05, 0.01)
RHYTHMS = ("once", "daily", "hourly", "at random", "every row")

# Kind, sizes, columns of TEN. The correlation of a column with its group is broken, and nothing else changes.
PLANTED: tuple[tuple[str, tuple[float, ...], tuple[int, ...]], ...] = (
    ("mean", (0.1, 0.25, 0.5, 1.0), (0,)),
    ("scale", (0.67, 1.25, 1.5, 2.0), (0,)),
    ("missing", (0.01, 0.05, 0.2), (1,)),
    ("new", (0.002, 0.01, 0.05), (2,)),
    ("mix", (0.1, 0.3), (2,)),
    ("correlation", (0.5, 1.0), (0, 3)),
    ("gradual", (1.0,), (0,)),
)
STARTS = (0, 20_000)
AFTER = 10_000
"""Rows that a planted shift may take to be found."""

DAYS, HALF = 30, 15
"""Beside the peers: days, and the day before which planted worlds are stable."""
SIZES = ((1000, 200), (5000, 200), (5000, 1000), (20_000, 1000))
"""Reference rows and rows a day."""
BESIDE: tuple[tuple[str, float, tuple[int, ...]], ...] = (
    ("mean", 0.25, (0,)),
    ("mean", 0.5, (0,)),
    ("scale", 1.5, (0,)),
    ("missing", 0.05, (1,)),
    ("new", 0.03, (2,)),
    ("mix", 0.3, (2,)),
    ("correlation", 1.0, (0, 3)),
    ("gradual", 1.0, (0,)),
)


def stable_worlds(streams: int) -> Iterator[tuple[str, World, str]]:
    """Key, world, rhythm of looking."""
    for seed in range(streams):
        world = stable(seed)
        rhythm = RHYTHMS[seed % len(RHYTHMS)]
        work = world.rows * len(world.kinds)
        if (rhythm == "every row" and work > 20_000) or (rhythm == "hourly" and len(world.kinds) > 20):
            rhythm = "at random"  # so many small updates would take minutes
        yield f"stable {seed}", world, rhythm


def planted_worlds(streams: int) -> Iterator[tuple[str, World]]:
    for kind, sizes, where in PLANTED:
        for size in sizes:
            for reference in (500, 5000):
                for start in STARTS:
                    for n in range(streams):
                        shift = Shift(kind, size, start, where, over=AFTER if kind == "gradual" else 0)
                        seed = 100_000 + n
                        yield (
                            f"{kind} {size} ref {reference} start {start} world {n}",
                            World(seed, TEN, reference, start + AFTER, 0.6, shift),
                        )


def beside_worlds(stable_streams: int, planted_streams: int) -> Iterator[tuple[str, World]]:
    """Ten plain columns, 30 days: the streams on which the peers are run, a look a day."""
    for n in range(stable_streams):
        for reference, per_day in SIZES:
            yield (
                f"none ref {reference} day {per_day} world {n}",
                World(200_000 + n, PLAIN, reference, DAYS * per_day, 0.6),
            )
    reference, per_day = SIZES[-1]
    for n in range(planted_streams):
        for kind, size, where in BESIDE:
            over = (DAYS - HALF) * per_day if kind == "gradual" else 0
            world = World(300_000 + n, PLAIN, reference, DAYS * per_day, 0.6)
            shift = Shift(kind, size, HALF * per_day, where, over)
            yield f"{kind} {size} ref {reference} day {per_day} world {n}", replace(world, shift=shift)
