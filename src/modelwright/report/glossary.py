"""Words that a reader may not know, explained where they are used."""

from __future__ import annotations

from modelwright.report.views import RunView

TERMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("criterion", (), "One measurable demand of the goal, such as roc_auc >= 0.9."),
    (
        "met, not met, unproven",
        (),
        (
            "Met: the whole interval lies on the good side of the threshold. Not met: all of it lies on "
            "the bad side. Unproven: the interval holds the threshold, so the test rows cannot tell."
        ),
    ),
    (
        "interval",
        (),
        (
            "The range that holds the true value with the stated confidence. A 95% interval made this way "
            "holds it in 95 of 100 such tests."
        ),
    ),
    (
        "test rows",
        (),
        "Rows sealed away before any learning and opened once. Opening them again widens intervals.",
    ),
    ("baseline", (), "The simplest answer worth beating, such as always naming the most frequent class."),
    (
        "finding",
        (),
        "One thing that a person should know. A blocker prevents the release unless the goal accepts it.",
    ),
    ("out-of-fold", (), "Predicted by a model that had not seen the row while it learned."),
    ("fold", (), "One of the equal parts that take turns in judging a model trained on the others."),
    ("recipe", (), "The fitted list of operations that turns raw columns into what a model sees."),
    ("overfitting", (), "Much better on rows it learned from than on others: it has learned them by heart."),
    (
        "underfitting",
        (),
        "Poor even on the rows it learned from: too simple for the data, or the data say too little.",
    ),
    ("calibration", (), "Whether a stated probability comes true as often as it says."),
    ("accuracy", ("accuracy",), "Share of rows whose class is predicted rightly."),
    (
        "balanced accuracy",
        ("balanced_accuracy",),
        "Recall averaged over classes, so a rare class counts as much.",
    ),
    ("precision", ("precision",), "Of the rows predicted as a class, the share that are of it."),
    ("recall", ("recall",), "Of the rows of a class, the share that are found."),
    ("F1", ("f1",), "Harmonic mean of precision and recall."),
    (
        "specificity",
        ("specificity",),
        "Of the rows that are not of the class, the share that are left alone.",
    ),
    ("MCC", ("mcc",), "Matthews correlation: agreement of prediction and truth, 0 by chance, 1 at best."),
    (
        "ROC AUC",
        ("roc_auc",),
        "Chance that a row of the positive class is ranked above one of the other: 0.5 by chance, 1 at best.",
    ),
    (
        "PR AUC",
        ("pr_auc",),
        "Precision averaged over recall; by chance it equals the share of the positive class.",
    ),
    (
        "log loss",
        ("log_loss",),
        "Mean surprise at the truth given the probabilities, in nats; lower is better.",
    ),
    ("Brier score", ("brier",), "Mean squared error of the probabilities; lower is better."),
    (
        "calibration error",
        ("calibration_error", "ece", "expected_calibration_error"),
        "Mean gap between stated probability and what came true.",
    ),
    ("RMSE", ("rmse",), "Root of the mean squared error, in the target's unit; large errors weigh more."),
    ("MAE", ("mae",), "Mean absolute error, in the target's unit."),
    ("R²", ("r2",), "Share of the target's variance that is explained: 0 as good as the mean, 1 at best."),
    ("latency p99", ("latency_p99",), "Time within which 99 of 100 single predictions are answered."),
)


def used(view: RunView) -> tuple[tuple[str, str], ...]:
    """The general terms, and those metrics that the report names."""
    names = {s.item.name.partition("(")[0] for s in view.metrics}
    names |= {c.text.split()[0].partition("(")[0] for c in view.verdict.criteria if c.text}
    if view.records.shortlist:
        names.add(view.records.shortlist.metric)
    return tuple((term, text) for term, metrics, text in TERMS if not metrics or names & set(metrics))
