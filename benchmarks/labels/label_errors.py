"""Wrong labels of CIFAR-10N: found, beside cleanlab on the same predictions, and what mending them gives.

``.venv/bin/python benchmarks/labels/label_errors.py prepare`` computes the pictures' features (a minute),
``... measure aggre_label --peers PYTHON`` one column of labels (likewise), ``... table`` shows what is kept.
PYTHON is that of an environment with ``cleanlab``. ``... gain random_label1
SEED FOLD`` measures what mending gives a support vector machine in one of five folds (half a minute,
journalled), ``... gains`` sums these up. Needs the shared ``cifar10n_subset``: 5,000 pictures with
labels by people and the true ones, and 1,000 more to test on.

Found: out-of-fold probabilities of a logistic regression, five folds; all labels ranked; average precision
against what is truly wrong. Mended: within each of five outer folds the training labels are ranked (by inner
out-of-fold predictions), the true label is put in the place of the first tenth, the same model is fitted
again, and both are scored on the true labels of the outer fold; once more with all 5,000 on the 1,000. "By
lot" mends a tenth of the labels drawn at random.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import common
import numpy as np
from images import Patches, pictures
from keep import HERE, keep
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from modelwright.evidence.label_errors.confident import confident, suspicion
from modelwright.stats.intervals import t_mean

FOLDER = common.SHARED / "label_noise" / "cifar10n_subset"
CACHE = Path(tempfile.gettempdir()) / "modelwright-cifar10n.npz"
COLUMNS = ("aggre_label", "random_label1", "worse_label")
SHARE = 0.1
GAINS = HERE / "results" / "mended.jsonl"
PEER = """
import json, sys
import numpy as np
from importlib.metadata import version
from sklearn.metrics import average_precision_score
from cleanlab.rank import get_label_quality_scores
from cleanlab.filter import find_label_issues
held = np.load(sys.argv[1])
labels, chances, wrong = held["labels"], held["chances"], held["wrong"]
found = {"cleanlab": version("cleanlab"), "cleanlab_issues": int(find_label_issues(labels, chances).sum())}
for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
    score = get_label_quality_scores(labels, chances, method=method)
    found[f"ap_cleanlab_{method}"] = round(float(average_precision_score(wrong, -score)), 4)
print(json.dumps(found))
"""


def model() -> LogisticRegression:
    return LogisticRegression(C=0.3, max_iter=60)


def out_of_fold(inputs: Any, labels: Any, seed: int) -> Any:
    chances = np.zeros((len(labels), 10))
    for learn, held in StratifiedKFold(5, shuffle=True, random_state=seed).split(inputs, labels):
        chances[held] = model().fit(inputs[learn], labels[learn]).predict_proba(inputs[held])
    return chances


def ranked(labels: Any, chances: Any) -> Any:
    return suspicion(labels, chances, confident(labels, chances))[0]


def prepare() -> None:
    with (FOLDER / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    learn = pictures(FOLDER / "images.zip", [r["image"] for r in rows])
    names = sorted(n for n in zipfile.ZipFile(FOLDER / "test_images.zip").namelist() if n.endswith(".jpg"))
    test = pictures(FOLDER / "test_images.zip", names)
    patches = Patches(learn)
    both = np.sqrt(np.concatenate([patches.features(learn), patches.features(test)]))
    both = (both - both.mean(axis=0)) / both.std(axis=0)
    small = PCA(200, random_state=0).fit_transform(both)
    small /= small[:, 0].std()
    classes = sorted({r["clean_label"] for r in rows})
    codes = {c: i for i, c in enumerate(classes)}
    np.savez(
        CACHE,
        inputs=small[: len(rows)],
        test=small[len(rows) :],
        truth_test=[codes[n.split("/")[1]] for n in names],
        **{c: np.array([codes[r[c]] for r in rows]) for c in (*COLUMNS, "clean_label")},
    )
    print(f"{len(rows)} and {len(names)} pictures")


def measure(column: str, peers: str | None) -> dict[str, Any]:
    held = np.load(CACHE)
    inputs, labels, truth = held["inputs"], held[column], held["clean_label"]
    wrong = labels != truth
    chances = out_of_fold(inputs, labels, 0)
    found = confident(labels, chances)
    score = suspicion(labels, chances, found)[0]
    told: dict[str, Any] = {
        "wrong": round(float(wrong.mean()), 4),
        "ap": round(float(average_precision_score(wrong, score)), 4),
        "estimate": [found.one_way, found.contradicted],
        "truly": int(wrong.sum()),
    }
    if peers:
        path = Path(tempfile.mkdtemp()) / "predictions.npz"
        np.savez(path, labels=labels, chances=chances, wrong=wrong)
        said = subprocess.run([peers, "-W", "ignore", "-c", PEER, str(path)], capture_output=True, check=True)
        told |= json.loads(said.stdout)
    before, after, lot = (np.zeros(len(labels)) for _ in range(3))
    caught = 0.0
    for learn, rest in StratifiedKFold(5, shuffle=True, random_state=1).split(inputs, truth):
        first = out_of_fold(inputs[learn], labels[learn], 2)
        order = np.argsort(-ranked(labels[learn], first), kind="stable")[: round(SHARE * len(learn))]
        drawn = np.random.default_rng(3).choice(len(learn), len(order), replace=False)
        for kept, which in ((before, order[:0]), (after, order), (lot, drawn)):
            now = labels[learn].copy()
            now[which] = truth[learn][which]
            kept[rest] = model().fit(inputs[learn], now).predict(inputs[rest]) == truth[rest]
        caught += float(wrong[learn][order].mean()) / 5
    order = np.argsort(-score, kind="stable")[: round(SHARE * len(labels))]
    mended = labels.copy()
    mended[order] = truth[order]
    right = [model().fit(inputs, now).predict(held["test"]) == held["truth_test"] for now in (labels, mended)]
    told["of_first_tenth_wrong"] = round(caught, 3)
    told["accuracy"] = [round(float(x.mean()), 4) for x in (before, after, lot)]
    told["gain"] = interval(after - before)
    told["gain_by_lot"] = interval(lot - before)
    told["gain_on_1000"] = interval(right[1].astype(float) - right[0].astype(float))
    return told


def gain(column: str, seed: int, fold: int) -> dict[str, Any]:
    """What mending gives a support vector machine with a radial kernel (as the family ``rbf_svm``), at
    scikit-learn's own settings: of each held-out picture of a fold, and of the 1,000, whether it is right
    afterwards less whether it was before."""
    held = np.load(CACHE)
    inputs, labels, truth = held["inputs"], held[column], held["clean_label"]
    learn, rest = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(inputs, truth))[fold]
    first = out_of_fold(inputs[learn], labels[learn], seed + 1)
    order = np.argsort(-ranked(labels[learn], first), kind="stable")[: round(SHARE * len(learn))]
    mended = labels[learn].copy()
    mended[order] = truth[learn][order]
    asked = np.concatenate([inputs[rest], held["test"]])
    wanted = np.concatenate([truth[rest], held["truth_test"]])
    before, after = (
        SVC().fit(inputs[learn], now).predict(asked) == wanted for now in (labels[learn], mended)
    )
    better = after.astype(int) - before.astype(int)
    return {
        "column": column, "seed": seed, "fold": fold, "rows": [int(r) for r in rest],
        "right": int(before[: len(rest)].sum()), "better": [int(b) for b in better],
    }  # fmt: skip


def gains() -> None:
    """Over pictures: each its mean over the machines that had not seen it."""
    lines = [json.loads(line) for line in GAINS.read_text(encoding="utf-8").splitlines()]
    results = {}
    for column in COLUMNS:
        runs = [line for line in lines if line["column"] == column]
        of: dict[int, list[int]] = {}
        for run in runs:
            places = [*run["rows"], *range(5000, 6000)]
            for place, better in zip(places, run["better"], strict=True):
                of.setdefault(place, []).append(better)
        if runs:
            results[column] = {
                "folds": [[run["seed"], run["fold"]] for run in runs],
                "pictures": len(of),
                "accuracy_before": round(
                    sum(r["right"] for r in runs) / sum(len(r["rows"]) for r in runs), 4
                ),
                "gain": interval([np.mean(found) for found in of.values()]),
            }
    print(json.dumps(results, indent=1))
    keep("mended", results)


def interval(differences: Any) -> list[float]:
    """The mean of paired differences and its 95% interval."""
    low, high = t_mean(np.asarray(differences, dtype=np.float64))
    return [round(float(np.mean(differences)), 4), round(low, 4), round(high, 4)]


def main() -> None:
    warnings.filterwarnings("ignore", message=".*lbfgs failed to converge.*")
    verb, *rest = sys.argv[1:]
    kept = HERE / "results" / "label_errors.json"
    results = json.loads(kept.read_text(encoding="utf-8"))["results"] if kept.exists() else {}
    if verb == "prepare":
        prepare()
    elif verb == "measure":
        results[rest[0]] = measure(rest[0], rest[2] if rest[1:2] == ["--peers"] else None)
        print(json.dumps(results[rest[0]], indent=1))
        keep("label_errors", {c: results[c] for c in COLUMNS if c in results})
    elif verb == "gain":
        with GAINS.open("a", encoding="utf-8") as out:
            line = json.dumps(gain(rest[0], int(rest[1]), int(rest[2])))
            out.write(line + "\n")
    elif verb == "gains":
        gains()
    else:
        common.show([{"labels": c} | {k: str(v) for k, v in results[c].items()} for c in results])


if __name__ == "__main__":
    main()
