"""Pictures through the public command line, from scratch: digits, produce, leaves, a subset of CIFAR-10.

MNIST (the 10,000 pictures of the shared folder) and leaves with 15% as the test, drawn by the goal
from its seed; produce and CIFAR-10 with their own test parts. Budgets are those of the bars: five minutes for
MNIST, ten for the others.

    python benchmarks/deep/image.py [--only mnist leaf produce cifar] [--seeds 3] [--budget 300]

Each run is a line of ``benchmarks/results/deep-image.jsonl`` as soon as it is made, and is not made again. A
budget of seconds buys fewer epochs on a busy machine: the load stands in each line.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

PICTURES = common.SHARED / "image_classification"
JOURNAL = common.RESULTS / "deep-image.jsonl"
BUDGETS = {"mnist": 300, "leaf": 600, "produce": 600, "cifar": 600}
BARS = {"mnist": 0.993, "leaf": 0.95, "produce": 0.95, "cifar": 0.9}


def data(name: str, folder: Path) -> str:
    """The lines of a goal file that say where the pictures are and which of them are the test."""
    if name == "mnist":
        return f"data: {{source: {PICTURES}/mnist_t10k, target: label}}\nsplit: {{test: 0.15}}"
    if name == "leaf":
        return f"data: {{source: {PICTURES}/leaf_species_30, target: species}}\nsplit: {{test: 0.15}}"
    if name == "produce":
        return f"data: {{source: {PICTURES}/grocery_produce_8class, target: label}}"
    noisy = common.SHARED / "label_noise/cifar10n_subset"
    for part in ("images", "test_images"):
        with zipfile.ZipFile(noisy / f"{part}.zip") as archive:
            archive.extractall(folder)
    return f"data: {{source: {folder}/train, test: {folder}/test, target: label}}"


def run(name: str, seed: int, seconds: int, folder: Path) -> dict[str, Any]:
    """One run of the command; its verdict, seconds by the clock and the processor, what was released."""
    file = folder / "goal.yaml"
    file.write_text(
        f"""name: {name}-{seed}
problem: multiclass
{data(name, folder)}
success: [accuracy >= {BARS[name]}]
success_policy: point
budget: {seconds}s
seed: {seed}
""",
        encoding="utf-8",
    )
    words = ["run", str(file), "--runs", str(folder / "runs"), "--json", "--quiet", "--force-release"]
    began, used = time.perf_counter(), sum(os.times()[2:4])
    done = subprocess.run(
        [sys.executable, "-m", "modelwright", *words], capture_output=True, text=True, check=False
    )
    wall, cpu = time.perf_counter() - began, sum(os.times()[2:4]) - used
    if done.returncode not in (0, 3):
        raise SystemExit(f"modelwright {' '.join(words)}\n{done.stderr}")
    (criterion,) = json.loads(done.stdout)["criteria"]
    (made,) = (path for path in (folder / "runs").glob(f"{name}-*") if path.is_dir())
    graph = made / "bundle" / "model.onnx"
    with (made / "leaderboard.csv").open(encoding="utf-8") as board:
        fits = [row["name"] for row in csv.DictReader(board) if row["status"] in ("fitted", "stopped early")]
    return {
        **{key: criterion[key] for key in ("value", "low", "high", "n", "verdict")},
        "wall": round(wall, 1),
        "cpu": round(cpu, 1),
        "megabytes": round(graph.stat().st_size / 1e6, 2) if graph.is_file() else None,
        "fits": fits,
    }


def kept(name: str, seed: int, seconds: int, keep: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        made = run(name, seed, seconds, Path(place))
        if keep:
            shutil.copytree(Path(place) / "runs", keep / f"{name}-{seed}")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(BARS), default=list(BARS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, help="seconds of a run, in place of the bar's")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the runs, to look at their reports")
    told = parser.parse_args()
    for name in told.only:
        seconds = told.budget or BUDGETS[name]
        values = []
        for seed in range(told.seeds):
            key = {"set": name, "seed": seed, "budget": seconds}
            made = common.once(JOURNAL, key, lambda n=name, s=seed, t=seconds: kept(n, s, t, told.keep))
            values.append(made["value"])
            print(f"{name} {seed}: {made['value']:.4f}  {made['wall']} s, load {made['load']}", flush=True)
        print(f"{name}: {sum(values) / len(values):.4f} over {len(values)}", flush=True)


if __name__ == "__main__":
    main()
