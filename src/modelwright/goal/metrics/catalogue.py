"""The metric catalogue: every metric that a criterion may name."""

from __future__ import annotations

import difflib

from modelwright.core.errors import BadInput
from modelwright.goal.metrics.spec import MetricSpec

_CLASSES, _ANY_AVERAGE = ("binary", "multiclass"), ("macro", "micro", "weighted")
_NUMBER = ("regression",)
_ALL = (*_CLASSES, *_NUMBER)
_POSITIVE = (0.0, None)

_SPECS = (
    MetricSpec(
        "accuracy",
        "accuracy",
        _CLASSES,
        "higher",
        "label",
        "The share of rows predicted right.",
        "counts:accuracy",
    ),
    MetricSpec(
        "balanced_accuracy",
        "balanced accuracy",
        _CLASSES,
        "higher",
        "label",
        "The mean over classes of the share of their rows that is found; blind to how common classes are.",
        "counts:balanced_accuracy",
    ),
    MetricSpec(
        "precision",
        "precision",
        _CLASSES,
        "higher",
        "label",
        "Of the rows predicted as the class, the share that truly is.",
        "counts:precision",
        True,
        _ANY_AVERAGE,
    ),
    MetricSpec(
        "recall",
        "recall",
        _CLASSES,
        "higher",
        "label",
        "Of the rows of the class, the share that is found.",
        "counts:recall",
        True,
        _ANY_AVERAGE,
    ),
    MetricSpec(
        "f1",
        "F1",
        _CLASSES,
        "higher",
        "label",
        "The harmonic mean of precision and recall.",
        "counts:f1",
        True,
        _ANY_AVERAGE,
    ),
    MetricSpec(
        "specificity",
        "specificity",
        _CLASSES,
        "higher",
        "label",
        "Of the rows not of the class, the share that is not predicted as it.",
        "counts:specificity",
        True,
        ("macro", "weighted"),
    ),
    MetricSpec(
        "mcc",
        "Matthews correlation",
        _CLASSES,
        "higher",
        "label",
        "The correlation of truth and prediction: 1 is perfect, 0 is chance, whatever the class sizes.",
        "counts:mcc",
        bounds=(-1.0, 1.0),
    ),
    MetricSpec(
        "roc_auc",
        "ROC AUC",
        _CLASSES,
        "higher",
        "probability",
        "The chance that a row of the class is ranked above one that is not; each class against the rest.",
        "scores:roc_auc",
        True,
        ("macro", "weighted"),
    ),
    MetricSpec(
        "pr_auc",
        "PR AUC (average precision)",
        _CLASSES,
        "higher",
        "probability",
        "The mean precision at the rows of the class, down the ranking; chance is the share of the class.",
        "scores:pr_auc",
        True,
        ("macro", "weighted"),
    ),
    MetricSpec(
        "log_loss",
        "log loss",
        _CLASSES,
        "lower",
        "probability",
        "The mean of minus the log of the probability given to the true class.",
        "scores:log_loss",
        bounds=_POSITIVE,
        unit="plain",
    ),
    MetricSpec(
        "brier",
        "Brier score",
        _CLASSES,
        "lower",
        "probability",
        "The mean squared distance of the probabilities from the truth: of the positive class if there are "
        "two classes (0 to 1), summed over classes if there are more (0 to 2).",
        "scores:brier",
        True,
        bounds=(0.0, 2.0),
        unit="plain",
    ),
    MetricSpec(
        "ece",
        "expected calibration error",
        _CLASSES,
        "lower",
        "probability",
        "The mean distance, over 15 bins, of what was said to be likely from what then happened.",
        "scores:ece",
        True,
    ),
    MetricSpec(
        "cost",
        "mean cost",
        _CLASSES,
        "lower",
        "label",
        "The mean cost a row, by the goal's costs of each kind of mistake.",
        "counts:cost",
        bounds=(None, None),
        unit="cost",
    ),
    MetricSpec(
        "mse",
        "mean squared error",
        _NUMBER,
        "lower",
        "value",
        "The mean of the squared error.",
        "values:mse",
        bounds=_POSITIVE,
        unit="target squared",
    ),
    MetricSpec(
        "rmse",
        "root mean squared error",
        _NUMBER,
        "lower",
        "value",
        "The root of the mean squared error, in units of the target.",
        "values:rmse",
        bounds=_POSITIVE,
        unit="target",
    ),
    MetricSpec(
        "mae",
        "mean absolute error",
        _NUMBER,
        "lower",
        "value",
        "The mean distance of the prediction from the truth, in units of the target.",
        "values:mae",
        bounds=_POSITIVE,
        unit="target",
    ),
    MetricSpec(
        "median_ae",
        "median absolute error",
        _NUMBER,
        "lower",
        "value",
        "Half of the predictions are no further than this from the truth.",
        "values:median_ae",
        bounds=_POSITIVE,
        unit="target",
    ),
    MetricSpec(
        "mape",
        "mean absolute percentage error",
        _NUMBER,
        "lower",
        "value",
        "The mean of |error| / |truth|, as a fraction; meaningless where the truth can be 0.",
        "values:mape",
        bounds=_POSITIVE,
        unit="share",
    ),
    MetricSpec(
        "smape",
        "symmetric mean absolute percentage error",
        _NUMBER,
        "lower",
        "value",
        "The mean of 2|error| / (|truth| + |prediction|), from 0 to 2.",
        "values:smape",
        bounds=(0.0, 2.0),
    ),
    MetricSpec(
        "r2",
        "R squared",
        _NUMBER,
        "higher",
        "value",
        "The share of the target's variance that is explained; 0 is no better than the mean.",
        "values:r2",
        bounds=(None, 1.0),
        unit="plain",
    ),
    MetricSpec(
        "explained_variance",
        "explained variance",
        _NUMBER,
        "higher",
        "value",
        "As R squared, but forgiving a constant shift of all predictions.",
        "values:explained_variance",
        bounds=(None, 1.0),
        unit="plain",
    ),
    MetricSpec(
        "pinball",
        "pinball loss",
        _NUMBER,
        "lower",
        "value",
        "The quantile loss at the median: half the mean absolute error.",
        "values:pinball",
        bounds=_POSITIVE,
        unit="target",
    ),
    MetricSpec(
        "latency_p50",
        "median latency",
        _ALL,
        "lower",
        "resource",
        "Half of the single-row predictions take no longer.",
        bounds=_POSITIVE,
        unit="time",
    ),
    MetricSpec(
        "latency_p99",
        "99th percentile of latency",
        _ALL,
        "lower",
        "resource",
        "99 of 100 single-row predictions take no longer.",
        bounds=_POSITIVE,
        unit="time",
    ),
    MetricSpec(
        "size",
        "size of the model",
        _ALL,
        "lower",
        "resource",
        "Bytes of the released model's files.",
        bounds=_POSITIVE,
        unit="bytes",
    ),
    MetricSpec(
        "fit_time",
        "fit time",
        _ALL,
        "lower",
        "resource",
        "Seconds that training took: the whole search, and the fits that ship.",
        bounds=_POSITIVE,
        unit="time",
    ),
)

METRICS: dict[str, MetricSpec] = {spec.name: spec for spec in _SPECS}

_OTHER_NAMES = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "roc": "roc_auc",
    "average_precision": "pr_auc",
    "auprc": "pr_auc",
    "ap": "pr_auc",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "sensitivity": "recall",
    "tpr": "recall",
    "tnr": "specificity",
    "f_score": "f1",
    "f1_score": "f1",
    "matthews": "mcc",
    "brier_score": "brier",
    "calibration_error": "ece",
    "r_squared": "r2",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "median_absolute_error": "median_ae",
    "latency": "latency_p99",
    "training_time": "fit_time",
    "model_size": "size",
}


def nearest_metric(name: str) -> str | None:
    """The name that was most likely meant, or None."""
    low = name.strip().lower().replace("-", "_").replace(" ", "_")
    if low in METRICS:
        return low
    if low in _OTHER_NAMES:
        return _OTHER_NAMES[low]
    near = difflib.get_close_matches(low, [*METRICS, *_OTHER_NAMES], 1)
    return _OTHER_NAMES.get(near[0], near[0]) if near else None


def metric(name: str) -> MetricSpec:
    """The metric of that name. An unknown name raises :class:`BadInput` (``metric.unknown``) with the
    nearest."""
    if name in METRICS:
        return METRICS[name]
    near = nearest_metric(name)
    hint = f"did you mean {near!r}?" if near else f"known metrics: {', '.join(METRICS)}"
    raise BadInput(f"there is no metric named {name!r}", code="metric.unknown", hint=hint)


def metrics_for(problem: str) -> tuple[MetricSpec, ...]:
    """The metrics computed from rows that suit a problem kind, in the order of the catalogue."""
    return tuple(s for s in _SPECS if problem in s.problems and s.needs != "resource")


def default_metric(problem: str) -> MetricSpec:
    """What the search optimises where the goal does not say. Raises ``KeyError`` for another problem kind."""
    return METRICS[{"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[problem]]
