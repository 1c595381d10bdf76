"""Weights of an ensemble from held-out predictions: greedy selection in bags, guarded by rows out of the bag.

Greedy selection with replacement (Caruana et al. 2004, ICML), repeated on bootstrapped rows and, where that
is no worse on rows that a bag did not draw, on random halves of the candidates (Caruana et al. 2006, ICDM):
a weight is the mean over bags, so that luck on few validation rows is not mistaken for merit. What is
minimised is the log loss of classes, whatever the metric of the search: it ranks at least as well (ROC AUC)
and wastes no row. All was measured against simpler ways: benchmarks/LOG.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelwright.graph.calibrate import SMALLEST
from modelwright.graph.pooling import Pool, pooled
from modelwright.models import stack
from modelwright.models.family import ProblemKind

Floats = npt.NDArray[np.float64]
Kind = Literal["log", "square", "absolute"]

ROUNDS = 20
BAGS = 25
MEMBERS = 8
"""Members that ship at most. More would still add a little; each is one more fit on all rows, and some
microseconds of every answer."""
CANDIDATES = 40
"""The best so many alone are looked at."""
BAG_ROWS = 2000
"""Rows that a bag draws at most: the weights of more rows do not differ enough to pay for the time."""
SHARES = (0.5, 1.0)
"""Parts of the candidates that a bag may choose from; which is better, rows out of the bag say."""
LEAST = 0.02
"""A smaller weight is left out: it changes next to nothing, and costs as much as any."""
WORTH = 1e-4
"""A later round is better than an earlier one where the loss falls by this part of the candidates' spread."""

ABSOLUTE = ("mae", "median_ae", "mape", "smape", "pinball")
"""Metrics of numbers for which absolute errors are minimised; squared ones for all others."""


@dataclass(frozen=True, slots=True)
class Blend:
    """An ensemble: names and weights, and how their scores become one."""

    weights: dict[str, float]
    """Of a mean they sum to one."""
    pool: Pool = "mean"

    def scores(self, candidates: Mapping[str, Floats]) -> Floats:
        """Its scores float64 [n, k] from those of its members."""
        return pooled([candidates[name] for name in self.weights], list(self.weights.values()), self.pool)

    @property
    def shares(self) -> dict[str, float]:
        """The weights as parts of one."""
        total = sum(self.weights.values())
        return {name: weight / total for name, weight in self.weights.items()}


def select(
    candidates: Mapping[str, Floats],
    y: npt.NDArray[Any],
    weights: Floats | None,
    metric: str,
    problem: ProblemKind,
    *,
    members: int = MEMBERS,
    seed: int = 0,
) -> Blend:
    """The ensemble of ``candidates``: held-out scores float64 [n, k] of the same rows, by name."""
    held = HeldOut.of(candidates, y, weights, metric, problem)
    found = held.strongest(held.weigh(held.contenders(), seed), members)
    return held.blend(found, candidates, seed)


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows as selection needs them: one number a row and candidate.

    ``table`` float64 [n, m]: the probability of the true class (``log``) or the error (``square``,
    ``absolute``); of a weighted mean of candidates it is the weighted mean of their columns.
    """

    names: tuple[str, ...]
    table: Floats
    weights: Floats
    kind: Kind
    rows: npt.NDArray[np.int64]
    """Positions of these rows among those given (rows that weigh nothing are left out)."""
    y: npt.NDArray[Any]

    @classmethod
    def of(
        cls,
        candidates: Mapping[str, Floats],
        y: npt.NDArray[Any],
        weights: Floats | None,
        metric: str,
        problem: ProblemKind,
    ) -> HeldOut:
        """Candidates whose scores are not finite are left out, unless all are. The order of names settles
        ties, not that in which they were given."""
        w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
        rows = np.flatnonzero(w > 0) if (w > 0).any() else np.arange(len(y))
        names = sorted(candidates)
        truth = y[rows]
        columns = []
        for name in names:
            scores = candidates[name][rows]
            if problem == "regression":
                columns.append(scores[:, 0] - truth)
            else:
                columns.append(np.clip(scores[np.arange(len(rows)), truth], SMALLEST, 1.0))
        sound = [i for i, column in enumerate(columns) if np.isfinite(column).all()] or [0]
        kind = cls.kind_of(metric, problem)
        table = np.column_stack([columns[i] for i in sound])
        return cls(tuple(names[i] for i in sound), table, w[rows], kind, rows, truth)

    @staticmethod
    def kind_of(metric: str, problem: ProblemKind) -> Kind:
        """What is minimised for that metric."""
        return "log" if problem != "regression" else "absolute" if metric in ABSOLUTE else "square"

    def losses(self, mixed: Floats) -> Floats:
        """Loss of each row: float64 of the shape of ``mixed``, columns like those of the table."""
        if self.kind == "log":
            found: Floats = -np.log(mixed)
            return found
        return np.abs(mixed) if self.kind == "absolute" else mixed * mixed

    def mean_loss(self, losses: Floats) -> float:
        return float(np.average(losses, weights=self.weights))

    def alone(self) -> Floats:
        """Mean loss of every candidate by itself, float64 [m]."""
        found: Floats = np.average(self.losses(self.table), axis=0, weights=self.weights)
        return found

    def contenders(self, fit: Sequence[bool] | None = None) -> npt.NDArray[np.int64]:
        """Columns of the best candidates, of those that ``fit`` where it says so."""
        order = np.argsort(self.alone(), kind="stable")
        if fit is not None:
            order = order[np.asarray(fit)[order]]
        return np.sort(order[:CANDIDATES])

    def take(self, rows: npt.NDArray[np.int64]) -> HeldOut:
        """Some of the rows."""
        return HeldOut(
            self.names, self.table[rows], self.weights[rows], self.kind, self.rows[rows], self.y[rows]
        )

    def weigh(self, columns: npt.NDArray[np.int64], seed: int = 0, bags: int = 0) -> Floats:
        """Weights float64 [m], zero outside ``columns``, summing to one. ``bags``: 0 for ``BAGS``."""
        weights = np.zeros(len(self.names))
        if len(columns) == 1:
            weights[columns] = 1.0
            return weights
        table, w = self.table[:, columns], self.weights
        best: tuple[float, Floats] | None = None
        for share in SHARES:
            chosen, drawn = self._bags(table, w, share, bags or BAGS, seed)
            loss = self._unseen(table, w, chosen, drawn)
            if best is None or loss < best[0]:
                best = (loss, chosen.mean(axis=0))
        assert best is not None
        weights[columns] = best[1]
        return weights

    def _bags(
        self, table: Floats, w: Floats, share: float, bags: int, seed: int
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Weights by bag [bags, m], and which rows each had drawn [bags, n]."""
        rng = np.random.default_rng([seed, round(share * 100)])
        n, m = table.shape
        chosen, drawn = np.zeros((bags, m)), np.zeros((bags, n), dtype=np.bool_)
        count = max(2, int(np.ceil(m * share)))
        for bag in range(bags):
            rows = rng.integers(0, n, min(n, BAG_ROWS))
            some = np.sort(rng.permutation(m)[:count]) if count < m else np.arange(m)
            drawn[bag, rows] = True
            chosen[bag, some] = greedy(table[np.ix_(rows, some)], w[rows], self.kind)
        return chosen, drawn

    def _unseen(self, table: Floats, w: Floats, chosen: Floats, drawn: npt.NDArray[np.bool_]) -> float:
        """Mean loss of rows under the mean of the bags that did not draw them."""
        outside = (~drawn).astype(np.float64)
        count = outside.sum(axis=0)
        able = count > 0
        if not able.any():
            return float("inf")
        mixed = (table[able] * (outside.T[able] @ chosen / count[able, None])).sum(axis=1)
        return float(np.average(self.losses(mixed), weights=w[able]))

    def strongest(self, weights: Floats, members: int) -> Floats:
        """The heaviest alone, scaled to sum to one."""
        order = np.argsort(-weights, kind="stable")
        kept = [i for i in order[:members] if weights[i] >= LEAST] or [order[0]]
        found = np.zeros_like(weights)
        found[kept] = weights[kept]
        scaled: Floats = found / found.sum()
        return scaled

    def blend(self, weights: Floats, candidates: Mapping[str, Floats], seed: int = 0) -> Blend:
        """The ensemble of these weights, its scores put together in the way that is shown to be better."""
        order = np.argsort(-weights, kind="stable")
        used = [int(i) for i in order if weights[i] > 0]
        found = {self.names[i]: float(weights[i]) for i in used}
        if self.kind == "log" and len(used) > 1:
            parts = [candidates[name][self.rows] for name in found]
            learnt = stack.learn(parts, list(found.values()), self.y, self.weights, seed)
            if learnt is not None:
                kept = {name: w for name, w in zip(found, learnt, strict=True) if w > stack.LEAST}
                return Blend(kept, "log")
        return Blend(found)


def greedy(table: Floats, w: Floats, kind: Kind) -> Floats:
    """Weights float64 [m] of one greedy selection: candidates are added with replacement, and a weight is how
    often one was added up to the best round."""
    n, m = table.shape
    w = w / w.sum() if w.sum() > 0 else np.full(n, 1.0 / n)
    # Squared errors of any mean follow from the candidates' products alone: no row is looked at twice.
    products = (table * w[:, None]).T @ table if kind == "square" else None

    def trial(mean: Floats, at: Floats, count: int) -> Floats:
        """Mean losses float64 [m] with each candidate added to ``count`` of before."""
        if products is not None:
            before = at @ products
            whole = count * count * (before @ at) + 2 * count * before + np.diag(products)
            return np.asarray(whole / (count + 1) ** 2)
        mixed = (mean[:, None] * count + table) / (count + 1)
        losses: Floats = w @ (-np.log(mixed) if kind == "log" else np.abs(mixed))
        return losses

    counts, mean = np.zeros(m), np.zeros(n)
    best, found, scale = float("inf"), counts, 1.0
    for count in range(ROUNDS):
        losses = trial(mean, counts / max(count, 1), count)
        add = int(np.argmin(losses))
        mean = (mean * count + table[:, add]) / (count + 1)
        counts = counts + (np.arange(m) == add)
        if count == 0:
            scale = float(losses.max() - losses.min()) or abs(float(losses.min())) or 1.0
        if losses[add] < best - WORTH * scale:
            best, found = float(losses[add]), counts / (count + 1)
        elif losses[add] > best + WORTH * scale:
            break
        # Where adding the same one again changes nothing, a step that is too long for now may be the right
        # one later, when it is a smaller part of the whole.
    return found
