"""LightGBM with its defaults: what one line of code gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adapter
import numpy as np
import pandas as pd


def _typed(rows: pd.DataFrame, levels: dict[str, list[str]]) -> pd.DataFrame:
    rows = rows.copy()
    for name, values in levels.items():
        rows[name] = pd.Categorical(rows[name], categories=values)
    return rows


def fit(job: dict[str, Any], train: pd.DataFrame) -> None:
    import json

    import lightgbm

    y = train.pop(job["target"])
    texts = [c for c in train.columns if not pd.api.types.is_numeric_dtype(train[c])]
    levels = {c: sorted(train[c].dropna().astype(str).unique()) for c in texts}
    kind = lightgbm.LGBMRegressor if job["problem"] == "regression" else lightgbm.LGBMClassifier
    model = kind(n_jobs=job["cores"], random_state=job["seed"], verbose=-1)
    codes = y if job["problem"] == "regression" else y.map({c: i for i, c in enumerate(job["classes"])})
    model.fit(_typed(train, levels), codes)
    folder = Path(job["out"]) / "artefact"
    folder.mkdir()
    model.booster_.save_model(folder / "model.txt")
    (folder / "levels.json").write_text(json.dumps(levels))


def load(job: dict[str, Any]) -> adapter.Predict:
    import json

    import lightgbm

    folder = Path(job["out"]) / "artefact"
    model = lightgbm.Booster(model_file=folder / "model.txt")
    levels = json.loads((folder / "levels.json").read_text())

    def predict(rows: pd.DataFrame) -> Any:
        made = model.predict(_typed(rows, levels), num_threads=job["cores"])
        return np.column_stack([1 - made, made]) if job["problem"] == "binary" else made

    return predict


if __name__ == "__main__":
    adapter.main(fit, load)
