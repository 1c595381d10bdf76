"""The metric catalogue: what a criterion may name, and how each is computed on scored rows."""

from modelwright.goal.metrics.catalogue import METRICS, default_metric, metric, metrics_for, nearest_metric
from modelwright.goal.metrics.scored import Scored, cost_matrix
from modelwright.goal.metrics.spec import MetricSpec

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
