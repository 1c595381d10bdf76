"""What every adapter shares. An adapter is a script of its own environment::

    python ADAPTER.py fit JOB.json      trains within the budget and saves the artefact
    python ADAPTER.py predict JOB.json  loads it, predicts the test rows, times single rows and batches

It has ``fit(job, train) -> None`` and ``load(job) -> predict``; ``predict(frame)`` gives a numpy array:
[n, classes] of probabilities in the order of ``job["classes"]``, or [n] of values.

Frames are pandas frames with the dtypes that a careful user of the system would give (numbers where the file
has numbers).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Predict = Callable[[pd.DataFrame], np.ndarray]


def read(path: str) -> pd.DataFrame:
    return pd.read_csv(path)


def main(
    fit: Callable[[dict[str, Any], pd.DataFrame], None], load: Callable[[dict[str, Any]], Predict]
) -> None:
    job = json.loads(Path(sys.argv[2]).read_text())
    folder = Path(job["out"])
    if sys.argv[1] == "fit":
        frame = read(job["train"])
        if job["problem"] != "regression":
            frame[job["target"]] = frame[job["target"]].astype(str)
        began = time.perf_counter()
        fit(job, frame)
        (folder / "fit.json").write_text(json.dumps({"fit_seconds": time.perf_counter() - began}))
        return
    answer(job, load(job))


def answer(
    job: dict[str, Any], predict: Predict, row: Callable[[pd.DataFrame], Any] = lambda frame: frame
) -> None:
    """Predict the test rows, write ``scores.npy`` and ``predict.json``; every system comes here.

    ``row`` makes of a frame of one row what a caller would hand the system; making it is not timed.
    """
    folder = Path(job["out"])
    rows = read(job["test"]).drop(columns=[job["target"]])
    scores = np.asarray(predict(rows), dtype=np.float64)
    np.save(folder / "scores.npy", scores)
    one = [row(rows.iloc[[i % len(rows)]]) for i in range(60)]
    for given in one[:10]:
        predict(given)
    single = []
    for given in one[10:]:
        began = time.perf_counter()
        predict(given)
        single.append(time.perf_counter() - began)
    batch = pd.concat([rows] * max(1, -(-10_000 // len(rows))), ignore_index=True)
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        predict(batch)
        best = min(best, time.perf_counter() - began)
    facts = {"row_ms": 1000 * float(np.median(single)), "rows_per_second": len(batch) / best}
    (folder / "predict.json").write_text(json.dumps(facts))


def in_order(table: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Probabilities with the columns in the order of ``classes``."""
    table = table.copy()
    table.columns = [str(name) for name in table.columns]
    return table.reindex(columns=classes).fillna(0.0).to_numpy(dtype=np.float64)
