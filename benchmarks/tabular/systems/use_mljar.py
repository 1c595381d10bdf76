"""MLJAR's AutoML in a mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import pandas as pd

METRIC = {"roc_auc": "auc", "log_loss": "logloss", "rmse": "rmse"}
TASK = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    from supervised.automl import AutoML

    model = AutoML(
        mode=job["preset"], ml_task=TASK[job["problem"]], eval_metric=METRIC[job["metric"]],
        total_time_limit=job["budget"], n_jobs=job["cores"], random_state=job["seed"],
        results_path=str(Path(job["out"]) / "artefact"), explain_level=0, verbose=0,
    )  # fmt: skip
    y = train.pop(job["target"])
    model.fit(train, y)


def load(job: dict[str, Any]) -> adapter.Predict:
    from supervised.automl import AutoML

    model = AutoML(results_path=str(Path(job["out"]) / "artefact"))
    if job["problem"] == "regression":
        return lambda rows: model.predict(rows)

    def predict(rows: pd.DataFrame) -> Any:
        table = model.predict_all(rows).filter(like="prediction_")
        return adapter.in_order(table.rename(columns=lambda c: c.removeprefix("prediction_")), job["classes"])

    return predict


if __name__ == "__main__":
    adapter.main(fit, load)
