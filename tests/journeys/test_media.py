"""Images, sounds and series from a frame to a model in use, through the public doors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import modelwright as mw
from modelwright.testing import media_tables

FRAMES: dict[str, tuple[Any, str]] = {
    "image": (media_tables.pictures, "where"),
    "audio": (media_tables.sounds, "when"),
    "series": (media_tables.traces, "rises"),
}


# A whole run with workers, 15 seconds each.
@pytest.mark.slow
@pytest.mark.parametrize("kind", FRAMES)
def test_a_run_on_media_reaches_a_bundle_that_predicts(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("PIL" if kind == "image" else "soundfile", reason="an extra reads the files")
    made, target = FRAMES[kind]
    goal = mw.Goal(
        name=kind,
        data={"source": made(200, 0), "target": target},
        search={"families": ["toy_media"], "trials": 1},
        budget={"cores": 1},
    )
    run = mw.run(goal, runs=tmp_path / "runs")
    assert run.verdict == "met"
    new: pl.DataFrame = made(40, 1)
    model = mw.load(run.bundle)
    assert (model.predict(new) == new[target].to_numpy()).mean() >= 0.95

    # Nothing of a cell is told anywhere: neither in the bundle, nor in evidence, report and tables.
    manifest, reference = (
        json.loads((run.bundle / name).read_text()) for name in ("model.json", "reference.json")
    )
    (about,) = (column for column in manifest["inputs"] if column["kind"] == kind)
    assert about["form"]
    entry = reference["columns"][about["name"]]
    assert entry["kind"] == kind
    assert all(len(held["counts"]) <= 21 for held in entry["measures"].values())
    assert (run.bundle / "reference.json").stat().st_size < 40_000
    for line in (run.path / "evidence.jsonl").read_text().splitlines():
        assert not _long_list(json.loads(line)), line[:300]
    card = (run.bundle / "MODEL_CARD.md").read_text()
    assert about["name"] in card
    told = (run.path / "evidence.jsonl").read_text().splitlines()
    assert any('"importance"' in line and about["name"] in line for line in told)


def _long_list(value: Any, most: int = 120) -> bool:
    """Whether a list of numbers is as long as a cell, anywhere inside."""
    if isinstance(value, dict):
        return any(_long_list(one, most) for one in value.values())
    if isinstance(value, list):
        numbers = sum(isinstance(one, (int, float)) for one in value)
        return numbers > most or any(_long_list(one, most) for one in value)
    return False
