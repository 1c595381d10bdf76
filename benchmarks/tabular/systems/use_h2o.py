"""H2O's AutoML; its server belongs to the process. The artefact is the leader as the server saves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import pandas as pd

METRIC = {"roc_auc": "AUC", "log_loss": "logloss", "rmse": "RMSE"}


def _start(job: dict[str, Any]) -> Any:
    import h2o

    h2o.init(nthreads=job["cores"], max_mem_size="4G", log_level="ERRR", port=54000 + job["seed"] * 10)
    h2o.no_progress()
    return h2o


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    h2o = _start(job)
    from h2o.automl import H2OAutoML

    frame = h2o.H2OFrame(train)
    if job["problem"] != "regression":
        frame[job["target"]] = frame[job["target"]].asfactor()
    model = H2OAutoML(max_runtime_secs=job["budget"], seed=job["seed"] + 1, sort_metric=METRIC[job["metric"]])
    model.train(y=job["target"], training_frame=frame)
    h2o.save_model(model.leader, path=str(Path(job["out"]) / "artefact"), force=True)
    h2o.cluster().shutdown()


def load(job: dict[str, Any]) -> adapter.Predict:
    h2o = _start(job)
    (path,) = (Path(job["out"]) / "artefact").iterdir()
    model = h2o.load_model(str(path))

    def predict(rows: pd.DataFrame) -> Any:
        made = model.predict(h2o.H2OFrame(rows)).as_data_frame()
        if job["problem"] == "regression":
            return made["predict"].to_numpy()
        made = made.drop(columns=["predict"])
        # The server names the column of the class "1" p1.
        names = {c: c[1:] if c not in job["classes"] and c.startswith("p") else c for c in made.columns}
        return adapter.in_order(made.rename(columns=names), job["classes"])

    return predict


if __name__ == "__main__":
    adapter.main(fit, load)
