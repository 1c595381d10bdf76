"""Consensus and agreement on real crowds, beside crowd-kit and krippendorff on the same answers.

``.venv/bin/python benchmarks/labels/consensus.py --peers PYTHON``, where PYTHON is that of an environment
with ``crowd-kit``, ``krippendorff`` and ``pandas``. Needs the shared ``dog_duck_workers``; takes seconds.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import common
import numpy as np
from keep import keep

from modelwright.stats import agreement, annotators, consensus
from modelwright.stats.ratings import Ratings

FOLDER = common.SHARED / "crowd_labels" / "dog_duck_workers"
PEERS = """
import json, sys
import krippendorff, numpy as np, pandas as pd
from importlib.metadata import version
from crowdkit.aggregation.classification.dawid_skene import DawidSkene
found = {"versions": {p: version(p) for p in ("crowd-kit", "krippendorff")}}
for name in ("dog", "duck"):
    frame = pd.read_csv(f"{sys.argv[1]}/{name}_answer.csv", dtype=str)
    frame.columns = ["task", "worker", "label"]
    truth = pd.read_csv(f"{sys.argv[1]}/{name}_truth.csv", dtype=str).set_index("question")["truth"]
    told = DawidSkene(n_iter=100).fit_predict(frame)
    numbers = frame.astype({"label": float})
    table = numbers.pivot_table(index="worker", columns="task", values="label").to_numpy()
    found[name] = {
        "crowd_kit_dawid_skene": float((told.reindex(truth.index) == truth).mean()),
        "krippendorff_alpha": float(krippendorff.alpha(table, level_of_measurement="nominal")),
    }
print(json.dumps(found))
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--peers", help="Python of an environment with crowd-kit and krippendorff")
    peers = asked.parse_args().peers
    theirs: dict[str, Any] = {}
    if peers:
        said = subprocess.run(
            [peers, "-W", "ignore", "-c", PEERS, str(FOLDER)], capture_output=True, check=True
        )
        theirs = json.loads(said.stdout)
    results: dict[str, Any] = {"peers": theirs.get("versions", "not measured")}
    for name in ("dog", "duck"):
        results[name] = measured(name) | theirs.get(name, {})
    common.show(
        [
            {"crowd": n} | {k: v for k, v in results[n].items() if not isinstance(v, list)}
            for n in ("dog", "duck")
        ]
    )
    keep("consensus", results)


def measured(name: str) -> dict[str, Any]:
    with (FOLDER / f"{name}_answer.csv").open(encoding="utf-8") as file:
        ratings = Ratings.of((r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file))
    with (FOLDER / f"{name}_truth.csv").open(encoding="utf-8") as file:
        known = {r["question"]: r["truth"] for r in csv.DictReader(file)}
    truth = np.array([ratings.classes.index(known[item]) for item in ratings.items])
    voted, settled = consensus.majority(ratings), consensus.dawid_skene(ratings)
    alpha = agreement.krippendorff(ratings.counts())
    skill = [a.accuracy for a in annotators.confusions(ratings, truth) if a.judged >= 10]
    return {
        "items": len(ratings.items),
        "answers": len(ratings.item),
        "majority": round(float(np.mean(voted.label == truth)), 6),
        "dawid_skene": round(float(np.mean(settled.label == truth)), 6),
        "rounds": settled.rounds,
        "converged": settled.converged,
        "alpha": round(alpha.value, 6),
        "alpha_interval": [round(alpha.low, 6), round(alpha.high, 6)],
        "worst_annotator": round(min(skill), 3),
        "best_annotator": round(max(skill), 3),
    }


if __name__ == "__main__":
    main()
