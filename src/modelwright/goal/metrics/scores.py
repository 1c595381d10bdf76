"""Metrics of predicted probabilities: ranking, likelihood, calibration."""

from __future__ import annotations

import numpy as np

from modelwright.goal.metrics.forms import Array, Choice, Form, Functional, Sums
from modelwright.goal.metrics.scored import Codes, Scored
from modelwright.stats.intervals import clopper_pearson
from modelwright.stats.ranking import Ranked, newcombe_auc

ECE_BINS = 15


def _probabilities(scored: Scored) -> tuple[Codes, Array]:
    if scored.probabilities is None:
        raise ValueError("this metric needs predicted probabilities")
    return scored.truth.astype(np.int64, copy=False), scored.probabilities


def _ratio(sums: Array) -> Array:
    out: Array = sums[..., 1] / sums[..., 0]
    return out


def _area(scored: Scored, choice: Choice, kind: str) -> Form:
    truth, probabilities = _probabilities(scored)
    w = scored.row_weights
    wanted = choice.for_class if choice.for_class is not None else scored.positive
    if wanted is not None and choice.average is None:
        codes = [wanted]
    else:
        there = np.bincount(truth, minlength=probabilities.shape[1])
        codes = [
            c
            for c in range(probabilities.shape[1])
            if there[c] > 0 and (there[c] < len(truth) or kind == "pr")
        ]
        if len(codes) < 2:
            codes = []
    ranked = [(truth == c, Ranked(truth == c, probabilities[:, c])) for c in codes]
    by_share = choice.average == "weighted"

    def factors_and_areas(weights: Array) -> tuple[Array, Array]:
        areas = [r.roc_auc(weights) if kind == "roc" else r.average_precision(weights) for _, r in ranked]
        shares = np.array([float(weights @ yes) if by_share else 1.0 for yes, _ in ranked])
        return shares / shares.sum(), np.array(areas)

    def compute(weights: Array) -> float:
        factors, areas = factors_and_areas(weights)
        return float(factors @ areas)

    def influence(weights: Array) -> Array:
        factors, areas = factors_and_areas(weights)
        total = np.zeros(len(weights))
        for factor, (_, r) in zip(factors, ranked, strict=True):
            total += factor * (r.roc_influence(weights) if kind == "roc" else r.precision_influence(weights))
        if by_share:
            gains = areas - float(factors @ areas)
            whole = sum(float(weights @ yes) for yes, _ in ranked)
            for gain, (yes, _) in zip(gains, ranked, strict=True):
                total += weights * yes * gain / whole
        return total

    # The class with the fewest rows (on either side) decides how far the area can be trusted near 1.
    fewest = min(
        (min(int(yes.sum()), int((~yes).sum())) if kind == "roc" else int(yes.sum()) for yes, _ in ranked),
        default=0,
    )
    if not ranked or fewest == 0:
        why = "the rows are of one class" if len(truth) else "no rows"
        return Functional(compute, influence, w, len(truth), why=why)
    value = compute(w)

    def careful(level: float, share: float) -> tuple[float, float]:
        rows = max(fewest * share, 1e-9)
        exact = clopper_pearson(value * rows, rows, level)
        if kind != "roc":
            return exact
        other = max((max(int(yes.sum()), int((~yes).sum())) for yes, _ in ranked), default=1) * share
        low, high = newcombe_auc(value, max(rows, 1.0), max(other, 1.0), level)
        return (min(low, exact[0]), max(high, exact[1])) if value >= 1 else (low, high)

    return Functional(
        compute, influence, w, len(truth), "logit", fewest * min(value, 1 - value), careful, fewest
    )


def roc_auc(scored: Scored, choice: Choice) -> Form:
    return _area(scored, choice, "roc")


def pr_auc(scored: Scored, choice: Choice) -> Form:
    return _area(scored, choice, "pr")


def log_loss(scored: Scored, choice: Choice) -> Form:
    truth, probabilities = _probabilities(scored)
    eps = float(np.finfo(np.float64).eps)
    given = np.clip(probabilities[np.arange(len(truth)), truth], eps, 1 - eps)
    return _mean(-np.log(given), scored.row_weights)


def brier(scored: Scored, choice: Choice) -> Form:
    truth, probabilities = _probabilities(scored)
    one = choice.for_class if choice.for_class is not None else scored.positive
    if one is not None:
        return _mean(np.square(probabilities[:, one] - (truth == one)), scored.row_weights)
    hot = np.zeros_like(probabilities)
    hot[np.arange(len(truth)), truth] = 1.0
    return _mean(np.sum(np.square(probabilities - hot), axis=1), scored.row_weights)


def _mean(losses: Array, w: Array) -> Form:
    rows = np.stack([w, w * losses], axis=1)
    return Sums(rows, _ratio, len(losses), "log", "" if len(losses) else "no rows")


def ece(scored: Scored, choice: Choice) -> Form:
    """Expected calibration error over 15 even bins (Guo et al. 2017).

    Binary (or ``for`` a class): the class's probability against how often it is true. Multiclass: the top
    probability against how often the top class is right.
    """
    truth, probabilities = _probabilities(scored)
    one = choice.for_class if choice.for_class is not None else scored.positive
    if one is not None:
        confidence, right = probabilities[:, one], truth == one
    else:
        top = probabilities.argmax(axis=1)
        confidence, right = probabilities[np.arange(len(truth)), top], truth == top
    w = scored.row_weights
    place = np.clip(np.ceil(confidence * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    rows = np.zeros((len(truth), ECE_BINS + 1))
    rows[:, 0] = w
    rows[np.arange(len(truth)), place + 1] = w * (confidence - right)

    def function(sums: Array) -> Array:
        out: Array = np.abs(sums[..., 1:]).sum(axis=-1) / sums[..., 0]
        return out

    why = "" if len(truth) else "no rows"
    return Sums(rows, function, len(truth), "identity", why, folded=True)
