"""Data of the figures that show how the model does on the sealed rows."""

from __future__ import annotations

import numpy as np

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series
from modelwright.goal.metrics.scored import Scored
from modelwright.stats.intervals import wilson

POINTS = 200
BINS = 10


def draw(scored: Scored, classes: tuple[str, ...], problem: str, level: float, book: Book) -> None:
    """ROC, precision-recall, reliability and confusion for classes; predicted and residuals for numbers."""
    if problem == "regression":
        _numbers(scored, book)
        return
    _confusion(scored, classes, book)
    _reliability(scored, problem, level, book)
    if problem == "binary":
        _ranking(scored, book)


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    keep = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
    return tuple(map(float, x[keep])), tuple(map(float, y[keep]))


def _ranking(scored: Scored, book: Book) -> None:
    from sklearn.metrics import precision_recall_curve, roc_curve

    assert scored.probabilities is not None
    chance = scored.probabilities[:, 1]
    if len(np.unique(scored.truth)) < 2:
        return
    fpr, tpr, _ = roc_curve(scored.truth, chance, sample_weight=scored.weights)
    x, y = _thin(fpr, tpr)
    diagonal = Series("chance", (0.0, 1.0), (0.0, 1.0))
    book.figure(
        Figure(
            "roc",
            "ROC curve",
            "line",
            "false positive rate",
            "true positive rate",
            (Series("model", x, y), diagonal),
        )
    )
    precision, recall, _ = precision_recall_curve(scored.truth, chance, sample_weight=scored.weights)
    x, y = _thin(recall[::-1], precision[::-1])
    share = float(np.mean(scored.truth == 1))
    book.figure(
        Figure(
            "precision-recall",
            "Precision and recall",
            "line",
            "recall",
            "precision",
            (Series("model", x, y), Series("chance", (0.0, 1.0), (share, share))),
        )
    )


def _reliability(scored: Scored, problem: str, level: float, book: Book) -> None:
    """Share of rows that are of the class, by the probability that was given, with Wilson intervals."""
    assert scored.probabilities is not None
    assert scored.labels is not None
    if problem == "binary":
        chance, true = scored.probabilities[:, 1], scored.truth == 1
        label = "share of the positive class"
    else:
        top = scored.probabilities.argmax(axis=1)
        chance, true = scored.probabilities.max(axis=1), scored.truth == top
        label = "share that is right"
    order = np.argsort(chance, kind="stable")
    parts = [p for p in np.array_split(order, BINS) if len(p)]
    said, seen, low, high = [], [], [], []
    for part in parts:
        k, n = int(true[part].sum()), len(part)
        a, b = wilson(k, n, level)
        said.append(float(chance[part].mean()))
        seen.append(k / n)
        low.append(float(a))
        high.append(float(b))
    book.figure(
        Figure(
            "reliability",
            "Reliability: are the probabilities true?",
            "line",
            "probability that was given",
            label,
            (
                Series("model", tuple(said), tuple(seen), tuple(low), tuple(high)),
                Series("perfect", (0.0, 1.0), (0.0, 1.0)),
            ),
            note=f"Tenths of the test rows by probability; Wilson intervals at {level:.3g}, unweighted.",
        )
    )


def _confusion(scored: Scored, classes: tuple[str, ...], book: Book) -> None:
    assert scored.labels is not None
    k = len(classes)
    counts = np.bincount(scored.truth.astype(np.int64) * k + scored.labels, minlength=k * k).reshape(k, k)
    book.figure(
        Figure(
            "confusion",
            "Confusion: what was taken for what",
            "matrix",
            "predicted",
            "actual",
            matrix=tuple(tuple(map(float, row)) for row in counts),
            rows=classes,
            columns=classes,
        )
    )


def _numbers(scored: Scored, book: Book) -> None:
    assert scored.values is not None
    keep = np.unique(np.linspace(0, len(scored) - 1, 1000).astype(int))
    truth, said = scored.truth.astype(np.float64), scored.values
    book.figure(
        Figure(
            "predicted-actual",
            "Predicted and actual",
            "scatter",
            "predicted",
            "actual",
            (Series("test rows", tuple(map(float, said[keep])), tuple(map(float, truth[keep]))),),
            note=f"{len(keep)} of {len(scored)} rows, evenly spaced." if len(keep) < len(scored) else "",
        )
    )
    wrong = truth - said
    edges = np.unique(np.quantile(wrong, np.linspace(0, 1, 41)))
    low, high = np.quantile(wrong, [0.005, 0.995])
    edges = np.linspace(low, high, 41) if high > low else edges
    counts, edges = np.histogram(wrong, bins=edges)
    middle = (edges[:-1] + edges[1:]) / 2
    book.figure(
        Figure(
            "residuals",
            "Errors: actual minus predicted",
            "bar",
            "error",
            "rows",
            (Series("test rows", tuple(map(float, middle)), tuple(map(float, counts))),),
            note="The middle 99% of the errors.",
        )
    )
