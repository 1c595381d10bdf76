"""What is compared where time ran out before any candidate had finished all of its folds."""

from __future__ import annotations

from pathlib import Path

from modelwright.models.fit import FitResult
from modelwright.models.journal import Entry
from modelwright.models.race import Trial
from modelwright.models.train import settle_for_less

FOLDS = (0, 1, 2, 3)


def _trial(family: str, folds: tuple[int, ...], score: float, baseline: bool = False) -> Trial:
    made = Trial(1, family, {}, baseline, FOLDS, 0)
    for fold in folds:
        made.entries[fold] = Entry(Path(), FitResult(family, {}, fold, score=score))
    if folds != FOLDS:
        made.status = "out of time"
    return made


def test_a_baseline_with_more_folds_stays_the_one_to_beat() -> None:
    baseline = _trial("majority", FOLDS, 0.5, baseline=True)
    best = _trial("naive_bayes", (0, 1, 2), 0.9)
    behind = _trial("decision_tree", (0, 1), 0.8)
    assert settle_for_less([baseline, best, behind], FOLDS) == (0, 1, 2)
    assert baseline.complete
    assert best.complete
    assert not behind.complete
    assert [len(t.results) for t in (baseline, best)] == [3, 3]
