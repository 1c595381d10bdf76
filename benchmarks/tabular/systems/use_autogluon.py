"""AutoGluon's tabular predictor with a preset, kept as it saves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import pandas as pd

METRIC = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor(
        label=job["target"], problem_type=job["problem"], eval_metric=METRIC[job["metric"]],
        path=str(Path(job["out"]) / "artefact"), verbosity=1,
    )  # fmt: skip
    predictor.fit(train, presets=job["preset"], time_limit=job["budget"], num_cpus=job["cores"], num_gpus=0)


def load(job: dict[str, Any]) -> adapter.Predict:
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor.load(str(Path(job["out"]) / "artefact"), verbosity=0)
    predictor.persist()
    if job["problem"] == "regression":
        return lambda rows: predictor.predict(rows).to_numpy()
    return lambda rows: adapter.in_order(predictor.predict_proba(rows), job["classes"])


if __name__ == "__main__":
    adapter.main(fit, load)
