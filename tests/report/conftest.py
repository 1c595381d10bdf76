"""Folders of runs made of real records, as the runner would leave them."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modelwright.core.codec import encode
from modelwright.core.records.evidence import Figure
from modelwright.core.records.models import FitRow


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sample = _beside("sample_records")
evidence = _beside("sample_evidence").evidence

GOAL = """name: income
problem: binary
data:
  source: adult.csv
  target: income
  positive: ">50K"
  sensitive: [sex]
success: [roc_auc >= 0.9, recall >= 0.6 by sex, latency_p99 <= 20ms, size <= 50MB]
accept: {imbalance: "the classes are so in the population"}
budget: 60s
seed: 7
"""

STEPS = (
    "define problem,define objectives,gather requirements,collect data,store data,clean data,"
    "normalise data,label data,analyse data,split dataset,select architecture,engineer features,"
    "select framework,build model,initialise parameters,forward pass,calculate loss,backpropagation,"
    "optimisation,epoch training,validation,hyperparameter tuning,regularisation,overfitting prevention,"
    "testing,fine-tuning,safety and alignment,compression,deployment,monitoring and retraining"
).split(",")


def line(stage: str, item: Any) -> dict[str, Any]:
    """A line of evidence.jsonl. A figure's own kind stands as ``drawn``."""
    data = encode(item)
    if isinstance(item, Figure):
        data["drawn"] = data.pop("kind")
    return {"stage": stage, "kind": type(item).__name__.lower(), **data}


def write(folder: Path, name: str, data: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(encode(data)), encoding="utf-8")


def write_leaderboard(folder: Path, rows: tuple[FitRow, ...]) -> None:
    names = [f.name for f in fields(FitRow)]
    with (folder / "leaderboard.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(names)
        for row in rows:
            values = [getattr(row, n) for n in names]
            table.writerow(
                "" if isinstance(v, float) and math.isnan(v) else json.dumps(v) if isinstance(v, dict) else v
                for v in values
            )


def finished(folder: Path) -> Path:
    """A run of the adult census that ended unproven."""
    write(folder, "goal.yaml", GOAL)
    write(folder, "resolved.yaml", GOAL + "# problem: binary, because income has two values\n")
    for stage, record in sample.records().items():
        write(folder, f"{stage}/record.json", record)
        write(folder, f"{stage}/stage.json", {"key": "ab" * 32, "seconds": 1.0, "peak_memory": 310_000_000})
    write(folder, "evidence.jsonl", "".join(json.dumps(line(s, e)) + "\n" for s, e in evidence()))
    write_leaderboard(folder, sample.leaderboard())
    off = {15, 16, 17, 18, 20, 26}
    write(
        folder,
        "steps.json",
        [
            {
                "step": i,
                "name": name,
                "stage": "train",
                "status": "not done" if i == 30 else "not applicable" if i in off else "done",
                "why": "no gradient-trained model is in the ensemble"
                if i in off
                else "modelwright serve starts it"
                if i == 30
                else "",
                "shown_by": "" if i in off or i == 30 else "train/record.json",
            }
            for i, name in enumerate(STEPS, start=1)
        ],
    )
    write(
        folder,
        "verdict.json",
        {
            "verdict": "unproven",
            "released": False,
            "test_openings": 1,
            "level": 0.95,
            "blockers": [],
            "reason": "One of four criteria is unproven: the worst slice may lie on either side of 0.6.",
            "criteria": encode(sample.criteria()),
        },
    )
    write(
        folder,
        "timings.json",
        {"stages": {"collect": 0.4, "clean": 0.9, "train": 41.2, "test": 6.1}, "total": 53.4, "budget": 60.0},
    )
    return folder


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    return finished(tmp_path / "income-20260101T000000Z-5d7c39d0")


@pytest.fixture
def folder_writer() -> Callable[[Path, str, Any], None]:
    return write
