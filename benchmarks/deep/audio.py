"""Spoken digits through the public command line: speakers mixed, and each speaker left out in turn.

The data are the 900 recordings of the free spoken digits in the shared folder (six speakers, ten digits,
8 kHz); digit and speaker come from the file names. Mixed: 15% are the test, the mean of some seeds. Left out:
one run with ``split: {leave_out: speaker}``, which trains anew for each speaker; its budget is the one of a
run for each of them.

    python benchmarks/deep/audio.py [--seeds 3] [--budget 300] [--only mixed|left_out]

Each run is a line of ``benchmarks/results/deep-audio.jsonl`` as soon as it is made, and is not made again. A
budget of seconds buys fewer epochs on a busy machine: the load stands in each line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

DIGITS = common.SHARED / "audio_classification" / "free_spoken_digits" / "recordings"
SPEAKERS = 6
JOURNAL = common.RESULTS / "deep-audio.jsonl"
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


def kept(way: str, seed: int, seconds: int, keep: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        made = run(way, seed, seconds, Path(place))
        if keep:
            shutil.copytree(Path(place) / "runs", keep / f"{way}-{seed}")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=300, help="seconds of a run")
    parser.add_argument("--only", choices=["mixed", "left_out"])
    parser.add_argument("--keep", type=Path, help="a folder that keeps the runs, to look at their reports")
    told = parser.parse_args()
    ways = [told.only] if told.only else list(BARS)
    for way in ways:
        values = []
        for seed in range(told.seeds if way == "mixed" else 1):
            key = {"set": way, "seed": seed, "budget": told.budget}
            seconds = told.budget * (1 if way == "mixed" else SPEAKERS)
            made = common.once(JOURNAL, key, lambda w=way, s=seed, t=seconds: kept(w, s, t, told.keep))
            values.append(made["value"])
            print(f"{way} {seed}: {made['value']:.4f}  {made['wall']} s, load {made['load']}", flush=True)
        print(f"{way}: {sum(values) / len(values):.4f} over {len(values)} (bar {BARS[way]})", flush=True)


if __name__ == "__main__":
    main()
