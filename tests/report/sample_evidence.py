"""Evidence of a run on the adult census: every kind, and every special place in the report."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.core.records.evidence import Estimate, Figure, Finding, Metric, Series, Table


def evidence() -> list[tuple[str, Any]]:
    rng = np.random.default_rng(2)
    x = np.linspace(0, 1, 60)
    curve = tuple(map(float, 1 - (1 - x) ** 5.5))
    bins = tuple(map(float, np.linspace(0.05, 0.95, 10)))
    truth = tuple(map(float, np.clip(np.array(bins) + rng.normal(0, 0.025, 10), 0, 1)))
    band = lambda v, h: tuple(max(0.0, y - h) for y in v), tuple
    low, high = band[0](truth, 0.05), tuple(min(1.0, y + 0.05) for y in truth)
    names = ("capital-gain", "relationship", "age", "education", "hours-per-week", "occupation", "workclass")
    weights = (0.081, 0.064, 0.041, 0.033, 0.019, 0.012, -0.001)
    sizes = (1000.0, 3000.0, 8000.0, 17000.0, 34189.0)

    def metric(
        name: str, value: float, half: float, about: str = "model", n: int = 7327, **more: Any
    ) -> Metric:
        return Metric(name, Estimate(value, value - half, value + half, n, method="bootstrap"), about, **more)

    return [
        (
            "clean",
            Finding(
                "missing.marker",
                "note",
                'workclass writes "?" where a value is missing.',
                "Nothing to do: it is read as missing.",
                "workclass",
                {"cells": 2799.0},
            ),
        ),
        (
            "clean",
            Table(
                "checklist",
                "Preparation checklist",
                ("step", "status", "shown by"),
                (
                    ("sourced", "done", "1 file"),
                    ("cleaned", "done", "7 operations"),
                    ("labelled", "done", "income"),
                    ("diverse", "not done", None),
                ),
            ),
        ),
        (
            "analyse",
            Finding(
                "imbalance",
                "warning",
                "23.9% of the rows are of the positive class.",
                "Judge by roc_auc or recall, not by accuracy.",
                "income",
                {"share": 0.239},
                "the classes are so in the population",
            ),
        ),
        (
            "analyse",
            Finding(
                "cardinality.high",
                "warning",
                "native-country has 41 values, 18 of them in under 50 rows.",
                "Group the rare values, or leave the column out.",
                "native-country",
                {"values": 41.0},
            ),
        ),
        (
            "analyse",
            Figure(
                "correlation",
                "How columns go together",
                "matrix",
                "",
                "",
                matrix=((1.0, 0.12, -0.34), (0.12, 1.0, 0.05), (-0.34, 0.05, 1.0)),
                rows=("age", "education", "hours-per-week"),
                columns=("age", "education", "hours-per-week"),
            ),
        ),
        (
            "train",
            Figure(
                "learning-curve",
                "Would more rows help?",
                "line",
                "training rows",
                "roc_auc",
                (
                    Series(
                        "validation",
                        sizes,
                        (0.902, 0.914, 0.921, 0.926, 0.9291),
                        (0.895, 0.909, 0.917, 0.923, 0.926),
                        (0.909, 0.919, 0.925, 0.929, 0.932),
                    ),
                    Series("training", sizes, (0.991, 0.972, 0.961, 0.955, 0.9512)),
                ),
            ),
        ),
        (
            "train",
            Figure(
                "trials",
                "Score by trial",
                "scatter",
                "trial",
                "roc_auc",
                (
                    Series(
                        "lightgbm",
                        tuple(float(i) for i in range(20)),
                        tuple(map(float, 0.91 + rng.random(20) * 0.019)),
                    ),
                    Series(
                        "xgboost",
                        tuple(float(i) for i in range(20)),
                        tuple(map(float, 0.9 + rng.random(20) * 0.027)),
                    ),
                ),
            ),
        ),
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
        (
            "test",
            Figure(
                "roc",
                "ROC",
                "line",
                "false positive rate",
                "true positive rate",
                (Series("model", tuple(map(float, x)), curve),),
            ),
        ),
        (
            "test",
            Figure(
                "reliability",
                "Do probabilities come true?",
                "line",
                "stated probability",
                "share that came true",
                (Series("model", bins, truth, low, high),),
            ),
        ),
        (
            "test",
            Figure(
                "confusion",
                "Confusion",
                "matrix",
                "predicted",
                "actual",
                matrix=((5187.0, 387.0), (543.0, 1210.0)),
                rows=("<=50K", ">50K"),
                columns=("<=50K", ">50K"),
            ),
        ),
        (
            "test",
            Figure(
                "importance",
                "What the predictions rest on",
                "bar",
                "column",
                "loss of roc_auc when shuffled",
                (
                    Series(
                        "model",
                        names,
                        weights,
                        tuple(w - 0.004 for w in weights),
                        tuple(w + 0.004 for w in weights),
                    ),
                ),
            ),
        ),
        (
            "test",
            Figure(
                "scores",
                "Predicted probabilities",
                "bar",
                "probability",
                "rows",
                (
                    Series("<=50K", bins, tuple(map(float, (3900, 610, 310, 220, 170, 130, 95, 70, 45, 24)))),
                    Series(">50K", bins, tuple(map(float, (40, 70, 95, 120, 150, 170, 200, 260, 300, 348)))),
                ),
            ),
        ),
        (
            "test",
            Table(
                "hard-rows",
                "Rows it gets most wrong",
                ("row", "actual", "predicted", "probability", "age"),
                ((417, ">50K", "<=50K", 0.013, 22), (9121, "<=50K", ">50K", 0.978, 51)),
                "Ranked by the surprise at the truth.",
            ),
        ),
        ("safeguard", metric("selection_rate", 0.2651, 0.0124, "sex=Male", 4898)),
        ("safeguard", metric("selection_rate", 0.0893, 0.0115, "sex=Female", 2429)),
    ]
