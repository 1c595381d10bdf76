"""How long commands take before they do anything, and that none imports what it does not need.

    .venv/bin/python benchmarks/startup.py

Allowed: ``modelwright --help`` 0.2 s, ``import modelwright`` 0.05 s (both with Python's own start; the line
``python`` is that alone). Each is a fresh process with warm disk caches.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from common import load, save, show, timed

from modelwright.testing.bundles import make_run

TIMES = 11
HEAVY = (
    "catboost",
    "lightgbm",
    "matplotlib",
    "onnx",
    "optuna",
    "pandas",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "xgboost",
)
COMMAND = str(Path(sys.executable).with_name("modelwright"))


def main() -> None:
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        a = np.random.default_rng(0).normal(size=200)
        frame = pl.DataFrame({"a": a, "b": ["u", "v"] * 100, "y": np.where(a > 0, "yes", "no")})
        bundle = make_run(place / "run", frame, "y").bundle
        frame.drop("y").write_csv(place / "in.csv")
        predict = [COMMAND, "predict", str(bundle), str(place / "in.csv"), "-o", str(place / "out.csv")]
        cases = (
            ("python", [sys.executable, "-c", "pass"], None),
            ("import modelwright", [sys.executable, "-c", "import modelwright"], 0.05),
            ("modelwright --help", [COMMAND, "--help"], 0.2),
            ("modelwright runs", [COMMAND, "runs", "--runs", str(place)], None),
            ("modelwright predict, 200 rows", predict, None),
        )
        rows = []
        for name, command, allowed in cases:

            def call(command: list[str] = command) -> None:
                subprocess.run(command, check=True, capture_output=True)

            call()
            made = timed(call, TIMES).to_json()
            rows.append({
                "command": name, "wall_s": made["wall_median"], "best_s": made["wall_best"],
                "cpu_s": made["cpu_median"], "allowed_s": allowed or "-", "imports": heavy(command),
            })  # fmt: skip
    show(rows)
    save("startup", rows, before)


def heavy(command: list[str]) -> str:
    """Which of the heavy libraries the command imports."""
    asked = [sys.executable, "-X", "importtime", *command[1:]] if command[0] == sys.executable else [
        sys.executable, "-X", "importtime", "-c",
        "import sys; from modelwright.cli.main import call; sys.exit(call(sys.argv[1:]))", *command[1:],
    ]  # fmt: skip
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stderr
    names = {line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")}
    return " ".join(name for name in HEAVY if name in names) or "none"


if __name__ == "__main__":
    main()
