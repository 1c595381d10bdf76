"""The circle of labels: a run doubts some, a person looks, the next run learns from what they said."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.goal.goal import Goal
from modelwright.lifecycle.run import start


@pytest.mark.slow  # two whole runs
def test_what_a_run_doubts_is_mended_in_the_next(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=400)
    truth = np.where(a > 0, "yes", "no")
    wrong = (a > 0.8) & (rng.random(400) < 0.25)
    y = np.where(wrong, "no", truth)
    pl.DataFrame({"a": a, "b": rng.normal(size=400), "y": y}).write_csv(tmp_path / "rows.csv")

    def run(name: str, **keys: object) -> Path:
        goal = Goal(
            data={"source": str(tmp_path / "rows.csv"), "target": "y"},
            name=name,
            success=["accuracy >= 0.6"],
            search={"trials": 1, "families": ["logistic"]},
            **keys,
        )
        return Path(start(goal, tmp_path / "runs", inline=True, report=name == "second").path)

    first = run("first")
    with (first / "doubt" / "label_errors.csv").open() as file:
        doubted = list(csv.DictReader(file))
    assert len(doubted) > 10
    for line in doubted:
        line["correct"] = truth[int(line["row"])]
    hits = sum(wrong[int(line["row"])] for line in doubted[:10])
    assert hits >= 9, "the first ten are (nearly) all wrong"
    mended = tmp_path / "mended.csv"
    with mended.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(doubted[0]))
        writer.writeheader()
        writer.writerows(doubted)
    second = run("second", label={"corrections": str(mended)})
    findings = [json.loads(line) for line in (second / "label" / "evidence.jsonl").read_text().splitlines()]
    [said] = [f for f in findings if f["code"] == "label.corrected"]
    assert said["numbers"]["changed"] == sum(wrong[int(line["row"])] for line in doubted)
    lines = (second / "doubt" / "evidence.jsonl").read_text().splitlines()
    [gain] = [f for f in map(json.loads, lines) if f["code"] == "label.mended-gain"]
    # The noise went one way: probabilities learned from it are too low, and log loss is the search's metric.
    assert gain["numbers"]["high"] < 0
    assert 0 < gain["numbers"]["changed"] <= said["numbers"]["changed"]
    with (second / "doubt" / "label_errors.csv").open() as file:
        again = {line["row"] for line in csv.DictReader(file)}
    assert not again & {line["row"] for line in doubted}
    steps = json.loads((second / "steps.json").read_text())
    assert steps[7]["status"] == "done"
