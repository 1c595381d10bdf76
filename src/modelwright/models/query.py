"""Which rows to label next: those that a model is unsure of, those unlike what is labelled, or both.

Uncertainty: Settles (2009), Active Learning Literature Survey. Diversity: farthest first, the greedy k-center
(Sener & Savarese 2018). Both: the most uncertain rows, thinned to one from each of as many clusters as are
asked for (Zhdanov 2019, Diverse mini-batch Active Learning), so that a batch asks no thing many times.
Measured against random order in benchmarks/labels/active.py.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

Uncertainty = Literal["confidence", "margin", "entropy"]
How = Literal["confidence", "margin", "entropy", "diversity", "mixed", "random"]
HOWS: tuple[How, ...] = ("confidence", "margin", "entropy", "diversity", "mixed", "random")

WIDE = 5
"""``mixed`` clusters so many times the rows that are asked for."""


def uncertainty(probabilities: Array, how: Uncertainty = "margin") -> Array:
    """How unsure a model is of each row, float64 [n] in [0, 1], from ``probabilities`` [n, k].

    ``confidence``: one less the largest probability, over its maximum. ``margin``: one less the gap between
    the two largest. ``entropy``: that of the row, over that of k equal ones. Raises ValueError where there is
    one class only.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        raise ValueError("probabilities of at least two classes, [n, k]")
    k = probabilities.shape[1]
    if how == "confidence":
        return np.asarray((1.0 - probabilities.max(axis=1)) / (1.0 - 1.0 / k), dtype=np.float64)
    if how == "margin":
        top = np.partition(probabilities, k - 2, axis=1)[:, k - 2 :]
        return np.asarray(1.0 - (top[:, 1] - top[:, 0]), dtype=np.float64)
    safe = np.maximum(probabilities, 1e-300)
    return np.asarray(-np.sum(probabilities * np.log(safe), axis=1) / np.log(k), dtype=np.float64)


def farthest_first(points: Any, count: int, among: Codes, labelled: Codes) -> Codes:
    """``count`` of the rows ``among``, each the farthest from those labelled and those taken before it.

    ``points`` [n, d], dense; Euclidean. Without labelled rows the first is the nearest to the mean. A 2-
    approximation of the k-center (Gonzalez 1985).
    """
    pool = np.asarray(points[among], dtype=np.float64)
    if not len(labelled):
        start = int(np.argmin(np.sum((pool - pool.mean(axis=0)) ** 2, axis=1)))
        taken, nearest = [start], np.sum((pool - pool[start]) ** 2, axis=1)
    else:
        taken, nearest = [], np.full(len(pool), np.inf)
        known = np.asarray(points[labelled], dtype=np.float64)
        squares = np.sum(pool**2, axis=1)
        for begin in range(0, len(known), 256):
            some = known[begin : begin + 256]
            away = squares[:, None] - 2 * pool @ some.T + np.sum(some**2, axis=1)
            nearest = np.minimum(nearest, away.min(axis=1))
    while len(taken) < min(count, len(pool)):
        best = int(np.argmax(nearest))
        taken.append(best)
        nearest = np.minimum(nearest, np.sum((pool - pool[best]) ** 2, axis=1))
        nearest[taken] = -1.0
    return among[np.array(taken[:count], dtype=np.int64)]


def one_a_cluster(points: Any, count: int, among: Codes, weight: Array, seed: int = 0) -> Codes:
    """One row of each of ``count`` clusters of the rows ``among``: that nearest to the centre, the largest
    clusters first. Rows pull the centres by their ``weight`` [len(among)] (k-means)."""
    from sklearn.cluster import KMeans

    pool = np.asarray(points[among], dtype=np.float64)
    if len(pool) <= count:
        return among[np.argsort(-weight, kind="stable")]
    clusters = min(count, len(np.unique(pool, axis=0)))
    made = KMeans(clusters, n_init=1, max_iter=20, random_state=seed, init="random").fit(
        pool, sample_weight=np.maximum(weight, 1e-6)
    )
    away = np.sum((pool - made.cluster_centers_[made.labels_]) ** 2, axis=1)
    order = np.lexsort((away, made.labels_))
    _, first = np.unique(made.labels_[order], return_index=True)
    chosen = order[first]
    size = np.bincount(made.labels_, minlength=count)[made.labels_[chosen]]
    chosen = chosen[np.lexsort((chosen, -size))]
    if len(chosen) < count:  # points that are equal share a cluster
        rest = np.setdiff1d(np.arange(len(pool)), chosen)
        chosen = np.concatenate(
            [chosen, rest[np.argsort(-weight[rest], kind="stable")][: count - len(chosen)]]
        )
    return among[chosen[:count]]


def choose(
    count: int,
    unlabelled: Codes,
    *,
    how: How = "mixed",
    probabilities: Array | None = None,
    points: Any = None,
    labelled: Codes | None = None,
    seed: int = 0,
) -> Codes:
    """Positions int64 [min(count, len(unlabelled))] to label next, in the order to ask for them.

    ``unlabelled`` and ``labelled`` are positions in ``probabilities`` [n, k], of the current model (not
    needed for ``diversity`` and ``random``), and in ``points`` [n, d], what the rows are like (needed for
    ``diversity`` and ``mixed``). Raises ValueError where what a way needs is missing, or the way is unknown.
    """
    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(HOWS)}")
    among = np.asarray(unlabelled, dtype=np.int64)
    known = np.empty(0, dtype=np.int64) if labelled is None else np.asarray(labelled, dtype=np.int64)
    count = min(count, len(among))
    if count <= 0:
        return among[:0]
    if how == "random":
        return np.random.default_rng(seed).permutation(among)[:count]
    if points is None and how in ("diversity", "mixed"):
        raise ValueError(f"{how} needs points: what the rows are like")
    if how == "diversity":
        return farthest_first(points, count, among, known)
    if probabilities is None:
        raise ValueError(f"{how} needs the probabilities of a model")
    kind: Uncertainty = "margin" if how == "mixed" else how
    unsure = uncertainty(probabilities[among], kind)
    order = np.argsort(-unsure, kind="stable")
    if how != "mixed":
        return among[order[:count]]
    wide = order[: WIDE * count]
    return one_a_cluster(points, count, among[wide], unsure[wide], seed)
