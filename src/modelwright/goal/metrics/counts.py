"""Metrics of predicted labels: shares of rows, by class or averaged; and Matthews' correlation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelwright.goal.metrics.forms import Array, Choice, Form, Functional, Part, Proportions
from modelwright.goal.metrics.scored import Codes, Scored
from modelwright.stats.intervals import clopper_pearson
from modelwright.stats.units import tally

Mask = NDArray[np.bool_]


def _codes(scored: Scored) -> tuple[Codes, Codes, Array, int]:
    if scored.labels is None:
        raise ValueError("this metric needs predicted labels")
    return scored.truth.astype(np.int64, copy=False), scored.labels, scored.row_weights, scored.class_count


def accuracy(scored: Scored, choice: Choice) -> Form:
    truth, labels, w, _ = _codes(scored)
    if len(truth) == 0:
        return Proportions(list, math.nan, 0, why="no rows")
    success = w * (truth == labels)
    return Proportions(lambda: [Part(success, w)], float(success.sum() / w.sum()), len(truth))


def _part(kind: str, is_true: Mask, is_said: Mask, w: Array, factor: float = 1.0) -> Part:
    """The proportion behind one class's metric, from indicator rows."""
    hit = w * (is_true & is_said)
    if kind == "recall":
        return Part(hit, w * is_true, factor)
    if kind == "precision":
        return Part(hit, w * is_said, factor)
    if kind == "f1":
        # F1 = 2J/(1+J) with Jaccard's J: a plain proportion among rows that are, or are said to be, of the
        # class.
        return Part(hit, w * (is_true | is_said), factor, "f1")
    return Part(w * (~is_true & ~is_said), w * ~is_true, factor)


def _one_class(kind: str, scored: Scored, code: int) -> Form:
    truth, labels, w, _ = _codes(scored)
    is_true, is_said = truth == code, labels == code
    part = _part(kind, is_true, is_said, w)
    rows = int(np.count_nonzero(part.trial))
    if rows == 0:
        name = scored.class_name(code)
        why = {
            "recall": f"no row is of class {name!r}",
            "precision": f"no row was predicted as {name!r}",
            "f1": f"no row is, or was predicted as, {name!r}",
            "specificity": f"every row is of class {name!r}",
        }[kind]
        # No such prediction is the model's doing, and scores 0; no such row is not, and cannot be scored.
        value = 0.0 if kind == "precision" and bool(is_true.any()) else math.nan
        return Proportions(list, value, 0, why=why)
    return Proportions(lambda: [part], part.bend(part.proportion), rows)


def _averaged(kind: str, scored: Scored, average: str) -> Form:
    truth, labels, w, k = _codes(scored)
    if len(truth) == 0:
        return Proportions(list, math.nan, 0, why="no rows")
    true = np.bincount(truth, w, k)
    said = np.bincount(labels, w, k)
    hits = np.bincount(truth, w * (truth == labels), k)
    total = float(w.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = {
            "recall": hits / true,
            "precision": hits / said,
            "f1": 2 * hits / (true + said),
            "specificity": (total - true - said + hits) / (total - true),
        }[kind]
    # As scikit-learn counts: a class that is seen on one side only scores 0 where its share has no rows.
    seen = (true > 0) | (said > 0)
    scores = np.where(seen, np.nan_to_num(scores, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    factors = np.where(seen, 1.0 / seen.sum(), 0.0) if average == "macro" else true / total
    value = float(factors @ scores)

    def parts() -> list[Part]:
        return [
            _part(kind, truth == c, labels == c, w, float(factors[c]))
            for c in np.flatnonzero(factors).tolist()
        ]

    mixed = scores[truth] if average == "weighted" else None
    return Proportions(parts, value, len(truth), mixed, w)


def _shares(kind: str, scored: Scored, choice: Choice) -> Form:
    if choice.for_class is not None:
        return _one_class(kind, scored, choice.for_class)
    average = choice.average
    if average is None:
        if scored.positive is not None:
            return _one_class(kind, scored, scored.positive)
        average = "macro"
    if average == "micro" or (average == "weighted" and kind == "recall"):
        return accuracy(scored, choice)  # with one label a row they are the same number
    return _averaged(kind, scored, average)


def recall(scored: Scored, choice: Choice) -> Form:
    return _shares("recall", scored, choice)


def precision(scored: Scored, choice: Choice) -> Form:
    return _shares("precision", scored, choice)


def f1(scored: Scored, choice: Choice) -> Form:
    return _shares("f1", scored, choice)


def specificity(scored: Scored, choice: Choice) -> Form:
    return _shares("specificity", scored, choice)


def balanced_accuracy(scored: Scored, choice: Choice) -> Form:
    """Mean recall of the classes that have rows."""
    truth, labels, w, k = _codes(scored)
    if len(truth) == 0:
        return Proportions(list, math.nan, 0, why="no rows")
    true = np.bincount(truth, w, k)
    hits = np.bincount(truth, w * (truth == labels), k)
    there = np.flatnonzero(true > 0).tolist()
    value = float(np.mean([hits[c] / true[c] for c in there]))

    def parts() -> list[Part]:
        return [_part("recall", truth == c, labels == c, w, 1 / len(there)) for c in there]

    return Proportions(parts, value, len(truth))


def cost(scored: Scored, choice: Choice) -> Form:
    """Mean cost a row, by the goal's cost of each kind of mistake."""
    truth, labels, w, _ = _codes(scored)
    if scored.costs is None:
        raise ValueError("the metric 'cost' needs the goal's costs")
    costs = scored.costs
    if len(truth) == 0:
        return Proportions(list, math.nan, 0, why="no rows")

    def parts() -> list[Part]:
        pairs = np.argwhere(costs != 0).tolist()
        return [Part(w * ((truth == a) & (labels == b)), w, float(costs[a, b])) for a, b in pairs] or [
            Part(np.zeros(len(w)), w, 0.0)
        ]

    return Proportions(parts, float(np.sum(w * costs[truth, labels]) / w.sum()), len(truth))


def mcc(scored: Scored, choice: Choice) -> Form:
    """Matthews correlation of truth and prediction, for any number of classes (Gorodkin 2004)."""
    truth, labels, w, k = _codes(scored)
    right = truth == labels

    def margins(weights: Array) -> tuple[float, float, Array, Array]:
        return (
            float(weights @ right),
            float(weights.sum()),
            tally(truth, weights, k),
            tally(labels, weights, k),
        )

    def compute(weights: Array) -> float:
        return _correlation(*margins(weights))

    def influence(weights: Array) -> Array:
        c, s, t, p = margins(weights)
        a, b = s * s - float(p @ p), s * s - float(t @ t)
        top, root = c * s - float(p @ t), math.sqrt(a * b)
        rise = s * right + c - p[truth] - t[labels]
        result: Array = weights * (rise - top * ((s - p[labels]) / a + (s - t[truth]) / b)) / root
        return result

    def careful(level: float, share: float) -> tuple[float, float]:
        # Near a perfect value: each class in turn errs as much as its rows allow, towards the commonest
        # other.
        _, s, t, _ = margins(w)
        lowest, cells = compute(w), np.zeros((k, k))
        np.add.at(cells, (truth, labels), w)
        for one in np.flatnonzero(t > 0).tolist():
            rows = max(t[one] * share, 1e-9)
            bound = clopper_pearson(cells[one, one] / t[one] * rows, rows, level)[0] * t[one]
            moved = cells.copy()
            extra = moved[one, one] - bound
            other = max((j for j in range(k) if j != one), key=lambda j: t[j])
            moved[one, one] -= extra
            moved[one, other] += extra
            lowest = min(lowest, _correlation(float(np.trace(moved)), s, t, moved.sum(axis=0)))
        return lowest, 1.0

    if len(truth) == 0:
        return Functional(compute, influence, w, 0, why="no rows")
    if len(np.unique(truth)) < 2:
        return Functional(lambda _: 0.0, influence, w, len(truth), why="the rows are of one class")
    if len(np.unique(labels)) < 2:
        # One prediction for every row has no correlation with anything; 0 by convention.
        return Functional(lambda _: 0.0, lambda v: np.zeros(len(v)), w, len(truth))
    errors = float(np.sum(~right))
    return Functional(compute, influence, w, len(truth), "fisher", errors, careful)


def _correlation(c: float, s: float, t: Array, p: Array) -> float:
    root = math.sqrt(max((s * s - float(p @ p)) * (s * s - float(t @ t)), 0.0))
    return (c * s - float(p @ t)) / root if root > 0 else 0.0
