"""What a run costs besides fitting, stage by stage, on real tables of up to 74,000 rows.

    .venv/bin/python benchmarks/run.py [NAME ...]

Each table goes through ``modelwright run`` with one trial of LightGBM. Allowed besides fitting on tables up
to 50,000 rows: 10 s plus 10% of the whole. Counted as fitting is the stage ``train`` (folds, features inside
them, learning curve); everything else, imports and report included, is not. The processor seconds of the
whole command stand beside the clock, which says little on a machine that others use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import SHARED, load, save, show, timed

COMMAND = str(Path(sys.executable).with_name("modelwright"))
SEARCH = "search: {trials: 1, families: [lightgbm]}\n"
TABLES = {
    "adult": ("tabular_binary/adult_census/adult-train.csv", "c14", "roc_auc >= 0.9"),
    "bank": ("tabular_binary/bank_marketing/bank-additional.csv", "y", "roc_auc >= 0.8"),
    "california": ("tabular_regression/california_housing/housing.csv", "median_house_value", "r2 >= 0.8"),
    "diamonds": ("tabular_regression/diamonds/diamonds.csv", "price", "r2 >= 0.95"),
    "open_payments": ("dirty/open_payments/open_payments.csv.gz", "status", "roc_auc >= 0.8"),
}


def main() -> None:
    wanted = sys.argv[1:] or list(TABLES)
    before = load()
    rows, stages = [], []
    for name in wanted:
        path, target, criterion = TABLES[name]
        if not (SHARED / path).exists():
            print(f"{name} is left out: its data are not here")
            continue
        row, stage = measure(name, SHARED / path, target, criterion)
        rows.append(row)
        stages.append(stage)
    if not rows:
        sys.exit("no table is here")
    show(rows)
    print("\nseconds a stage; `other` is start, imports, bookkeeping and the report")
    show(stages)
    save("run", {"whole": rows, "stages": stages}, before)


def measure(name: str, source: Path, target: str, criterion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        goal = place / "goal.yaml"
        goal.write_text(
            f"name: {name}\ndata: {{source: {source}, target: {target}}}\nsuccess: ['{criterion}']\n{SEARCH}",
            encoding="utf-8",
        )

        def call() -> None:
            asked = [COMMAND, "run", str(goal), "--runs", str(place / "runs"), "--quiet"]
            code = subprocess.run(asked, check=False, capture_output=True).returncode
            if code not in (0, 3):
                raise SystemExit(f"{name}: the run ended with {code}")

        made = timed(call, 1)
        run = next(path for path in (place / "runs").iterdir() if (path / "timings.json").exists())
        timings = json.loads((run / "timings.json").read_text(encoding="utf-8"))
    stages: dict[str, float] = timings["stages"]
    besides = made.wall[0] - stages["train"]
    row = {
        "table": name,
        "wall_s": round(made.wall[0], 1),
        "train_s": round(stages["train"], 1),
        "besides_s": round(besides, 1),
        "allowed_s": round(10 + 0.1 * made.wall[0], 1),
        "cpu_s": round(made.cpu[0], 1),
    }
    other = made.wall[0] - sum(stages.values())
    return row, {"table": name, **{k: round(v, 2) for k, v in stages.items()}, "other": round(other, 2)}


if __name__ == "__main__":
    main()
