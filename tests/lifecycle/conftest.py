from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.goal.goal import Goal
from modelwright.lifecycle.run import Run, start


def table(rows: int = 240) -> pl.DataFrame:
    """Rows whose class follows from ``a`` nearly always; ``c`` says nothing."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    y = np.where(a + 0.3 * rng.normal(size=rows) > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "c": rng.choice(["u", "v", "w"], rows), "y": y})


def toy_goal(source: Any, **keys: Any) -> Goal:
    """A goal that runs in a second or two: two trials of the toy family, no criterion that takes time."""
    asked = {"name": "toy", "success": ["accuracy >= 0.6"], "search": {"trials": 2, "families": ["toy"]}}
    return Goal(data={"source": source, "target": "y"}, **(asked | keys))


@pytest.fixture(scope="session")
def toy_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("toy") / "toy.csv"
    table().write_csv(path)
    return path


@pytest.fixture(scope="session")
def undisturbed(toy_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that nothing disturbed. Read-only: tests that change a run make their own."""
    return start(
        toy_goal(toy_csv), tmp_path_factory.mktemp("undisturbed") / "runs", inline=True, report=False
    )
