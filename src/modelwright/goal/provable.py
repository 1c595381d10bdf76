"""Whether a criterion can be proven with so many test rows, said before anything is computed.

Widths are planned ones: exact for shares of rows, Hanley & McNeil's for ROC areas, and for losses and errors
from the spread that such rows commonly have (written beside each below). What is planned for is a model that
is better than the threshold by a third of the room to perfection (a tenth of the threshold where nothing
bounds it), unless the caller has a better guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.goal.metrics import MetricSpec, metric
from modelwright.goal.sections import Op
from modelwright.stats import power
from modelwright.stats.intervals import normal_quantile

ROOM = 1 / 3
ERROR_ROOM = 0.1
GROUP_LIKENESS = 0.1
"""Assumed correlation of errors within a group: the middle of what repeated measures commonly show."""

# Standard deviation over mean of one row's loss. mse: (kurtosis - 1)^0.5 with kurtosis 6, heavier than
# normal's 3.
_VARIATION = {
    "log_loss": 1.2, "brier": 1.2, "mse": 2.24, "rmse": 1.12, "mae": 1.0, "median_ae": 1.25, "mape": 1.5,
    "smape": 1.0, "pinball": 1.0, "ece": 3.0, "cost": 3.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Provable:
    """What so many test rows can prove of one criterion."""

    criterion: str
    provable: bool
    half_width: float
    """Expected half of the 95% interval (NaN where it cannot be planned)."""
    assumed: float
    """The true value that was planned for."""
    rows: int
    rows_needed: int | None
    """Test rows that would prove it; None where no number would, or where it does not rest on rows."""
    why: str


def provable(
    criterion: str,
    spec: MetricSpec,
    op: Op,
    threshold: float,
    rows: int,
    *,
    shares: Sequence[float] = (),
    positive: int | None = None,
    for_class: int | None = None,
    average: str | None = None,
    assumed: float | None = None,
    groups: int | None = None,
    slice_shares: Sequence[float] = (),
    level: float = 0.95,
) -> Provable:
    """Whether ``rows`` test rows can be expected to prove the criterion.

    ``shares`` are the class shares (classification), ``groups`` the number of groups among the test rows
    where rows are grouped, ``slice_shares`` the shares of rows in the slices of ``by COLUMN``. ``assumed`` is
    the true value to plan for.
    """
    if spec.needs == "resource":
        why = "measured by running the model on this machine; it needs no test rows"
        return Provable(criterion, True, math.nan, math.nan, rows, None, why)
    truth = assumed if assumed is not None else plausible(spec, op, threshold)
    if not _good_side(op, threshold, truth):
        why = (
            f"a true value of {truth:.4g} is on the bad side of {threshold:.6g}: no number of rows proves it"
        )
        return Provable(criterion, False, math.nan, truth, rows, None, why)
    smallest = min(slice_shares, default=1.0)
    one = for_class if for_class is not None else (positive if average is None else None)
    size = rows / groups if groups else 1.0

    def reach(n: float) -> tuple[float, float]:
        worth = n * smallest / (1 + (max(size, 1.0) - 1) * GROUP_LIKENESS)
        down, up = _reach(spec, truth, worth, tuple(shares), one, level)
        # As the estimate does: intervals of few groups use Student's t with one degree less than groups.
        few = _few_groups(n / size if groups else None, level)
        return down * few, up * few

    def enough(n: float) -> bool:
        down, up = reach(n)
        return _good_side(op, threshold, truth - down if op in (">=", ">") else truth + up)

    good = enough(rows)
    needed = power.least_rows(enough)
    down, up = reach(rows)
    half = (down + up) / 2
    where = " in the smallest slice" if slice_shares else ""
    expected = f"on {rows} test rows a true value of {truth:.4g} has an interval of about ±{half:.2g}{where}"
    if good:
        why = f"{expected}, on the good side of {threshold:.6g}"
    else:
        tail = f"about {needed} test rows would" if needed is not None else "no feasible number of rows would"
        why = f"{expected}, which reaches across {threshold:.6g}; {tail} prove it"
    return Provable(criterion, good, half, truth, rows, needed, why)


def _few_groups(groups: float | None, level: float) -> float:
    if groups is None:
        return 1.0
    if groups < 2:
        return math.inf
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, (1 + level) / 2)) / normal_quantile(level)


def plausible(spec: MetricSpec, op: Op, threshold: float, room: float = ROOM) -> float:
    """A true value that is better than the threshold by a margin worth planning for: ``room``, a share of the
    way to perfection (for errors without a bound, 0.3 times that share of the threshold)."""
    least, most = spec.bounds
    error = ERROR_ROOM * room / ROOM * abs(threshold)
    if op in (">=", ">"):
        return threshold + (error if most is None else room * (most - threshold))
    if spec.name == "ece":
        return threshold * (1 - room)
    return threshold - error if least != -1.0 else threshold - room * (threshold + 1)


def best_test_size(
    rows: int,
    asks: Sequence[tuple[str, Op, float]],
    *,
    shares: Sequence[float] = (),
    positive: int | None = None,
    for_classes: Sequence[int | None] = (),
    averages: Sequence[str | None] = (),
    groups: int | None = None,
    slice_shares: Sequence[Sequence[float]] = (),
) -> tuple[float, str]:
    """The share of ``rows`` to seal for the test so that what is asked can be proven, and why.

    ``asks`` are (metric, op, threshold); the other sequences run beside it where given. The least step of
    0.05 from 0.15 to 0.4 that proves most: planned for a model a third of the way from the threshold to
    perfection and, where that cannot be proven, for one two thirds of the way.
    """
    if not asks:
        return 0.15, "15% of the rows: the usual part, as nothing is asked that needs more"

    def proven(size: float, room: float) -> int:
        count = 0
        for i, (name, op, threshold) in enumerate(asks):
            spec = metric(name)
            count += provable(
                name, spec, op, threshold, round(rows * size), shares=shares, positive=positive,
                for_class=for_classes[i] if i < len(for_classes) else None,
                average=averages[i] if i < len(averages) else None,
                assumed=plausible(spec, op, threshold, room),
                groups=max(1, round(groups * size)) if groups else None,
                slice_shares=slice_shares[i] if i < len(slice_shares) else (),
            ).provable  # fmt: skip
        return count

    best, most, at = 0.15, 0, ROOM
    for room in (ROOM, 2 * ROOM):
        for step in range(3, 9):
            size = round(step * 0.05, 2)
            count = proven(size, room)
            if count > most:
                best, most, at = size, count, room
            if most == len(asks):
                break
        if most == len(asks):
            break
    if most == len(asks):
        how = "" if at == ROOM else ", by a model that is well above what is asked"
        return (
            best,
            f"{best:.0%} of the rows: the least part expected to prove all that is asked{how}",
        )
    why = f"it can be expected to prove {most} of {len(asks)} criteria, and a larger part no more"
    return best, f"{best:.0%} of the rows: {why}"


def _good_side(op: Op, threshold: float, value: float) -> bool:
    return {
        ">=": value >= threshold,
        ">": value > threshold,
        "<=": value <= threshold,
        "<": value < threshold,
    }[op]


def _reach(
    spec: MetricSpec, truth: float, n: float, shares: tuple[float, ...], one: int | None, level: float
) -> tuple[float, float]:
    """Expected distances from the true value down and up to the ends of its interval, on ``n`` independent
    rows."""
    name = spec.name
    k = max(len(shares), 2)
    share = shares[one] if one is not None and shares else 1 / k
    if name == "accuracy":
        return power.proportion_reach(truth, n, level)
    if name in ("recall", "precision") and one is not None:
        # A sound model predicts a class about as often as it occurs.
        return power.proportion_reach(truth, n * share, level)
    if name == "specificity" and one is not None:
        return power.proportion_reach(truth, n * (1 - share), level)
    if name == "f1" and one is not None:
        # Jaccard's index among the rows that are or are said to be of the class: n * share * 2 / (1 + J) of
        # them.
        jaccard = truth / (2 - truth)
        down, up = power.proportion_reach(jaccard, n * share * 2 / (1 + jaccard), level)
        low, high = jaccard - down, jaccard + up
        return truth - 2 * low / (1 + low), 2 * high / (1 + high) - truth
    if spec.needs == "label" and name not in ("cost", "mcc"):
        # An average over classes: each class on its own rows, squared distances added (as the estimate does).
        parts = [power.proportion_reach(truth, n * s, level) for s in (shares or (1 / k,) * k)]
        down, up = (math.sqrt(sum(p[i] ** 2 for p in parts)) / len(parts) for i in (0, 1))
        return down, up
    if name in ("roc_auc", "pr_auc"):
        share = share if one is not None else min(shares, default=1 / k)
        return power.auc_reach(truth, n * share, n * (1 - share), level)
    if name in ("mcc", "r2", "explained_variance"):
        if n < 4 or not -1 < truth < 1:
            return math.inf, math.inf
        # Fisher's z of the correlation; r2 is its square, with errors of kurtosis 6 making it half as wide
        # again.
        root = truth if name == "mcc" else math.sqrt(max(truth, 0.0))
        half = normal_quantile(level) / math.sqrt(n - 3) * (1.0 if name == "mcc" else 1.5)
        low, high = math.tanh(math.atanh(root) - half), math.tanh(math.atanh(root) + half)
        if name == "mcc":
            return truth - low, high - truth
        return truth - low * abs(low), high * abs(high) - truth
    return power.relative_reach(abs(truth), _VARIATION.get(name, 1.5), n, level)
