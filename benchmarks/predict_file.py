"""CSV to predictions: rows a second of ``modelwright predict``, where the time goes, and memory.

    .venv/bin/python benchmarks/predict_file.py [--rows N]

The columns of the adult census (6 numbers, 8 categories; real rows drawn again, so that values are as
skewed as real ones; a made-up table of that shape where the data are not there) and a LightGBM of a usual
size. The design allows no less than 200,000 rows a second. Processor seconds say what the machine would do
if it were free: the clock is only believable where the load is below the number of cores.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import ADULT, load, save, show, timed

from modelwright.data.read.door import batches, read
from modelwright.lifecycle import predict
from modelwright.runtime import load as load_bundle
from modelwright.testing.bundles import make_run

ALLOWED = 200_000
MODELS = {"100 trees": {"rounds": 100, "leaves": 31}, "200 trees": {"rounds": 200, "leaves": 31},
          "300 trees": {"rounds": 300, "leaves": 31}}  # fmt: skip
COMMAND = str(Path(sys.executable).with_name("modelwright"))


def rows_of() -> tuple[str, pl.DataFrame]:
    """Named rows, the target last."""
    if ADULT.exists():
        return "adult census", read(str(ADULT)).frame
    rng = np.random.default_rng(0)
    n = 32_000
    columns: dict[str, Any] = {
        f"n{j}": rng.integers(0, top, n) for j, top in enumerate((70, 900_000, 16, 90, 90, 99))
    }
    for j, values in enumerate((9, 16, 7, 15, 6, 5, 2, 42)):
        share = 1 / np.arange(1, values + 1) ** 1.5
        columns[f"c{j}"] = np.array([f"value {i}" for i in range(values)])[
            rng.choice(values, n, p=share / share.sum())
        ]
    score = columns["n0"] / 70 + (columns["c2"] == "value 0") + rng.normal(0, 0.5, n)
    columns["target"] = np.where(score > np.quantile(score, 0.75), "high", "low")
    return "made up", pl.DataFrame(columns).select(pl.all().cast(pl.String))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args().rows
    before = load()
    name, raw = rows_of()
    target = raw.columns[-1]
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        inputs = raw.drop(target)
        big = inputs[rng.integers(0, inputs.height, asked)]
        big.write_csv(place / "big.csv")
        big.head(asked // 5).write_csv(place / "fifth.csv")
        for model, config in MODELS.items():
            bundle = make_run(
                place / model.replace(" ", "-") / "run",
                raw,
                target,
                families=("lightgbm",),
                configs=(config,),
            ).bundle
            for file, count in (("fifth.csv", asked // 5), ("big.csv", asked)):
                made = timed(lambda b=bundle, f=file: command(b, place / f, place / "out.csv"), 3)  # type: ignore[misc]
                best, cpu = min(made.wall), min(made.cpu)
                rows.append({
                    "model": model, "rows": count, "wall_s": round(best, 2), "cpu_s": round(cpu, 2),
                    "rows_per_s": round(count / best), "allowed": ALLOWED,
                    f"if_{os.cpu_count()}_cores_were_free": round(count / cpu * (os.cpu_count() or 1)),
                    "peak_mb": peak(bundle, place / file, place / "out.csv"),
                })  # fmt: skip
            parts.append({"model": model, **where(bundle, place / "fifth.csv", asked // 5)})
    print(f"table: {name}")
    show(rows)
    print("\nprocessor microseconds a row in each part, one thread")
    show(parts)
    save("predict_file", {"table": name, "whole": rows, "parts_cpu_us_per_row": parts}, before)


def command(bundle: Path, source: Path, output: Path) -> None:
    subprocess.run([COMMAND, "predict", str(bundle), str(source), "-o", str(output), "--quiet"], check=True)


def peak(bundle: Path, source: Path, output: Path) -> int:
    """Greatest resident memory of the command, in MB."""
    # Not getrusage where /proc is there: it would say what this process had when it started the other.
    code = (
        "import pathlib, resource, sys; from modelwright.cli.main import call; code = call(sys.argv[1:]);"
        "most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000000;"
        "status = pathlib.Path('/proc/self/status');"
        "lines = status.read_text().splitlines() if status.exists() else [];"
        "most = next((int(l.split()[1]) // 1000 for l in lines if l.startswith('VmHWM')), most);"
        "print(most); sys.exit(code)"
    )
    asked = [sys.executable, "-c", code, "predict", str(bundle), str(source), "-o", str(output), "--quiet"]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def where(bundle: Path, source: Path, rows: int) -> dict[str, float]:
    """Processor microseconds a row of each part, alone."""
    model = load_bundle(bundle, threads=1)
    pieces = [piece.frame for piece in batches(str(source), predict.ROWS)]
    ready = [predict.typed_frame(model, piece) for piece in pieces]
    feeds = [predict.typed_feeds(model, piece) for piece in pieces]
    done = [predict.answered(model, piece) for piece in pieces]
    jobs: dict[str, Any] = {
        "read": lambda: [piece.frame for piece in batches(str(source), predict.ROWS)],
        "type": lambda: [predict.typed_frame(model, piece) for piece in pieces],
        "order": lambda: [predict._order(frame) for frame in ready],
        "graph, rows as they come": lambda: [model.predict_typed(feed) for feed in feeds],
        "order, tensors, graph": lambda: [predict._by_likeness(model, frame) for frame in ready],
        "write": lambda: [frame.write_csv(io.BytesIO()) for frame in done],
    }
    return {name: round(min(timed(job, 3).cpu) / rows * 1e6, 2) for name, job in jobs.items()}


if __name__ == "__main__":
    main()
