"""Metrics of predicted numbers."""

from __future__ import annotations

import numpy as np

from modelwright.goal.metrics.forms import Array, Choice, Form, Quantile, Sums
from modelwright.goal.metrics.scored import Scored
from modelwright.stats.scales import ScaleName


def _numbers(scored: Scored) -> tuple[Array, Array, Array]:
    if scored.values is None:
        raise ValueError("this metric needs predicted numbers")
    return scored.truth.astype(np.float64, copy=False), scored.values, scored.row_weights


def _mean(losses: Array, w: Array, root: bool = False) -> Form:
    def function(sums: Array) -> Array:
        out: Array = sums[..., 1] / sums[..., 0]
        return np.sqrt(np.maximum(out, 0.0)) if root else out

    scale: ScaleName = "log"
    return Sums(
        np.stack([w, w * losses], axis=1), function, len(losses), scale, "" if len(losses) else "no rows"
    )


def mse(scored: Scored, choice: Choice) -> Form:
    truth, said, w = _numbers(scored)
    return _mean(np.square(truth - said), w)


def rmse(scored: Scored, choice: Choice) -> Form:
    truth, said, w = _numbers(scored)
    return _mean(np.square(truth - said), w, root=True)


def mae(scored: Scored, choice: Choice) -> Form:
    truth, said, w = _numbers(scored)
    return _mean(np.abs(truth - said), w)


def median_ae(scored: Scored, choice: Choice) -> Form:
    truth, said, w = _numbers(scored)
    why = "" if len(truth) else "no rows"
    return Quantile(np.abs(truth - said), w, 0.5, len(truth), scored.weights is None, why)


def mape(scored: Scored, choice: Choice) -> Form:
    """Mean of |error| / |truth|, as a fraction; a truth of 0 counts as the smallest float, as in scikit-
    learn."""
    truth, said, w = _numbers(scored)
    return _mean(np.abs(truth - said) / np.maximum(np.abs(truth), np.finfo(np.float64).eps), w)


def smape(scored: Scored, choice: Choice) -> Form:
    """Mean of 2|error| / (|truth| + |prediction|), from 0 to 2; 0 where both are 0."""
    truth, said, w = _numbers(scored)
    size = np.abs(truth) + np.abs(said)
    return _mean(np.divide(2 * np.abs(truth - said), size, out=np.zeros_like(size), where=size > 0), w)


def pinball(scored: Scored, choice: Choice) -> Form:
    """Quantile loss at the median: half the absolute error."""
    truth, said, w = _numbers(scored)
    return _mean(np.abs(truth - said) / 2, w)


def _explained(scored: Scored, centred: bool) -> Form:
    truth, said, w = _numbers(scored)
    if len(truth) < 2 or float(np.ptp(truth)) == 0:
        return Sums(np.zeros((len(truth), 5)), lambda s: s[..., 0], len(truth), why="the truth is constant")
    y = truth - np.average(truth, weights=w)  # keeps the sums of squares accurate
    e = truth - said
    rows = np.stack([w, w * e, w * e * e, w * y, w * y * y], axis=1)

    def function(sums: Array) -> Array:
        s, se, see, sy, syy = (sums[..., j] for j in range(5))
        left = see / s - (np.square(se / s) if centred else 0.0)
        whole = syy / s - np.square(sy / s)
        out: Array = 1.0 - left / whole
        return out

    return Sums(rows, function, len(truth), "log1m")


def r2(scored: Scored, choice: Choice) -> Form:
    return _explained(scored, centred=False)


def explained_variance(scored: Scored, choice: Choice) -> Form:
    return _explained(scored, centred=True)
