"""How far annotators agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha, with intervals.

Sources: Cohen 1960 and 1968, Fleiss 1971, Krippendorff 2011 (Computing Krippendorff's Alpha-Reliability).
Each coefficient is a function of sums over items, so that its interval resamples items: what would come of
another sample of things to label, by the same people. 1 is perfect agreement, 0 what chance would give.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.stats import bootstrap
from modelwright.stats.intervals import NONE, Interval
from modelwright.stats.ratings import Ratings

Array = NDArray[np.float64]
Scale = Literal["nominal", "ordinal", "interval"]
Weights = Literal["linear", "quadratic"]
Value = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient of agreement. ``value`` is NaN where it is not defined (see ``why``)."""

    name: str
    value: float
    low: float
    high: float
    """Ends of the interval over items; NaN where resampling cannot tell."""
    items: int
    """Items with at least two answers: only these speak of agreement."""
    answers: int
    """Answers of these items."""
    observed: float
    """Share of pairs of answers that agree (for a scale, one minus the mean disagreement as a share of the
    largest possible)."""
    why: str = ""


def cohen(
    first: Array,
    second: Array,
    classes: int,
    weights: Weights | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Cohen's kappa (1960) of two annotators: ``first`` and ``second`` [items], codes 0 .. classes - 1.

    An item that one of them left out (NaN) is not counted. ``weights`` let near misses count in part: linear
    or quadratic in the distance of codes (Cohen 1968).
    """
    both = np.isfinite(first) & np.isfinite(second)
    a, b = first[both].astype(np.int64), second[both].astype(np.int64)
    cells = np.zeros((len(a), classes * classes))
    cells[np.arange(len(a)), a * classes + b] = 1.0
    apart = _apart(classes, weights)

    def value(sums: Array) -> Array:
        table = sums.reshape(*sums.shape[:-1], classes, classes)
        total = table.sum(axis=(-2, -1))
        expected = np.einsum("...i,...j,ij->...", table.sum(axis=-1), table.sum(axis=-2), apart)
        seen = np.einsum("...ij,ij->...", table, apart)
        return _one_minus(seen * total, expected)

    name = "Cohen's kappa" if weights is None else f"Cohen's kappa, {weights} weights"
    observed = 1.0 - float(np.mean(apart[a, b])) if len(a) else math.nan
    return _settled(name, cells, value, len(a), 2 * len(a), observed, level, seed)


def fleiss(counts: Array, level: float = 0.95, seed: int = 0) -> Agreement:
    """Fleiss' kappa (1971) from ``counts`` [items, classes] of answers.

    Items need not have the same number of answers: each item's agreement is the share of its pairs of
    answers that agree, and items weigh alike (Fleiss, Levin & Paik 2003, section 18.3). Items with less than
    two answers are left out.
    """
    kept = counts[counts.sum(axis=1) >= 2]
    answers = kept.sum(axis=1)
    agree = np.sum(kept * (kept - 1), axis=1) / np.maximum(answers * (answers - 1), 1.0)
    sums = np.column_stack([np.ones(len(kept)), agree, kept])

    def value(total: Array) -> Array:
        observed = _ratio(total[..., 1], total[..., 0])
        shares = _ratio(total[..., 2:], total[..., 2:].sum(axis=-1, keepdims=True))
        return _one_minus(1.0 - observed, 1.0 - np.sum(shares**2, axis=-1))

    observed = float(agree.mean()) if len(kept) else math.nan
    return _settled("Fleiss' kappa", sums, value, len(kept), int(answers.sum()), observed, level, seed)


def krippendorff(
    counts: Array, scale: Scale = "nominal", values: Array | None = None, level: float = 0.95, seed: int = 0
) -> Agreement:
    """Krippendorff's alpha (2011), from ``counts`` [items, classes] of answers.

    Any number of annotators, answers may be missing. ``scale`` says what a disagreement weighs: nominal, any
    two classes alike; ordinal, by the answers ranked between them (classes stand in their order); interval,
    by the squared difference of ``values`` [classes].

    Raises ValueError for an interval scale without values.
    """
    if scale == "interval" and values is None:
        raise ValueError("an interval scale needs the value of each class")
    kept = counts[counts.sum(axis=1) >= 2]
    answers = kept.sum(axis=1)
    used = np.flatnonzero(kept.sum(axis=0) > 0)
    kept = kept[:, used]
    k = len(used)
    spots = values[used] if values is not None else np.zeros(k)
    if scale != "ordinal":
        return _fixed(kept, answers, scale, spots, level, seed)
    # The coincidences within each item: pairs of its answers, over its number of answers less one.
    pairs = kept[:, :, None] * kept[:, None, :] - kept[:, :, None] * np.eye(k)
    cells = (pairs / np.maximum(answers - 1.0, 1.0)[:, None, None]).reshape(len(kept), k * k)

    def apart(margin: Array) -> Array:
        # Answers ranked between two classes, each end counted by half.
        middle = np.cumsum(margin, axis=-1) - margin / 2.0
        return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2, dtype=np.float64)

    def value(sums: Array) -> Array:
        table = sums.reshape(*sums.shape[:-1], k, k)
        margin = table.sum(axis=-1)
        total = margin.sum(axis=-1)
        weight = np.broadcast_to(apart(margin), table.shape)
        seen = np.einsum("...ij,...ij->...", table, weight)
        expected = np.einsum("...i,...j,...ij->...", margin, margin, weight)
        return _one_minus(seen * (total - 1.0), expected)

    table = cells.sum(axis=0).reshape(k, k)
    weight = apart(table.sum(axis=1))
    most = float(weight.max()) if k else 0.0
    observed = 1.0 - float((table * weight).sum() / (most * table.sum())) if most > 0 else 1.0
    name = f"Krippendorff's alpha, {scale}"
    found = observed if len(kept) else math.nan
    return _settled(name, cells, value, len(kept), int(answers.sum()), found, level, seed)


def _fixed(kept: Array, answers: Array, scale: Scale, spots: Array, level: float, seed: int) -> Agreement:
    """Alpha where what a disagreement weighs is known beforehand: an item then speaks through its classes and
    one sum, instead of all pairs of classes."""
    k = kept.shape[1]
    weight = 1.0 - np.eye(k) if scale == "nominal" else (spots[:, None] - spots[None, :]) ** 2
    seen = np.sum((kept @ weight) * kept, axis=1) / np.maximum(answers - 1.0, 1.0)
    sums = np.column_stack([seen, kept])

    def value(total: Array) -> Array:
        margin = total[..., 1:]
        expected = np.sum((margin @ weight) * margin, axis=-1)
        return _one_minus(total[..., 0] * (margin.sum(axis=-1) - 1.0), expected)

    most = float(weight.max()) if k else 0.0
    observed = 1.0 - float(seen.sum() / (most * answers.sum())) if most > 0 else 1.0
    found = observed if len(kept) else math.nan
    name = f"Krippendorff's alpha, {scale}"
    return _settled(name, sums, value, len(kept), int(answers.sum()), found, level, seed)


def pairwise(
    ratings: Ratings, least: int = 20, level: float = 0.95, seed: int = 0
) -> list[tuple[int, int, Agreement]]:
    """Cohen's kappa of every two annotators who share at least ``least`` items, in the order of annotators.

    Where somebody rated an item more than once, the first answer counts.
    """
    people, k = len(ratings.annotators), len(ratings.classes)
    given = [np.full(len(ratings.items), np.nan) for _ in range(people)]
    for i in reversed(range(len(ratings.item))):
        given[ratings.annotator[i]][ratings.item[i]] = ratings.label[i]
    found = []
    for a in range(people):
        for b in range(a + 1, people):
            shared = int(np.sum(np.isfinite(given[a]) & np.isfinite(given[b])))
            if shared >= least:
                found.append((a, b, cohen(given[a], given[b], k, level=level, seed=seed)))
    return found


def _apart(classes: int, weights: Weights | None) -> Array:
    if weights is None:
        return 1.0 - np.eye(classes)
    codes = np.arange(classes, dtype=np.float64)
    away = np.abs(codes[:, None] - codes[None, :]) / max(classes - 1, 1)
    return away if weights == "linear" else away**2


def _ratio(above: Array, below: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below, dtype=np.float64)


def _one_minus(seen: Array, expected: Array) -> Array:
    """One less observed over expected disagreement; NaN where chance could not disagree."""
    share = _ratio(np.asarray(seen), np.asarray(expected))
    return np.asarray(np.where(np.asarray(expected) > 0, 1.0 - share, np.nan), dtype=np.float64)


def _settled(
    name: str, sums: Array, value: Value, items: int, answers: int, observed: float, level: float, seed: int
) -> Agreement:
    if items == 0:
        return Agreement(name, math.nan, *NONE, 0, 0, math.nan, "no item has two answers")
    total = sums.sum(axis=0)
    found = float(value(total))
    if not math.isfinite(found):
        why = "all answers are one class: agreement by chance cannot be told from agreement"
        return Agreement(name, math.nan, *NONE, items, answers, observed, why)
    interval, why = NONE, ""
    if items < 5:
        why = "an interval needs five items with two answers"
    else:
        interval = _interval(sums, value, total, found, level, seed)
        if not math.isfinite(interval[0]):
            why = "no interval: every resample of the items agrees alike"
    return Agreement(name, found, *interval, items, answers, observed, why)


def _interval(sums: Array, value: Value, total: Array, found: float, level: float, seed: int) -> Interval:
    """Bias-corrected and accelerated (Efron 1987) over items, at most 1."""
    rng = np.random.default_rng(seed)
    # Items that are alike in every sum move the coefficient alike: the jackknife needs each kind once.
    kinds, which = np.unique(sums, axis=0, return_inverse=True)
    left_out = value(total - kinds)[which.ravel()]
    drawn = bootstrap.replicate_values(sums, value, bootstrap.replicates_for(level), rng)
    kept = drawn[np.isfinite(drawn)]
    if len(kept) and float(np.ptp(kept)) < 1e-12:
        return NONE
    low, high = bootstrap.bca(drawn, found, left_out, level)
    return min(low, 1.0), min(high, 1.0)
