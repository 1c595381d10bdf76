"""What scripts call: ``modelwright.run`` and ``modelwright.load``."""

from __future__ import annotations

import sys
import time
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.core.stage import Say
    from modelwright.goal.goal import Goal
    from modelwright.lifecycle.run import Run
    from modelwright.runtime import Model
    from modelwright.runtime.bundle import Bundle


def run(
    goal: Goal | str | PathLike[str] | None = None,
    *,
    runs: str | PathLike[str] = "runs",
    quiet: bool = True,
    say: Say | None = None,
    force_release: bool = False,
    **keys: Any,
) -> Run:
    """Carry out the whole lifecycle of a goal: a :class:`Goal`, the path of a goal file, or its keys.

    ``runs`` is the folder in which the run gets a folder of its own; ``quiet=False`` tells of each stage on
    standard error, ``say(event, **facts)`` hears every event instead. ``force_release`` releases whatever
    the verdict. Returns a :class:`Run`: its ``verdict``, ``bundle``, ``report``, ``path``, ``leaderboard``.
    Raises :class:`~modelwright.core.errors.BadInput` for a goal or data that cannot work and
    :class:`~modelwright.core.errors.Stopped` when it was stopped from outside.

    >>> import tempfile, modelwright as mw
    >>> rows = {"size": [n % 40 for n in range(160)], "rooms": [n % 7 for n in range(160)]}
    >>> rows["price"] = [s + 20 * r + n % 16 for n, (s, r) in enumerate(zip(rows["size"], rows["rooms"]))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = mw.run(data={"source": rows, "target": "price"}, success=["r2 >= 0.5"],
    ...                   search={"trials": 1, "families": ["ridge"]}, runs=folder)
    ...     done.verdict, round(float(mw.load(done).predict({"size": 10, "rooms": 3})[0]), -1)
    ('met', 80.0)
    """
    from modelwright.core.errors import BadInput
    from modelwright.core.stage import say_nothing
    from modelwright.goal.goal import Goal
    from modelwright.lifecycle.run import start

    began = time.monotonic()
    if goal is not None and keys:
        raise BadInput(
            f"a goal was given and also the keys {', '.join(sorted(keys))}",
            code="goal.twice",
            hint="give a Goal, a path, or the goal's keys: Goal(data=..., success=...)",
        )
    if goal is None:
        goal = Goal(**keys)
    elif not isinstance(goal, Goal):
        goal = Goal.load(Path(goal))
    listener = say or (say_nothing if quiet else _lines)
    return start(goal, Path(runs), say=listener, started_at=began, force_release=force_release)


def load(
    bundle: str | PathLike[str] | Bundle | Run | None,
    *,
    runs: str | PathLike[str] = "runs",
    trust: str | None = None,
) -> Model:
    """The model of a bundle: its folder, a run or a run's folder, the name of a goal (its newest release in
    ``runs``), or a bundle in memory.

    ``trust`` is the ed25519 public key (64 hexadecimal digits) that must have signed it. Raises
    :class:`~modelwright.core.errors.BadBundle` where a file is damaged and
    :class:`~modelwright.core.errors.BadInput` where nothing was released.
    """
    from modelwright.core.errors import BadInput
    from modelwright.runtime import Model
    from modelwright.runtime import load as load_folder
    from modelwright.runtime.bundle import Bundle

    if isinstance(bundle, Bundle):
        return Model(bundle)
    from modelwright.lifecycle.predict import find_bundle
    from modelwright.lifecycle.run import Run

    if isinstance(bundle, Run):
        return load_folder(find_bundle(str(bundle.path), Path(runs)), trust=trust)
    if bundle is None:
        raise BadInput(
            "there is no bundle: the run released nothing",
            code="bundle.not-released",
            hint="the report says why; mw.run(..., force_release=True) releases whatever the verdict",
        )
    return load_folder(find_bundle(str(bundle), Path(runs)), trust=trust)


def _lines(event: str, **facts: Any) -> None:
    """One plain line for each finished stage."""
    if event == "stage done":
        print(f"{facts['stage']:<10} {facts['seconds']:.2f}s", file=sys.stderr, flush=True)
