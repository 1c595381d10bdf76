"""How fast a bundle answers: one row in process, and rows a second in batches.

    .venv/bin/python benchmarks/runtime.py

A made-up table of 20 columns (12 numbers, 6 categories, a date, a boolean) and a bundle for each kind of
model that the design names a figure for. Times are medians and 99th percentiles over single calls of
``predict``, in microseconds, on one thread (``cpu_us``: the mean of processor time, which others cannot
lengthen by waiting); batches start from a polars frame as a CSV reader gives it
(numbers typed, the rest text) and, in another line, from text alone.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import load, save, show

from modelwright.runtime import load as load_bundle
from modelwright.testing.bundles import make_run

ROWS = 4000
CALLS = 3000
BATCH = 100_000
TREES = {"rounds": 500, "leaves": 63, "learning_rate": 0.05}


def table(classes: int) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{i}": rng.normal(size=ROWS).round(3) for i in range(12)}
    columns |= {f"c{i}": rng.choice(list("abcdefgh"), ROWS) for i in range(6)}
    years, months, days = rng.integers(2001, 2020, ROWS), rng.integers(1, 13, ROWS), rng.integers(1, 28, ROWS)
    columns["day"] = [f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(years, months, days, strict=True)]
    columns["flag"] = rng.choice(["yes", "no"], ROWS)
    score = columns["n0"] + (columns["c0"] == "a") + rng.normal(0, 0.5, ROWS)
    cuts = np.quantile(score, np.arange(1, classes) / classes)
    columns["target"] = np.array([f"class {i}" for i in range(classes)])[np.searchsorted(cuts, score)]
    return pl.DataFrame(columns)


CASES: tuple[tuple[str, int, tuple[str, ...], tuple[dict[str, Any], ...], float], ...] = (
    ("one family, linear", 2, ("logistic",), ({},), 150),
    ("one family, 500 trees of 63 leaves", 2, ("lightgbm",), (TREES,), 150),
    ("ensemble of 3, 2 classes", 2, ("lightgbm", "logistic", "xgboost"), ({}, {}, {}), 500),
    ("ensemble of 3, 6 classes", 6, ("lightgbm", "logistic", "xgboost"), ({}, {}, {}), 500),
    ("ensemble of 3, 12 classes", 12, ("lightgbm", "logistic", "xgboost"), ({}, {}, {}), 1500),
)
"""Name, classes, families, configurations, and the microseconds a row that the design allows."""


def measure(
    name: str, classes: int, families: tuple[str, ...], configs: Any, allowed: float
) -> dict[str, Any]:
    raw = table(classes)
    with tempfile.TemporaryDirectory() as folder:
        made = make_run(Path(folder) / "run", raw, "target", families=families, configs=configs)
        model = load_bundle(made.bundle, threads=1)
        size = (made.bundle / "model.onnx").stat().st_size
    inputs = raw.drop("target")
    rows = inputs.to_dicts()
    for row in rows[:200]:
        model.predict(row)
    times = np.empty(CALLS)
    for i in range(CALLS):
        row = rows[i % ROWS]
        began = time.perf_counter()
        model.predict(row)
        times[i] = time.perf_counter() - began
    used = time.process_time()
    for row in rows[:1000]:
        model.predict(row)
    used = (time.process_time() - used) / 1000
    big = pl.concat([inputs] * (BATCH // ROWS))
    text = {column: big[column].cast(pl.String).to_list() for column in big.columns}
    return {
        "model": name,
        "bytes": size,
        "p50_us": round(float(np.median(times)) * 1e6, 1),
        "cpu_us": round(used * 1e6, 1),
        "p99_us": round(float(np.quantile(times, 0.99)) * 1e6, 1),
        "allowed_us": allowed,
        "rows_per_s_frame": round(big.height / seconds(lambda: model.predict(big))),
        "rows_per_s_text": round(big.height / seconds(lambda: model.predict(text))),
        "rows_per_s_graph": round(big.height / graph_seconds(model, big)),
    }


def graph_seconds(model: Any, big: pl.DataFrame) -> float:
    feeds = model.typed(big)
    return seconds(lambda: model.predict_typed(feeds))


def seconds(call: Any, times: int = 3) -> float:
    """The fastest of some calls: what the machine can do when others leave it alone."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    before = load()
    results = [measure(*case) for case in CASES]
    show(results)
    save("runtime", results, before)


if __name__ == "__main__":
    main()
