"""Folders of runs made of real records, as the runner would leave them: finished, unfinished, and nasty."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.core.codec import encode
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import (
    BeforeAfter, Cleaned, CleanOperation, Collected, Column, ColumnProfile, Development, Labelled, Profile, Sealed,
    SourceFacts, Split,
)  # fmt: skip
from modelwright.core.records.evidence import Estimate, Figure, Finding, Metric, Series, Table
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import (
    Analysis, Candidate, Compressed, FitRow, GraphCheck, Member, Relation, Shortlist, Trained,
)  # fmt: skip
from modelwright.core.records.verdict import CriterionResult, Safeguarded, Tested

NAN = float("nan")
ROWS = 48_842

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
    "define problem,define objectives,gather requirements,collect data,store data,clean data,normalise data,"
    "label data,analyse data,split dataset,select architecture,engineer features,select framework,build model,"
    "initialise parameters,forward pass,calculate loss,backpropagation,optimisation,epoch training,validation,"
    "hyperparameter tuning,regularisation,overfitting prevention,testing,fine-tuning,safety and alignment,"
    "compression,deployment,monitoring and retraining"
).split(",")


def blob(kind: Any = "table", size: int = 1_000_000) -> Blob:
    return Blob(kind, "9f2c4e1b7a" * 6 + "abcd", size)


def columns() -> tuple[Column, ...]:
    missing = CleanOperation("missing", {"markers": ["?"]}, 'Read "?" as missing (2,799 cells)', 2799)
    strip = CleanOperation("strip", {}, "Strip white space at both ends (48,842 cells)", 48842)
    return (
        Column("age", "number", "input", True, (), "years", "all values are numbers"),
        Column("workclass", "category", "input", True, (strip, missing), "", "9 values in 48,842 rows"),
        Column("education", "category", "input", True, (strip,), "", "16 values"),
        Column("capital-gain", "number", "input", True, (), "", "all values are numbers"),
        Column("sex", "category", "sensitive", False, (strip,), "", "the goal names it sensitive"),
        Column("income", "category", "target", False, (strip,), "", "the goal's target"),
    )


def profiles() -> tuple[ColumnProfile, ...]:
    rng = np.random.default_rng(1)
    age = 17 + rng.gamma(3.2, 7.0, 4000)
    counts, edges = np.histogram(age, 24)
    gain, gain_edges = np.histogram(np.where(rng.random(4000) < 0.92, 0, rng.lognormal(8.5, 1, 4000)), 20)

    def numbers(v: np.ndarray) -> dict[str, float]:
        return {
            "min": float(v.min()),
            "max": float(v.max()),
            "mean": float(v.mean()),
            "q50": float(np.median(v)),
        }

    work = (
        ("Private", 33906),
        ("Self-emp-not-inc", 3862),
        ("Local-gov", 3136),
        ("State-gov", 1981),
        ("Never", 10),
    )
    return (
        ColumnProfile("age", "number", "input", True, ROWS, 0, 74, numbers(age), (), tuple(map(float, edges)),
                      tuple(map(int, counts))),
        ColumnProfile("workclass", "category", "input", True, ROWS - 2799, 2799, 8, {}, work),
        ColumnProfile("education", "category", "input", True, ROWS, 0, 16, {},
                      (("HS-grad", 15784), ("Some-college", 10878), ("Bachelors", 8025))),
        ColumnProfile("capital-gain", "number", "input", True, ROWS, 0, 123,
                      {"min": 0, "max": 99999, "mean": 1079.1, "q50": 0}, (), tuple(map(float, gain_edges)),
                      tuple(map(int, gain))),
        ColumnProfile("sex", "category", "sensitive", False, ROWS, 0, 2, {}, (("Male", 32650), ("Female", 16192))),
        ColumnProfile("income", "category", "target", False, ROWS, 0, 2, {}, (("<=50K", 37155), (">50K", 11687))),
    )  # fmt: skip


def leaderboard() -> tuple[FitRow, ...]:
    def row(name: str, score: float, half: float, train: float, **more: Any) -> FitRow:
        family = name.split(" ")[0]
        return FitRow(
            name,
            family,
            True,
            "",
            score=score,
            low=score - half,
            high=score + half,
            train_score=train,
            **more,
        )

    return (
        row("lightgbm 12", 0.9291, 0.003, 0.9512, fit_seconds=3.4, predict_us=17.2, size=1_402_112, weight=0.62,
            diagnosis="healthy", config={"num_leaves": 63, "learning_rate": 0.07, "rounds": 312}),
        row("xgboost 3", 0.9283, 0.003, 0.9488, fit_seconds=5.1, predict_us=21.0, size=2_201_000, weight=0.28,
            diagnosis="healthy", config={"max_depth": 6, "eta": 0.1}),
        row("random-forest 1", 0.9121, 0.0035, 0.9961, fit_seconds=9.7, predict_us=190.0, size=18_300_000,
            diagnosis="overfitting", advice="Limit the depth, or ask for more rows to a leaf."),
        row("logistic 2", 0.9064, 0.0036, 0.9071, fit_seconds=0.8, predict_us=3.0, size=24_112, weight=0.10,
            diagnosis="underfitting", advice="Add interactions, or prefer trees."),
        row("mlp 1", 0.9012, 0.004, 0.9101, fit_seconds=12.2, predict_us=9.0, size=80_000, status="stopped early"),
        row("majority", 0.5, 0.0, 0.5, fit_seconds=0.01, predict_us=0.4, size=312, baseline=True),
        FitRow("rbf-svm", "rbf-svm", False, "34,189 rows are too many for a kernel matrix (limit 20,000)",
               status="declined"),
        FitRow("catboost", "catboost", False, "not installed: pip install 'modelwright[catboost]'", status="declined"),
    )  # fmt: skip


def criteria() -> tuple[CriterionResult, ...]:
    return (
        CriterionResult("roc_auc >= 0.9", 0.9284, 0.9228, 0.9337, 7327, "met", "DeLong interval"),
        CriterionResult("recall >= 0.6 by sex", 0.6123, 0.5561, 0.6659, 301, "unproven",
                        "The worst slice, sex=Female, has 301 rows of the class.", 5200),
        CriterionResult("latency_p99 <= 20ms", 0.00041, 0.00036, 0.00052, 1000, "met"),
        CriterionResult("size <= 50MB", 3_627_224.0, NAN, NAN, 1, "met"),
    )  # fmt: skip


def records() -> dict[str, Any]:
    columns_ = columns()
    development = Development(blob(), 41515, columns_, "binary", "income", ("<=50K", ">50K"), ">50K", False, "holdout",
                              2, 1, None, None)  # fmt: skip
    member = Member("lightgbm 12", "lightgbm", blob("bytes"), 0.62, {}, (
        "Fill missing workclass with a category of its own", "Encode education by its order of frequency"))  # fmt: skip
    return {
        "define": Defined("income", "binary", (("What is to be solved?", "who earns more than 50K"),),
                          ("roc_auc >= 0.9", "recall >= 0.6 by sex", "latency_p99 <= 20ms", "size <= 50MB"), ()),
        "collect": Collected(blob(), ROWS, tuple(c.name for c in columns_),
                             (SourceFacts("adult.csv", "csv", ROWS, 6, 5_326_368, "5d7c39d0" * 8,
                                          details={"encoding": "utf-8", "delimiter": "comma"}),),
                             "5d7c39d0" * 8, 3, blob("text"), licence="CC-BY-4.0"),
        "clean": Cleaned(blob(), ROWS, columns_, 0, 0, 52,
                         (BeforeAfter("workclass", 27, " ?", "", "missing"),
                          BeforeAfter("income", 0, " <=50K", "<=50K", "strip"))),
        "label": Labelled(blob(), ROWS, columns_, "binary", "income", ("<=50K", ">50K"), ">50K", False, 0, 0),
        "profile": Profile(ROWS, profiles(), {"missing": 2799.0}),
        "split": Split(development, Sealed(blob(), 7327, "ab12cd34" * 8, None, None), "stratified",
                       {"train": 34189, "validation": 7326, "test": 7327},
                       "70/15/15: 7,327 test rows give roc_auc an interval of about 0.011."),
        "analyse": Analysis(41515, (Relation("capital-gain", 0.21, "gini"), Relation("age", 0.19, "gini"),
                                    Relation("education", 0.17, "gini"), Relation("workclass", 0.03, "gini"))),
        "choose": Shortlist((Candidate("lightgbm", True, "suits tables"),), "roc_auc", "onnx", "Fast families first."),
        "train": Trained(leaderboard(), (member,), member, (member,), blob("arrays"), "roc_auc", 0.9297, 31, 41.2,
                         "time", "lightgbm 12"),
        "compress": Compressed(blob("bytes", 3_627_224), "isotonic", 0.42, None, None,
                               GraphCheck(7326, 400, 3.1e-7, 1e-5, 0, True), ("lightgbm 12", "xgboost 3", "logistic 2"),
                               ("The threshold 0.42 gives the best f1 on validation rows.",)),
        "test": Tested(criteria(), (), 1, 0.95, 7327),
        "safeguard": Safeguarded(("sex",), {"selection rate": 0.18}, ("adversarial inputs", "membership inference")),
    }  # fmt: skip


def evidence() -> list[tuple[str, Any]]:
    rng = np.random.default_rng(2)
    x = np.linspace(0, 1, 60)
    curve = tuple(map(float, 1 - (1 - x) ** 5.5))
    bins = tuple(map(float, np.linspace(0.05, 0.95, 10)))
    truth = tuple(map(float, np.clip(np.array(bins) + rng.normal(0, 0.025, 10), 0, 1)))
    band = lambda v, h: tuple(max(0.0, y - h) for y in v), tuple  # noqa: E731
    low, high = band[0](truth, 0.05), tuple(min(1.0, y + 0.05) for y in truth)
    names = ("capital-gain", "relationship", "age", "education", "hours-per-week", "occupation", "workclass")
    weights = (0.081, 0.064, 0.041, 0.033, 0.019, 0.012, -0.001)
    sizes = (1000.0, 3000.0, 8000.0, 17000.0, 34189.0)

    def metric(
        name: str, value: float, half: float, about: str = "model", n: int = 7327, **more: Any
    ) -> Metric:
        return Metric(name, Estimate(value, value - half, value + half, n, method="bootstrap"), about, **more)

    return [
        ("clean", Finding("missing.marker", "note", 'workclass writes "?" where a value is missing.',
                          "Nothing to do: it is read as missing.", "workclass", {"cells": 2799.0})),
        ("clean", Table("checklist", "Preparation checklist", ("step", "status", "shown by"),
                        (("sourced", "done", "1 file"), ("cleaned", "done", "7 operations"),
                         ("labelled", "done", "income"), ("diverse", "not done", None)))),
        ("analyse", Finding("imbalance", "warning", "23.9% of the rows are of the positive class.",
                            "Judge by roc_auc or recall, not by accuracy.", "income", {"share": 0.239},
                            "the classes are so in the population")),
        ("analyse", Finding("cardinality.high", "warning", "native-country has 41 values, 18 of them in under 50 rows.",
                            "Group the rare values, or leave the column out.", "native-country", {"values": 41.0})),
        ("analyse", Figure("correlation", "How columns go together", "matrix", "", "", matrix=(
            (1.0, 0.12, -0.34), (0.12, 1.0, 0.05), (-0.34, 0.05, 1.0)), rows=("age", "education", "hours-per-week"),
            columns=("age", "education", "hours-per-week"))),
        ("train", Figure("learning-curve", "Would more rows help?", "line", "training rows", "roc_auc", (
            Series("validation", sizes, (0.902, 0.914, 0.921, 0.926, 0.9291), (0.895, 0.909, 0.917, 0.923, 0.926),
                   (0.909, 0.919, 0.925, 0.929, 0.932)),
            Series("training", sizes, (0.991, 0.972, 0.961, 0.955, 0.9512))))),
        ("train", Figure("trials", "Score by trial", "scatter", "trial", "roc_auc", (
            Series("lightgbm", tuple(float(i) for i in range(20)), tuple(map(float, 0.91 + rng.random(20) * 0.019))),
            Series("xgboost", tuple(float(i) for i in range(20)), tuple(map(float, 0.9 + rng.random(20) * 0.027)))))),
        ("test", metric("roc_auc", 0.9284, 0.0055)),
        ("test", metric("roc_auc", 0.5, 0.0, "baseline:majority")),
        ("test", metric("accuracy", 0.8731, 0.0077)),
        ("test", metric("accuracy", 0.7607, 0.0098, "baseline:majority")),
        ("test", metric("brier", 0.0881, 0.0041)),
        ("test", metric("roc_auc", 0.9279, 0.006, "slice:sex=Male", 4898)),
        ("test", metric("roc_auc", 0.9371, 0.0121, "slice:sex=Female", 2429)),
        ("test", metric("roc_auc", 0.8511, 0.031, "slice:age=[60, 90)", 611)),
        ("test", metric("roc_auc", 0.9201, 0.006, "noise:0.1")),
        ("test", metric("roc_auc", 0.8870, 0.007, "missing:capital-gain")),
        ("test", Figure("roc", "ROC", "line", "false positive rate", "true positive rate",
                        (Series("model", tuple(map(float, x)), curve),))),
        ("test", Figure("reliability", "Do probabilities come true?", "line", "stated probability", "share that came true",
                        (Series("model", bins, truth, low, high),))),
        ("test", Figure("confusion", "Confusion", "matrix", "predicted", "actual", matrix=((5187.0, 387.0), (543.0, 1210.0)),
                        rows=("<=50K", ">50K"), columns=("<=50K", ">50K"))),
        ("test", Figure("importance", "What the predictions rest on", "bar", "column", "loss of roc_auc when shuffled",
                        (Series("model", names, weights, tuple(w - 0.004 for w in weights),
                                tuple(w + 0.004 for w in weights)),))),
        ("test", Figure("scores", "Predicted probabilities", "bar", "probability", "rows", (
            Series("<=50K", bins, tuple(map(float, (3900, 610, 310, 220, 170, 130, 95, 70, 45, 24)))),
            Series(">50K", bins, tuple(map(float, (40, 70, 95, 120, 150, 170, 200, 260, 300, 348))))))),
        ("test", Table("hard-rows", "Rows it gets most wrong", ("row", "actual", "predicted", "probability", "age"),
                       ((417, ">50K", "<=50K", 0.013, 22), (9121, "<=50K", ">50K", 0.978, 51)),
                       "Ranked by the surprise at the truth.")),
        ("safeguard", metric("selection_rate", 0.2651, 0.0124, "sex=Male", 4898)),
        ("safeguard", metric("selection_rate", 0.0893, 0.0115, "sex=Female", 2429)),
    ]  # fmt: skip


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
    for stage, record in records().items():
        write(folder, f"{stage}/record.json", record)
        write(folder, f"{stage}/stage.json", {"key": "ab" * 32, "seconds": 1.0, "peak_memory": 310_000_000})
    write(folder, "evidence.jsonl", "".join(json.dumps(line(s, e)) + "\n" for s, e in evidence()))
    write_leaderboard(folder, leaderboard())
    off = {15, 16, 17, 18, 20, 26}
    write(folder, "steps.json", [
        {"step": i, "name": name, "stage": "train", "status": "not done" if i == 30 else "not applicable" if i in off
         else "done", "why": "no gradient-trained model is in the ensemble" if i in off else
         "modelwright serve starts it" if i == 30 else "", "shown_by": "" if i in off or i == 30 else "train/record.json"}
        for i, name in enumerate(STEPS, start=1)])  # fmt: skip
    write(folder, "verdict.json", {
        "verdict": "unproven", "released": False, "test_openings": 1, "level": 0.95, "blockers": [],
        "reason": "One criterion of four is unproven: recall of the worst slice may lie on either side of 0.6.",
        "criteria": encode(criteria())})  # fmt: skip
    write(folder, "timings.json", {"stages": {"collect": 0.4, "clean": 0.9, "train": 41.2, "test": 6.1}, "total": 53.4,
                                   "budget": 60.0})  # fmt: skip
    return folder


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    return finished(tmp_path / "income-20260101T000000Z-5d7c39d0")


@pytest.fixture
def folder_writer() -> Callable[[Path, str, Any], None]:
    return write
