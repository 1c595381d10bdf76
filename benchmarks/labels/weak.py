"""Labels by rules on AG news: forty keywords, a label model, and what a classifier makes of its labels.

``.venv/bin/python benchmarks/labels/weak.py`` (some twenty seconds). Needs the shared ``ag_news_7600``.

Ten keywords a class, written down from what the classes are called and not tried out. No label is used but
to measure. Label model and majority vote are compared on the rows where at least one rule speaks (a tied vote
counts as right in the share of its classes); the classifier is that of ``active.py``, fitted on the weak
labels of the pool, beside the same fitted on labels given by hand.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import common
import numpy as np
import polars as pl
from keep import keep
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from modelwright.core.records.data import Column
from modelwright.data.weak import votes_of
from modelwright.goal.sections import Condition, Rule
from modelwright.stats import label_model
from modelwright.stats.intervals import t_mean

FILE = common.SHARED / "text_classification" / "ag_news_7600" / "test.csv"
CLASSES = ("World", "Sports", "Business", "Sci/Tech")
WORDS = {
    "World": "minister president troops killed election government peace nuclear iraq army",
    "Sports": "game season coach cup olympic team league championship players match",
    "Business": "stocks shares profit oil prices investors company dollar sales bank",
    "Sci/Tech": "software internet computer web technology space scientists microsoft online users",
}
SEEDS = range(5)


def main() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    truth = np.array([int(r[0]) - 1 for r in rows])
    texts = [f"{r[1]} {r[2]}" for r in rows]
    rules = tuple(
        Rule(word, label, Condition("contains", "text", (word,)))
        for label, words in WORDS.items()
        for word in words.split()
    )
    frame = pl.DataFrame({"text": texts})
    columns = (Column("text", "text", "input", True),)
    votes = votes_of(frame, rules, columns, {name: code for code, name in enumerate(CLASSES)})
    made = label_model.fit(votes, 4)
    spoke = (votes != label_model.ABSTAIN).any(axis=1)
    counts = np.stack([(votes == code).sum(axis=1) for code in range(4)], axis=1)
    most = counts == counts.max(axis=1, keepdims=True)
    by_vote = most[np.arange(len(truth)), truth] / most.sum(axis=1)
    chance = made.posterior(votes)
    by_model = (chance.argmax(axis=1) == truth).astype(float)
    several = spoke & ((votes != label_model.ABSTAIN).sum(axis=1) >= 2)
    real = np.array(
        [np.mean(truth[votes[:, j] >= 0] == votes[votes[:, j] >= 0, j]) for j in range(len(rules))]
    )
    results: dict[str, Any] = {
        "rules": len(rules),
        "coverage": round(float(spoke.mean()), 4),
        "vote_where_covered": round(float(by_vote[spoke].mean()), 4),
        "model_where_covered": round(float(by_model[spoke].mean()), 4),
        "model_less_vote": gap((by_model - by_vote)[spoke]),
        "model_less_vote_where_several_speak": gap((by_model - by_vote)[several]),
        "mean_error_of_estimated_accuracies": round(float(np.mean(np.abs(made.accuracy - real))), 4),
    }
    results |= classified(texts, truth, spoke, chance.argmax(axis=1))
    print(json.dumps(results, indent=1))
    keep("weak", results)


def gap(differences: Any) -> list[float]:
    low, high = t_mean(np.asarray(differences, dtype=np.float64))
    return [round(float(np.mean(differences)), 4), round(low, 4), round(high, 4)]


def classified(texts: list[str], truth: Any, spoke: Any, weak: Any) -> dict[str, Any]:
    """Mean accuracy on 1,600 texts over the seeds: fitted on weak labels, and on labels given by hand."""
    told: dict[str, list[float]] = {}
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(len(texts))
        test, pool = order[:1600], order[1600:]
        words = TfidfVectorizer(min_df=2, sublinear_tf=True, stop_words="english")
        inputs = words.fit_transform([texts[i] for i in pool])
        latent = TruncatedSVD(150, random_state=0).fit(inputs)
        points = normalize(latent.transform(inputs))
        asked = normalize(latent.transform(words.transform([texts[i] for i in test])))
        covered = spoke[pool]
        fits = {"weak": (points[covered], weak[pool][covered])}
        fits |= {f"by_hand_{n}": (points[:n], truth[pool][:n]) for n in (50, 100, 200, 500)}
        for name, (x, y) in fits.items():
            right = LogisticRegression(C=10.0, max_iter=50).fit(x, y).predict(asked) == truth[test]
            told.setdefault(name, []).append(float(np.mean(right)))
    return {f"classifier_{name}": round(float(np.mean(values)), 4) for name, values in told.items()}


if __name__ == "__main__":
    main()
