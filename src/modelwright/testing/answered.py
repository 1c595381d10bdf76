"""A live model without a server: what a server would have answered and logged, through the same doors.

For tests of what comes after serving: watching, learning, deciding.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.goal.goal import Goal
from modelwright.lifecycle.run import Run, start
from modelwright.live import deployment, settings
from modelwright.live.entries import Feedback, Prediction, Role
from modelwright.live.log.journal import Journal
from modelwright.live.place import Place
from modelwright.runtime import load

if TYPE_CHECKING:
    import polars as pl

START = 1_760_000_000_000_000


def table(rows: int, seed: int, *, turned: bool = False) -> pl.DataFrame:
    """The class follows from ``a`` nearly always; with ``turned``, from ``b``; ``site`` says nothing."""
    import polars as pl

    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows).round(4), rng.normal(size=rows).round(4)
    y = np.where((b if turned else a) + 0.6 * rng.normal(size=rows) > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "site": rng.choice(["north", "south"], rows), "y": y})


def goal(source: Any, **keys: Any) -> Goal:
    asked: dict[str, Any] = {
        "name": "toy",
        "success": ["accuracy >= 0.7"],
        "search": {"trials": 1, "families": ["toy"]},
    }
    data = {"source": source, "target": "y", **keys.pop("data", {})}
    return Goal(data=data, **(asked | keys))


def serve(run: Run, folder: Path, **log: Any) -> Place:
    """The place of a live model that serves the run's bundle."""
    place = Place.of(folder / "live", "toy")
    kept = settings.Settings("toy", runs=str(run.path.parent), log=settings.LogSettings(**log))
    settings.write(place, kept)
    assert run.bundle is not None
    deployment.deploy(place, deployment.add_version(place, run.bundle), "first")
    return place


def answer(
    place: Place,
    rows: pl.DataFrame,
    *,
    version: str | None = None,
    role: Role = "champion",
    ids: Sequence[str] | None = None,
    target: str = "y",
    told: bool = True,
    begin: int = START,
    also: Sequence[str] = (),
) -> list[str]:
    """Answer the rows with a version (the champion's), log that, and log their outcomes as feedback.

    Ids follow from ``begin`` where they are not given, so that the sides of rows are the same in each run.
    """
    version = version or deployment.read(place).champion
    model = load(place.bundle(version), threads=1)
    names = [*model.signature.names, *also]
    made = model.predict_all(rows)
    ids = ids or [f"{begin:x}-{i:06d}" for i in range(rows.height)]
    entries: list[Prediction | Feedback] = []
    for i, (one, row) in enumerate(zip(ids, rows.iter_rows(named=True), strict=True)):
        shares = tuple(float(p) for p in made["probabilities"][i]) if model.classes else None
        said = str(made["prediction"][i]) if model.classes else float(made["prediction"][i])
        name = f"{one}.s" if role == "shadow" else one
        inputs = {name: row[name] for name in names if name in row}
        at = begin + 1_000_000 * i
        entries.append(Prediction(name, at, version, role, inputs, said, shares))
        if told and role != "shadow":
            entries.append(Feedback(one, at + 500, row[target]))
    journal = Journal(place.journal, f"test-{secrets.token_hex(4)}")
    journal.append(entries)
    journal.close()
    return list(ids)


def served(folder: Path, **keys: Any) -> Place:
    """A live model of the toy family, trained on 300 rows."""
    source = folder / "toy.csv"
    table(300, 1).write_csv(source)
    run = start(goal(source, **keys), folder / "runs", inline=True, report=False, force_release=True)
    return serve(run, folder)
