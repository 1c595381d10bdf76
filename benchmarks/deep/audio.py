"""Spoken digits through the public command line: speakers mixed, and each speaker left out in turn.

The data are the 900 recordings of the free spoken digits in the shared folder (six speakers, ten digits,
8 kHz); digit and speaker come from the file names. Mixed: 15% are the test, the mean of some seeds. Left out:
one run with ``split: {leave_out: speaker}``, which trains anew for each speaker; its budget is the one of a
run for each of them.

    python benchmarks/deep/audio.py [--seeds 3] [--budget 300] [--only mixed|left_out]

Results go to ``benchmarks/results/audio.json`` with the machine and the load: on a busy machine the budget
buys fewer epochs, and the figures are lower.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

DIGITS = common.SHARED / "audio_classification" / "free_spoken_digits" / "recordings"
SPEAKERS = 6
BARS = {"mixed": 0.98, "left_out": 0.88}


def goal(way: str, seed: int, seconds: int) -> str:
    """The text of a goal file."""
    split = "{leave_out: speaker}" if way == "left_out" else "{test: 0.15}"
    keys = "" if way == "left_out" else "\n  keys: [speaker]"
    return f"""name: digits-{way.replace("_", "-")}-{seed}
problem: multiclass
data:
  source: {DIGITS}
  reading: {{name: "{{digit}}_{{speaker}}_{{}}.wav"}}
  target: digit{keys}
success: [accuracy >= {BARS[way]}]
success_policy: point
split: {split}
search: {{families: [spectrogram]}}
budget: {seconds}s
seed: {seed}
"""


def run(way: str, seed: int, seconds: int, folder: Path) -> dict[str, Any]:
    """One run of the command; its verdict, seconds by the clock and of the processor."""
    file = folder / f"{way}-{seed}.yaml"
    file.write_text(goal(way, seed, seconds), encoding="utf-8")
    command = [sys.executable, "-m", "modelwright", "run", str(file), "--runs", str(folder / "runs")]
    began, used = time.perf_counter(), sum(os.times()[2:4])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - began, sum(os.times()[2:4]) - used
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    (made,) = (folder / "runs").glob(f"digits-{way.replace('_', '-')}-{seed}-*")
    verdict = json.loads((made / "verdict.json").read_text(encoding="utf-8"))
    (criterion,) = verdict["criteria"]
    told = {key: criterion[key] for key in ("value", "low", "high", "n", "verdict")}
    return {"seed": seed, **told, "wall": round(wall, 1), "cpu": round(cpu, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=300, help="seconds of a run")
    parser.add_argument("--only", choices=["mixed", "left_out"])
    told = parser.parse_args()
    before = common.load()
    results: dict[str, Any] = {
        "budget": told.budget,
        "bars": BARS,
        "versions": {name: version(name) for name in ("torch", "soundfile")},
    }
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        folder = Path(place)
        if told.only != "left_out":
            runs = [run("mixed", seed, told.budget, folder) for seed in range(told.seeds)]
            mean = sum(one["value"] for one in runs) / len(runs)
            results["mixed"] = {"mean": round(mean, 4), "runs": runs}
            print(f"speakers mixed: {mean:.4f} (bar {BARS['mixed']})")
        if told.only != "mixed":
            one = run("left_out", 0, told.budget * SPEAKERS, folder)
            results["left_out"] = one
            print(f"each speaker left out: {one['value']:.4f} (bar {BARS['left_out']})")
    common.save("audio", results, before)


if __name__ == "__main__":
    main()
