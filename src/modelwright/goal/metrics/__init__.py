"""The metric catalogue: what a criterion may name, and how each is computed on scored rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwright.goal.metrics.catalogue import METRICS, default_metric, metric, metrics_for, nearest_metric
from modelwright.goal.metrics.spec import MetricSpec

if TYPE_CHECKING:
    from modelwright.goal.metrics.scored import Scored, cost_matrix

__all__ = [
    "METRICS",
    "MetricSpec",
    "Scored",
    "cost_matrix",
    "default_metric",
    "metric",
    "metrics_for",
    "nearest_metric",
]


def __getattr__(name: str) -> object:
    # Scored rows need numpy; the catalogue, which the goal's grammar reads at every start, does not.
    if name in ("Scored", "cost_matrix"):
        from modelwright.goal.metrics import scored

        return getattr(scored, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
