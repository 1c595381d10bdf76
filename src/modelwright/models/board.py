"""The leaderboard: every configuration that was tried, and every family that was not, with the reason."""

from __future__ import annotations

import math
import statistics
from typing import Any

from modelwright.core.records.models import FitRow, Shortlist
from modelwright.goal.metrics import metric as spec_of
from modelwright.models.diagnose import diagnose
from modelwright.models.race import Trial
from modelwright.models.rows import Learning

FEWEST = 3
"""Folds that an interval needs: with one degree of freedom t is 12.7, which says nothing."""


def leaderboard_of(
    trials: list[Trial],
    shortlist: Shortlist,
    chosen: dict[str, float],
    base: float,
    best: float,
    direction: float,
    learning: Learning,
) -> tuple[FitRow, ...]:
    """Every configuration that was tried, best first, then every family that was declined."""
    whys = {c.family: c.why for c in shortlist.candidates}
    least, greatest = spec_of(shortlist.metric).bounds
    rows = []
    for trial in trials:
        results = trial.results
        scores = [r.score for r in results]
        name, advice = ("", "")
        if trial.complete and not trial.baseline:
            name, advice = diagnose(scores, [r.train_score for r in results], base, best)
        low, high = fold_interval(scores, [r.rows for r in results], learning)
        low, high = sorted((direction * low, direction * high))
        value = direction * statistics.fmean(scores) if scores else float("nan")
        status: Any = trial.status
        if trial.complete and any(r.stopped == "deadline" for r in results):
            status = "stopped early"
        rows.append(
            FitRow(
                name=trial.name,
                family=trial.family,
                taken=True,
                why=trial.why or whys.get(trial.family, ""),
                config=trial.config,
                score=value,
                low=low if least is None else max(low, least),
                high=high if greatest is None else min(high, greatest),
                train_score=direction * _mean([r.train_score for r in results]),
                fit_seconds=trial.seconds,
                predict_us=_mean([r.predict_us for r in results]),
                size=round(_mean([float(r.size) for r in results])) if results else 0,
                diagnosis=name,
                advice=advice,
                baseline=trial.baseline,
                weight=chosen.get(trial.name, 0.0),
                status=status,
            )
        )
    rows.sort(key=lambda r: (r.status not in ("fitted", "stopped early"), _worse(direction, r.score), r.name))
    declined = [
        FitRow(c.family, c.family, False, c.why, baseline=c.baseline, status="declined")
        for c in shortlist.candidates
        if not c.taken
    ]
    return (*rows, *declined)


def _worse(direction: float, value: float) -> float:
    return -direction * value if math.isfinite(value) else float("inf")


def _mean(values: list[float]) -> float:
    return statistics.fmean(values) if values else float("nan")


def fold_interval(scores: list[float], sizes: list[int], learning: Learning) -> tuple[float, float]:
    """95% interval of a cross-validated score by the corrected resampled t (Nadeau and Bengio 2003): folds
    share training rows, so their spread understates the error. NaN for fewer than ``FEWEST`` folds."""
    if len(scores) < FEWEST or not all(map(math.isfinite, scores)):
        return float("nan"), float("nan")
    from scipy import stats

    k = len(scores)
    ratio = (learning.rows - statistics.fmean(sizes)) / statistics.fmean(sizes)
    half = float(stats.t.ppf(0.975, k - 1)) * statistics.stdev(scores) * math.sqrt(1 / k + ratio)
    middle = statistics.fmean(scores)
    return middle - half, middle + half
