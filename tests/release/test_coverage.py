"""How a target is spread, as the data card tells it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.records.blob import Blob
from modelwright.release import coverage


def told(values: Any, problem: str, classes: tuple[str, ...] = ()) -> str:
    table = Blob.of(pl.DataFrame({"__target__": values}), "table")
    facts: Any = SimpleNamespace(labelled=SimpleNamespace(table=table, problem=problem, classes=classes))
    return coverage.target(facts)


def test_a_number_is_told_without_its_extremes() -> None:
    text = told(np.concatenate([np.arange(1000.0), [987654.0]]), "regression")
    assert "| 1% are below |" in text
    assert "987" not in text
    assert "| 500 |" in text


def test_classes_come_with_the_commonest_first() -> None:
    text = told([0, 1, 1, 1], "binary", ("no", "yes"))
    assert text.splitlines()[2:] == ["| yes | 3 | 75.0% |", "| no | 1 | 25.0% |"]
