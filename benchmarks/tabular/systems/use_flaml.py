"""FLAML's AutoML. Its saved form is a pickle of its own making, read here only where it was just written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import pandas as pd

METRIC = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "rmse"}


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    from flaml import AutoML

    model = AutoML()
    y = train.pop(job["target"])
    model.fit(
        train, y, task="regression" if job["problem"] == "regression" else "classification",
        metric=METRIC[job["metric"]], time_budget=job["budget"], n_jobs=job["cores"], seed=job["seed"],
        ensemble=job["preset"] == "ensemble", verbose=0,
    )  # fmt: skip
    model.pickle(str(Path(job["out"]) / "artefact"))


def load(job: dict[str, Any]) -> adapter.Predict:
    from flaml import AutoML

    model = AutoML.load_pickle(str(Path(job["out"]) / "artefact"))
    if job["problem"] == "regression":
        return lambda rows: model.predict(rows)
    names = [str(name) for name in model.classes_]
    return lambda rows: adapter.in_order(
        pd.DataFrame(model.predict_proba(rows), columns=names), job["classes"]
    )


if __name__ == "__main__":
    adapter.main(fit, load)
