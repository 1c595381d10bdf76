"""How candidates are compared: one number, larger is better, from the metric catalogue."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.models.family import ProblemKind


def scored(
    problem: ProblemKind,
    y: npt.NDArray[Any],
    scores: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None = None,
    threshold: float = 0.5,
) -> Scored:
    """A batch for the catalogue from ``scores`` [n, k] probabilities or [n, 1] values."""
    if problem == "regression":
        return Scored(truth=y.astype(np.float64), values=scores[:, 0], weights=weights)
    labels = (scores[:, 1] >= threshold).astype(np.int64) if problem == "binary" else scores.argmax(axis=1)
    return Scored(
        truth=y.astype(np.int64),
        labels=labels.astype(np.int64),
        probabilities=scores,
        weights=weights,
        classes=tuple(str(i) for i in range(scores.shape[1])),
        positive=1 if problem == "binary" else None,
    )


def score(
    metric: str,
    problem: ProblemKind,
    y: npt.NDArray[Any],
    scores: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None = None,
) -> float:
    """Value of the metric, with its sign turned where lower is better; minus infinity where undefined."""
    spec = spec_of(metric)
    value = float(spec.compute(scored(problem, y, scores, weights)))
    if not np.isfinite(value):
        return float("-inf")
    return value if spec.direction == "higher" else -value
