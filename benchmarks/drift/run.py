"""Alarms on made-up traffic: how often false, how soon right, and the same beside two peers' defaults.

    .venv/bin/python benchmarks/drift/run.py PART [--streams N] [--part K/M] [--quick]

PART: ``stable`` (false alarms), ``planted`` (shifts), ``assumed`` (what rows that depend on each other do),
``listing`` (what cells made of the reference's own rows do), ``product`` (the live monitor as it stands),
``beside`` (our tests on the peers' streams), ``peers`` (both peers; give their Pythons by --evidently and
--nannyml), ``table`` (sum up what is journalled), ``all`` (everything but the peers). Results are journalled
line by line, so that a run may be stopped, go on, and be shared out by --part. ``--quick``: a few streams of
each, not written into the results.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from assumed import assumed
from journal import work
from listing import listing
from ours import alarm_row, first_alarms
from plan import DAYS, RATES, beside_worlds, planted_worlds, stable_worlds
from product import product
from table import write
from world import World

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "what",
        choices=("stable", "planted", "assumed", "listing", "product", "beside", "peers", "table", "all"),
    )
    parser.add_argument("--streams", type=int, default=None, help="streams of each setting")
    parser.add_argument("--part", default="1/1", help="K/M: every M-th stream, beginning with the K-th")
    parser.add_argument("--quick", action="store_true", help="a few streams of each")
    parser.add_argument("--evidently", default="", help="a Python that has evidently")
    parser.add_argument("--nannyml", default="", help="a Python that has nannyml")
    asked = parser.parse_args()
    quick = "quick-" if asked.quick else ""

    def many(usual: int, few: int) -> int:
        return int(asked.streams or (few if asked.quick else usual))

    if asked.what in ("stable", "all"):
        jobs = ((key, (w, rhythm)) for key, w, rhythm in stable_worlds(many(1000, 20)))
        work(f"{quick}stable", asked.part, jobs, _stable)
    if asked.what in ("planted", "all"):
        work(f"{quick}planted", asked.part, planted_worlds(many(20, 2)), _planted)
    if asked.what in ("assumed", "all"):
        work(f"{quick}assumed", asked.part, assumed(many(200, 10)), lambda do: do())
    if asked.what in ("listing", "all"):
        work(f"{quick}listing", asked.part, listing(many(400, 10)), lambda do: do())
    if asked.what in ("product", "all"):
        work(f"{quick}product", asked.part, product(many(600, 3)), lambda do: do())
    if asked.what in ("beside", "all"):
        work(f"{quick}beside", asked.part, beside_worlds(many(200, 3), many(50, 2)), _beside)
    if asked.what == "peers":
        for name, python in (("evidently", asked.evidently), ("nannyml", asked.nannyml)):
            if python:
                script = str(HERE / f"peer_{name}.py")
                sizes = [str(many(10, 1)), str(many(5, 1)), asked.part]
                # Neither is to report home that it was used.
                quiet = {**os.environ, "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
                subprocess.run([python, script, *sizes], check=True, env=quiet)
    if asked.what in ("table", "all") and not asked.quick:
        write()


def _stable(job: tuple[World, str]) -> dict[str, Any]:
    world, rhythm = job
    first, most = first_alarms(world, RATES, looks(world, rhythm))
    return {
        "reference": world.reference,
        "columns": len(world.kinds),
        "rows": world.rows,
        "dependence": world.dependence,
        "rhythm": rhythm,
        "alarms": {str(rate): row for rate, row in first.items()},
        "strongest": max(most, key=lambda name: most[name]),
        "most": round(max(most.values()), 3),
    }


def looks(world: World, rhythm: str) -> npt.NDArray[np.int64]:
    """After how many rows somebody looks."""
    if rhythm == "once":
        return np.array([world.rows])
    if rhythm == "every row":
        return np.arange(1, world.rows + 1)
    if rhythm == "at random":
        rng = np.random.default_rng(world.seed)
        return np.unique([*rng.integers(1, world.rows + 1, size=60), world.rows])
    times = DAYS if rhythm == "daily" else DAYS * 24
    return np.unique(np.arange(1, times + 1) * world.rows // times)


def _planted(world: World) -> dict[str, Any]:
    struck = tuple(world.names[i] for i in world.shift.where)
    row, stream = alarm_row(world, RATES[1], struck)
    return {
        "kind": world.shift.kind,
        "size": world.shift.size,
        "reference": world.reference,
        "start": world.shift.start,
        "after": None if row is None else row - world.shift.start,
        "stream": stream if stream == "joint" or not stream else "column",
    }


def _beside(world: World) -> dict[str, Any]:
    per_day = world.rows // DAYS
    first, _ = first_alarms(world, RATES, np.arange(1, DAYS + 1) * per_day)
    return {"day": {str(rate): None if row is None else row // per_day - 1 for rate, row in first.items()}}


if __name__ == "__main__":
    main()
