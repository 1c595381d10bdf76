"""LightAutoML's tabular preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import numpy as np
import pandas as pd

METRIC = {"roc_auc": "auc", "log_loss": "crossentropy", "rmse": "mse"}
TASK = {"binary": "binary", "multiclass": "multiclass", "regression": "reg"}


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    import joblib
    from lightautoml.automl.presets.tabular_presets import TabularAutoML
    from lightautoml.tasks import Task

    classes = {name: code for code, name in enumerate(job["classes"])}
    if classes:
        train[job["target"]] = train[job["target"]].map(classes)
    model = TabularAutoML(
        task=Task(TASK[job["problem"]], metric=METRIC[job["metric"]]), timeout=job["budget"],
        cpu_limit=job["cores"], reader_params={"n_jobs": job["cores"], "random_state": job["seed"]},
    )  # fmt: skip
    model.fit_predict(train, roles={"target": job["target"]}, verbose=0)
    mapping = getattr(model.reader, "class_mapping", None)
    joblib.dump((model, mapping), Path(job["out"]) / "artefact")  # noqa: TID251  (its only saved form)


def load(job: dict[str, Any]) -> adapter.Predict:
    import joblib

    model, mapping = joblib.load(Path(job["out"]) / "artefact")  # noqa: TID251  (written by `fit` just now)

    def predict(rows: pd.DataFrame) -> Any:
        made = model.predict(rows).data
        if job["problem"] == "regression":
            return made[:, 0]
        if job["problem"] == "binary":
            return np.column_stack([1 - made[:, 0], made[:, 0]])
        order = [mapping[code] if mapping else code for code in range(len(job["classes"]))]
        return made[:, order]

    return predict


if __name__ == "__main__":
    adapter.main(fit, load)
