"""Calibration and decision threshold, settled on held-out rows and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.sections import Criterion
from modelwright.graph.calibrate import Calibration

Scores = npt.NDArray[np.float64]

PARTS = 5
SLICE = 30
"""Rows below which a slice is too small to settle a threshold on."""
PROVEN = 1.64
"""Standard errors by which a calibration must lower the cross-fitted log loss to be used: on few rows less is
luck, and cost up to 27% of the log loss of fresh rows (benchmarks/LOG.md)."""
PRIOR = 10.0
"""How strongly a temperature is drawn to one, in rows: a model that erred on none of few rows is not sure."""


def calibrate(
    scores: Scores,
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64],
    units: npt.NDArray[np.int64],
    seed: int,
) -> tuple[Calibration, float, float]:
    """The calibration of class probabilities that lowers the log loss of held-out rows, or ``none``.

    ``scores`` float64 [n, k], ``y`` int64 [n], ``units`` int64 [n]: rows of one unit (a group, or the row
    itself) stay together. Every candidate is judged cross-fitted: on rows it was not fitted on. Returns the
    calibration fitted on all rows, and the cross-fitted log loss without and with it.
    """
    k = scores.shape[1]
    kinds = ("sigmoid", "temperature") if k == 2 else ("temperature",)
    plain = loss(scores, y, weights)
    names, place = np.unique(units, return_inverse=True)
    parts = (np.random.default_rng(seed).permutation(len(names)) % PARTS)[place]
    before = row_losses(scores, y)
    best: tuple[float, str] = (plain, "none")
    for kind in kinds:
        made = np.empty_like(scores)
        for part in range(PARTS):
            held = parts == part
            if not held.any() or held.all():
                made[held] = scores[held]
                continue
            made[held] = fit(kind, scores[~held], y[~held], weights[~held]).apply(scores[held])
        value = loss(made, y, weights)
        gain = before - row_losses(made, y)
        # Rows of one unit err alike, so the error is that of the units' sums.
        sums = np.bincount(place, weights=weights * (gain - np.average(gain, weights=weights)))
        error = float(np.sqrt(np.sum(sums * sums)) / weights.sum())
        if value < best[0] and plain - value > PROVEN * error:
            best = (value, kind)
    if best[1] == "none":
        return Calibration(), plain, plain
    return fit(best[1], scores, y, weights), plain, best[0]


def row_losses(scores: Scores, y: npt.NDArray[Any]) -> Scores:
    """Log loss of each row, float64 [n]."""
    found: Scores = -np.log(np.clip(scores[np.arange(len(y)), y], 1e-15, 1.0))
    return found


def loss(scores: Scores, y: npt.NDArray[Any], weights: npt.NDArray[np.float64]) -> float:
    """Weighted log loss."""
    return float(np.average(row_losses(scores, y), weights=weights))


def fit(kind: str, scores: Scores, y: npt.NDArray[Any], weights: npt.NDArray[np.float64]) -> Calibration:
    """Platt scaling of log-odds, smoothed targets (Platt 1999), or a temperature (Guo et al. 2017)."""
    logs = np.log(np.clip(scores, 1e-12, 1.0))
    if kind == "temperature":

        def of(t: float) -> float:
            made = Calibration("temperature", (float(np.exp(t)),)).apply(scores)
            return loss(made, y, weights) + PRIOR * t * t / len(y)

        found = optimize.minimize_scalar(of, bounds=(-3.0, 3.0), method="bounded")
        return Calibration("temperature", (float(np.exp(found.x)),))
    odds = logs[:, 1] - logs[:, 0]
    positives, negatives = float(weights[y == 1].sum()), float(weights[y == 0].sum())
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def cost(ab: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        z = ab[0] * odds + ab[1]
        value = np.average(np.logaddexp(0.0, z) - target * z, weights=weights)
        slope = (1 / (1 + np.exp(-np.clip(z, -500, 500))) - target) * weights / weights.sum()
        return float(value), np.array([slope @ odds, slope.sum()])

    found = optimize.minimize(
        cost, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, 20), (-20, 20)]
    )
    return Calibration("sigmoid", (float(found.x[0]),), (float(found.x[1]),))


def threshold(
    probabilities: Scores,
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64] | None,
    criteria: tuple[Criterion, ...],
    classes: tuple[str, ...],
    costs: npt.NDArray[np.float64] | None,
    slices: dict[str, npt.NDArray[np.int64]],
    *,
    ordered: bool = False,
) -> tuple[float, str]:
    """The probability of the positive class from which it is predicted, and why.

    With costs, the threshold that theory gives for calibrated probabilities (Elkan 2001). With criteria on
    labels, the one that separates best among those that leave the least satisfied criterion a margin. Where
    none does and that is accuracy, theory says one half, and another is taken only if validation rows prove
    it better (McNemar's test on the rows between the two); not of rows that are ``ordered`` in time, the last
    of which say what probabilities are now. Otherwise one half. ``slices``: int64 codes [n] of the columns
    that criteria are asked ``by``.
    """
    if costs is not None:
        gain = costs[1, 0] - costs[1, 1] + costs[0, 1] - costs[0, 0]
        if gain > 0:
            return float(np.clip((costs[0, 1] - costs[0, 0]) / gain, 0.0, 1.0)), "least expected cost"
    wanted = [c for c in criteria if spec_of(c.metric).needs == "label" and c.metric != "cost"]
    if not wanted:
        return 0.5, "one half: no criterion depends on it"
    chance = probabilities[:, 1]
    grid = np.unique(np.append(np.quantile(chance, np.linspace(0.005, 0.995, 100)), 0.5))
    margins = np.array([_margin(t, wanted, chance, probabilities, y, weights, classes, slices) for t in grid])
    overall = np.array([_mcc(chance >= t, y) for t in grid])
    # Enough margin for the test's interval (about two standard errors of a share of the rarer class), and
    # beyond that the threshold that separates the classes best: more margin than needed would be paid for
    # with everything the goal does not name.
    margin = 2.0 * (0.25 / max(1, min((y == 1).sum(), (y == 0).sum()))) ** 0.5
    enough = min(float(margins.max()), margin)
    able = np.flatnonzero(margins >= enough - 1e-12)
    at = float(grid[able[np.argmax(overall[able])]])
    short = enough < margin and not ordered and all(c.metric == "accuracy" and c.by is None for c in wanted)
    if short and not _better(at, chance, y, weights):
        return 0.5, "one half: no other is proven to get more validation rows right"
    names = ", ".join(c.text for c in wanted)
    return at, f"the best separation that leaves validation rows a margin of {enough:.3f} for {names}"


def _better(at: float, chance: Scores, y: npt.NDArray[Any], weights: npt.NDArray[np.float64] | None) -> bool:
    """Whether a threshold gets more rows right than one half does, beyond chance (one-sided, 5%)."""
    gains = ((chance >= at) == (y == 1)).astype(np.float64) - ((chance >= 0.5) == (y == 1))
    if weights is not None:
        gains *= weights
    return bool(gains.sum() > 1.645 * np.sqrt((gains * gains).sum()))


def _margin(
    t: float,
    wanted: list[Criterion],
    chance: Scores,
    probabilities: Scores,
    y: npt.NDArray[Any],
    weights: npt.NDArray[np.float64] | None,
    classes: tuple[str, ...],
    slices: dict[str, npt.NDArray[np.int64]],
) -> float:
    """How far the least satisfied criterion is on the good side at threshold ``t``."""
    scored = Scored(
        truth=y.astype(np.int64),
        labels=(chance >= t).astype(np.int64),
        probabilities=probabilities,
        weights=weights,
        classes=classes,
        positive=1,
    )
    found = []
    for c in wanted:
        code = None if c.for_class is None else classes.index(c.for_class)
        parts = [scored]
        if c.by in slices:
            names = slices[c.by]
            sizes = np.bincount(names)
            parts += [scored.take(np.flatnonzero(names == s)) for s in np.flatnonzero(sizes >= SLICE)]
        for part in parts:
            value = spec_of(c.metric).compute(part, for_class=code, average=c.average)
            margin = value - c.threshold if c.op in (">=", ">") else c.threshold - value
            found.append(float(margin) if np.isfinite(margin) else 0.0)
    return min(found)


def _mcc(said: npt.NDArray[np.bool_], y: npt.NDArray[Any]) -> float:
    """Matthews correlation; 0 where one side is empty."""
    a, b = said.astype(np.float64), (y == 1).astype(np.float64)
    spread = a.std() * b.std()
    return float((a * b).mean() - a.mean() * b.mean()) / float(spread) if spread > 0 else 0.0


def radius(problem: str, answers: Scores, y: npt.NDArray[Any], coverage: float) -> tuple[float, float]:
    """The split-conformal radius (Vovk et al. 2005; Lei et al. 2018) and the coverage that it has for rows
    that had no part in choosing the model.

    Held-out rows had a small one: fits were stopped, members picked and probabilities calibrated on them. So
    in a release this coverage is what is aimed at, and the test says what sealed rows show of it.

    Numbers: the quantile of absolute errors; classes: of one minus the probability of the true class
    (Sadinle et al. 2019), at rank ceil((n + 1) * coverage) of n held-out rows.
    """
    if problem == "regression":
        wrong = np.abs(y - answers[:, 0])
    else:
        wrong = 1.0 - answers[np.arange(len(y)), y]
    n = len(wrong)
    rank = int(np.ceil((n + 1) * coverage))
    if rank > n:
        return (float("inf") if problem == "regression" else 1.0), 1.0
    return float(np.sort(wrong)[rank - 1]), rank / (n + 1)
