"""Active learning on AG news: how many labels give what random order gives with twice as many.

``.venv/bin/python benchmarks/labels/active.py run LEARNER SEED [SEED ...]`` (ten to twenty seconds a seed,
journalled; LEARNER is lsa or tfidf), ``... table`` (sums up and writes the results). Needs the shared
``ag_news_7600``.

A seed draws 1,600 texts to test on; the other 6,000 are the pool. Everybody begins with the same 100 labels
and asks for 100 at a time. The model is a logistic regression, on the 150 directions of a latent semantic
analysis of the pool's texts (lsa; no label is needed for it), or on the TF-IDF itself. Random order goes to
2,000 labels; each way of asking stops at 1,000, half of that (1,500 with tfidf). "Labels needed" is the first
number of labels at which a way's mean accuracy is at least that of random order at its end.
"""

from __future__ import annotations

import csv
import json
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import common
import numpy as np
from keep import HERE, keep
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from modelwright.models import query
from modelwright.stats.intervals import t_mean

FILE = common.SHARED / "text_classification" / "ag_news_7600" / "test.csv"
JOURNAL = HERE / "results" / "active.jsonl"
START, STEP, FINAL, TEST = 100, 100, 2000, 1600
WAYS = {"lsa": ("margin", "confidence", "entropy", "mixed", "diversity"), "tfidf": ("margin", "entropy")}
ENDS = {"lsa": 1000, "tfidf": 1500}


def model() -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=50)


def one(seed: int, learner: str) -> dict[str, Any]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    labels = np.array([int(r[0]) - 1 for r in rows])
    order = np.random.default_rng(seed).permutation(len(rows))
    test, pool = order[:TEST], order[TEST:]
    words = TfidfVectorizer(min_df=2, sublinear_tf=True, stop_words="english")
    texts = [f"{r[1]} {r[2]}" for r in rows]
    inputs: Any = words.fit_transform([texts[i] for i in pool])
    asked: Any = words.transform([texts[i] for i in test])
    latent = TruncatedSVD(150, random_state=0).fit(inputs)
    points = normalize(latent.transform(inputs))
    if learner == "lsa":
        inputs, asked = points, normalize(latent.transform(asked))
    truth, wanted = labels[pool], labels[test]
    told: dict[str, Any] = {"learner": learner, "seed": seed}
    for way in ("random", *WAYS[learner]):
        known = np.arange(START)  # the pool is in random order
        curve = []
        end = FINAL if way == "random" else ENDS[learner]
        while True:
            made = model().fit(inputs[known], truth[known])
            curve.append(round(float(np.mean(made.predict(asked) == wanted)), 5))
            if len(known) >= end:
                break
            rest = np.setdiff1d(np.arange(len(pool)), known)
            chances = np.zeros((len(pool), 4))
            if way not in ("random", "diversity"):
                chances[rest] = made.predict_proba(inputs[rest])
            more = query.choose(
                STEP, rest, how=way, probabilities=chances, points=points, labelled=known, seed=len(known)
            )
            known = np.concatenate([known, more])
        told[way] = curve
    every = model().fit(inputs, truth)
    told["whole_pool"] = round(float(np.mean(every.predict(asked) == wanted)), 5)
    return told


def table() -> None:
    every = [json.loads(line) for line in JOURNAL.read_text(encoding="utf-8").splitlines()]
    results: dict[str, Any] = {}
    for learner, ways in WAYS.items():
        runs = [r for r in every if r["learner"] == learner]
        if not runs:
            continue
        random = np.array([r["random"] for r in runs])
        half = (1000 - START) // STEP
        told: dict[str, Any] = {
            "seeds": [r["seed"] for r in runs],
            "random_at_1000": round(float(random[:, half].mean()), 4),
            "random_at_2000": round(float(random[:, -1].mean()), 4),
            "whole_pool_of_6000": round(float(np.mean([r["whole_pool"] for r in runs])), 4),
        }
        for way in ways:
            curves = np.array([r[way] for r in runs])
            gap = curves[:, half] - random[:, -1]
            reached = np.flatnonzero(curves.mean(axis=0) >= random[:, -1].mean())
            low, high = t_mean(gap)
            told[way] = {
                "at_500": round(float(curves[:, (500 - START) // STEP].mean()), 4),
                "at_1000": round(float(curves[:, half].mean()), 4),
                "at_1000_less_random_at_2000": [round(float(gap.mean()), 4), round(low, 4), round(high, 4)],
                "labels_needed": int(START + STEP * reached[0]) if len(reached) else None,
            }
        results[learner] = told
    print(json.dumps(results, indent=1))
    keep("active", results)


def main() -> None:
    warnings.filterwarnings("ignore", message=".*lbfgs failed to converge.*")
    verb, *rest = sys.argv[1:]
    if verb == "run":
        for seed in rest[1:]:
            line = json.dumps(one(int(seed), rest[0]))
            with JOURNAL.open("a", encoding="utf-8") as out:
                out.write(line + "\n")
            print(line, flush=True)
    else:
        table()


if __name__ == "__main__":
    main()
