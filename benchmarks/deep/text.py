"""Four sets of texts through the public command line: linear on n-grams, and MiniLM fine-tuned on request.

SMS spam (F1 of spam), AG news (7,600 rows) and review polarity (2,000 files in an archive) with 15% as the
test, the mean of some seeds; SST-2 with its own test part; ``--folds`` tests polarity in ten folds. The work
is counted (``search.trials``), so a busy machine changes the seconds and not the figures.

    python benchmarks/deep/text.py [--seeds 3] [--trials 5] [--only sms|ag|sst|polarity|minilm] [--folds]
                                   [--family ngrams] [--pretrained FOLDER] [--budget 600]

``minilm`` fine-tunes the encoder in ``--pretrained`` on SST-2 for ``--budget`` seconds. Results go to
``benchmarks/results/text-<set>.json`` with the machine and the load.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

TEXTS = common.SHARED / "text_classification"
SETS: dict[str, dict[str, Any]] = {
    "sms": {
        "data": f"{{source: {TEXTS}/sms_spam/sms.tsv, target: c0, positive: spam}}",
        "criterion": "f1 >= 0.955",
    },
    "ag": {
        "data": f"{{source: {TEXTS}/ag_news_7600/test.csv, target: c0}}\nproblem: multiclass",
        "criterion": "accuracy >= 0.9",
    },
    "sst": {
        "data": f"{{source: {TEXTS}/sst2/train.tsv, test: {TEXTS}/sst2/test.tsv, target: c1}}",
        "criterion": "accuracy >= 0.825",
        "own": True,
    },
    "polarity": {
        "data": f"{{source: {TEXTS}/review_polarity/review_polarity.tar.gz, target: label, keys: [file]}}",
        "criterion": "accuracy >= 0.9",
    },
}
SETS["minilm"] = SETS["sst"] | {"criterion": "accuracy >= 0.87"}


def goal(name: str, seed: int, told: argparse.Namespace) -> str:
    """The text of a goal file."""
    what = SETS[name]
    search = f"search: {{families: [{told.family}], trials: {told.trials}}}"
    if name == "minilm":
        search = f"search: {{families: [encoder], pretrained: {told.pretrained}}}\nbudget: {told.budget}s"
    split = "" if what.get("own") else "split: {outer_folds: 10}" if told.folds else "split: {test: 0.15}"
    return f"""name: text-{name}-{seed}
data: {what["data"]}
success: [{what["criterion"]}]
success_policy: point
{search}
seed: {seed}
{split}
"""


def run(name: str, seed: int, told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run of the command; its verdict, seconds by the clock and of the processor."""
    file = folder / f"{name}-{seed}.yaml"
    file.write_text(goal(name, seed, told), encoding="utf-8")
    command = [sys.executable, "-m", "modelwright", "run", str(file), "--runs", str(folder / f"runs-{seed}")]
    began, used = time.perf_counter(), sum(os.times()[2:4])
    done = subprocess.run([*command, "--quiet", "--json"], capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - began, sum(os.times()[2:4]) - used
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    (criterion,) = json.loads(done.stdout)["criteria"]
    figures = {key: criterion[key] for key in ("value", "low", "high", "n", "verdict")}
    return {"seed": seed, **figures, "wall": round(wall, 1), "cpu": round(cpu, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--only", choices=list(SETS))
    parser.add_argument("--folds", action="store_true", help="polarity in ten folds")
    parser.add_argument("--family", default="ngrams")
    parser.add_argument("--pretrained", default="", help="folder with MiniLM")
    parser.add_argument("--budget", type=int, default=600, help="seconds of a fine-tuning")
    told = parser.parse_args()
    names = [told.only] if told.only else [name for name in SETS if name != "minilm" or told.pretrained]
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        for name in names:
            before = common.load()
            runs = [run(name, seed, told, Path(place)) for seed in range(told.seeds)]
            mean = sum(one["value"] for one in runs) / len(runs)
            print(f"{name}: {mean:.4f} ({SETS[name]['criterion']})", flush=True)
            family = "encoder" if name == "minilm" else told.family
            results = {"bar": SETS[name]["criterion"], "family": family, "mean": round(mean, 4), "runs": runs}
            common.save(f"text-{name}", results, before)


if __name__ == "__main__":
    main()
