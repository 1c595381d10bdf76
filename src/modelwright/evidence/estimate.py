"""A metric on scored rows, with the interval that the rows can honestly support.

Which method is used follows from the metric's form and from how rows hang together (singly, in groups, in
time): exact binomial where the metric is a share of rows, MOVER over classes where it is an average of
shares, DeLong or its grouped form for areas, order statistics for medians, the studentised bootstrap for
means and ratios.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from modelwright.core.records.evidence import Estimate
from modelwright.goal.metrics.forms import Form, Functional, Proportions, Quantile, Sums
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.stats import bootstrap, intervals, jackknife, proportions
from modelwright.stats.scales import SCALES
from modelwright.stats.units import (
    Units,
    block_length,
    blocks,
    effective_count,
    groups,
    random_bins,
    single_rows,
)

Array = NDArray[np.float64]
Interval = tuple[float, float]

MOST_BINS = 500
FEW_UNITS = 40
"""Up to here each unit is left out in turn; beyond, influences give the same at less cost."""
LEAST_UNITS = 6
"""Below this the mean and the spread of a loss between units are too entangled for any interval to hold."""
SOME_UNITS = 10
"""From here on the studentised bootstrap is used beside the jackknife."""
NEAR_PERFECT = 5.0
"""Below this many expected errors an area or a correlation is near its bound, where influences fail."""


def estimate(
    spec: MetricSpec,
    scored: Scored,
    *,
    for_class: int | None = None,
    average: str | None = None,
    groups: ArrayLike | None = None,
    time_order: bool = False,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """The metric of ``scored`` with a two-sided interval at ``level``.

    ``groups`` [n] names the group of each row, where rows of one group are not independent; ``time_order``
    says that rows stand in time order and neighbours are not independent. With both, the wider interval is
    taken. Where no interval can be given its ends are NaN and ``method`` says why. Raises ``ValueError``
    where ``scored`` lacks what the metric needs.
    """
    form = spec.of(scored, for_class=for_class, average=average)
    found = _all_intervals(form, len(scored), groups, time_order, level, seed)
    low, high, method = _widest(found)
    if math.isnan(low):
        return Estimate(float(form.value), math.nan, math.nan, form.n, level, method)
    least, most = spec.bounds
    low = low if least is None else max(low, least)
    high = high if most is None else min(high, most)
    value = float(form.value)
    return Estimate(value, min(low, value), max(high, value), form.n, level, method)


def compare(
    spec: MetricSpec,
    scored: Scored,
    baseline: Scored,
    *,
    for_class: int | None = None,
    average: str | None = None,
    groups: ArrayLike | None = None,
    time_order: bool = False,
    level: float = 0.95,
) -> tuple[Estimate, float]:
    """The metric of ``scored`` minus that of ``baseline`` on the same rows, and the two-sided p value of no
    difference.

    Paired through the influence of each row on both, summed over units, with Student's t: for areas and
    single rows that is DeLong's paired test, for shares of rows McNemar's with the exact test's p where it
    applies. Raises ``ValueError`` where the rows differ.
    """
    if len(scored) != len(baseline) or not np.array_equal(scored.truth, baseline.truth):
        raise ValueError("a paired comparison needs the same rows with the same truth")
    ours = spec.of(scored, for_class=for_class, average=average)
    theirs = spec.of(baseline, for_class=for_class, average=average)
    gap = float(ours.value) - float(theirs.value)
    n = len(scored)
    why = ours.why or theirs.why
    if why or not math.isfinite(gap):
        return Estimate(gap, math.nan, math.nan, n, level, why or "the difference is not a number"), math.nan
    influence = ours.influence() - theirs.influence()
    worst: tuple[float, float, str] = (-1.0, math.nan, "")
    for units in _units(influence, n, groups, time_order):
        spread, df = _spread(influence, units)
        if not (spread >= 0 and df > 0):
            why = f"too few independent {units.kind}s ({units.count})"
            return Estimate(gap, math.nan, math.nan, n, level, why), math.nan
        reach = intervals.t_quantile(level, df) * spread
        if reach > worst[0]:
            worst = (reach, _p_value(gap, spread, df), f"paired-{units.kind}")
    reach, p, method = worst
    if spec.name == "accuracy" and groups is None and not time_order and scored.weights is None:
        from modelwright.stats.compare import mcnemar

        assert scored.labels is not None
        assert baseline.labels is not None
        p = mcnemar(scored.labels == scored.truth, baseline.labels == baseline.truth)
        method = "mcnemar"
    return Estimate(gap, gap - reach, gap + reach, n, level, method), p


def estimate_calls(spec: MetricSpec, seconds: ArrayLike, *, level: float = 0.95) -> Estimate:
    """``latency_p50`` or ``latency_p99`` of timed calls [n] in seconds, by order statistics.

    The upper end is infinite where there are too few calls to bound it (368 for p99 at level 0.95).
    """
    q = {"latency_p50": 0.5, "latency_p99": 0.99}[spec.name]
    calls = np.asarray(seconds, dtype=np.float64)
    if len(calls) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, level, "no call was timed")
    low, high = intervals.quantile(calls, q, level)
    return Estimate(float(np.quantile(calls, q)), max(low, 0.0), high, len(calls), level, "order-statistics")


def estimate_exact(value: float, *, level: float = 0.95) -> Estimate:
    """A quantity that is known and not sampled, such as the size of the model in bytes."""
    return Estimate(value, value, value, 1, level, "counted")


def level_for(openings: int) -> float:
    """The level of intervals on test rows opened this many times: 1 - 0.05 / openings.

    A false ``met`` at any of k openings then has a chance of at most 0.025 (1 + 1/2 + ... + 1/k): below 5%
    up to three openings of models that share no errors, and beyond for models that err alike, as those of
    one task do.
    """
    return 1.0 - 0.05 / max(openings, 1)


def _all_intervals(
    form: Form, n: int, names: ArrayLike | None, time_order: bool, level: float, seed: int
) -> list[tuple[float, float, str]]:
    if form.why:
        return [(math.nan, math.nan, form.why)]
    if n < 2:
        return [(math.nan, math.nan, f"too few rows ({n})")]
    influence = form.influence() if time_order else np.zeros(n)
    found = []
    for units in _units(influence, n, names, time_order):
        if units.kind != "row" and units.count < 2:
            found.append((math.nan, math.nan, f"too few independent {units.kind}s ({units.count})"))
            continue
        low, high, method = _interval(form, units, level, np.random.default_rng(seed))
        if math.isnan(low) or math.isnan(high):
            why = f"{units.count} {units.kind}s are too few, or nearly all of it rests on one or two of them"
            found.append((math.nan, math.nan, method if "without" in method else why))
        else:
            found.append((low, high, method if units.kind == "row" else f"{method}-{units.kind}"))
    return found


def _widest(found: list[tuple[float, float, str]]) -> tuple[float, float, str]:
    """The union of the intervals; none where one of them is none."""
    for low, _, method in found:
        if math.isnan(low):
            return math.nan, math.nan, method
    return min(f[0] for f in found), max(f[1] for f in found), " + ".join(f[2] for f in found)


def _units(influence: Array, n: int, names: ArrayLike | None, time_order: bool) -> list[Units]:
    found = []
    if names is not None:
        by_group = groups(names)
        if by_group.count < n:
            found.append(by_group)
    if time_order:
        found.append(blocks(n, block_length(influence)))
    return found or [single_rows(n)]


def _interval(form: Form, units: Units, level: float, rng: np.random.Generator) -> tuple[float, float, str]:
    if isinstance(form, Proportions):
        exact = form.mixed is None and len(form.parts()) == 1
        return *_shares(form, units, level), "exact" if exact else "mover"
    if isinstance(form, Quantile):
        return *_quantile(form, units, level), "order-statistics"
    if isinstance(form, Sums):
        return _sums(form, units, level, rng)
    return _functional(form, units, level)


def _shares(form: Proportions, units: Units, level: float) -> Interval:
    terms = []
    for part in form.parts():
        low, high = proportions.interval(part.success, part.trial, units, level)
        p = part.proportion
        if not part.trial.any():
            # A class that was never predicted (or never seen) scores 0 by convention, and could score
            # anything.
            terms.append(proportions.Term(0.0, 0.0, 1.0, part.factor, np.zeros(len(part.trial))))
            continue
        if math.isnan(low):
            return math.nan, math.nan
        terms.append(
            proportions.Term(part.bend(p), part.bend(low), part.bend(high), part.factor, part.influence())
        )
    if form.mixed is not None:
        influence = form.mixed_influence()
        spread, df = _spread(influence, units)
        reach = intervals.t_quantile(level, df) * spread if df > 0 else math.nan
        # The mean over rows of their class's value: the part that class frequencies contribute.
        terms.append(proportions.Term(0.0, -reach, reach, 1.0, influence))
    if len(terms) == 1 and terms[0].factor == 1.0:
        return terms[0].low, terms[0].high
    return proportions.combine(terms, units)


def _quantile(form: Quantile, units: Units, level: float) -> Interval:
    if units.kind == "row" and form.even:
        low, high = intervals.quantile(form.sample, form.q, level)
        return max(low, 0.0), high
    # Woodruff (1952): the interval of the share at or below the value, read off the quantiles.
    below = form.weights * (form.sample <= form.value)
    worth = proportions.effective_trials(below, form.weights, units, level)
    low_share, high_share = intervals.clopper_pearson(form.q * worth, worth, level)
    if math.isnan(low_share):
        return math.nan, math.nan
    return form.at(low_share), form.at(high_share)


def _sums(form: Sums, units: Units, level: float, rng: np.random.Generator) -> tuple[float, float, str]:
    scale = SCALES[form.scale]

    def function(sums: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return scale.forward(form.function(sums))

    total = form.rows.sum(axis=0)
    if not math.isfinite(float(function(total))):
        # A perfect score: nothing varies, and nothing bounds how large a rare error may be.
        return math.nan, math.nan, "a value without any error"
    df = _freedom(form.influence(), units) if units.count >= LEAST_UNITS else 0.0
    if units.codes is None:
        units = random_bins(len(form.rows), MOST_BINS, rng)
    unit_sums = units.total(form.rows)
    left_out = function(total - unit_sums)
    error = jackknife.standard_error(left_out)
    centre = float(function(total))
    if units.codes is not None and units.count <= FEW_UNITS:
        centre = jackknife.corrected(centre, left_out)
    low, high = jackknife.t_interval(centre, error, df, level)
    method = "jackknife-t"
    if units.count >= SOME_UNITS:
        lower, upper = bootstrap.studentised(unit_sums, function, level, rng)
        if not math.isnan(lower):
            low, high, method = min(low, lower), max(high, upper), "bootstrap-t"
    if form.folded:
        stretch = intervals.t_quantile(level, df) / intervals.normal_quantile(level) if df > 0 else math.nan
        return bootstrap.folded_low(unit_sums, level, stretch, rng), scale.back(low, high)[1], method
    low, high = _with_a_twin(form.rows if units.kind == "row" else unit_sums, function, low, high)
    return *scale.back(low, high), method


def _with_a_twin(rows: Array, function: bootstrap.Value, low: float, high: float) -> Interval:
    """The interval, widened for what a heavy tail has not shown yet.

    No resampling invents a row worse than the worst. So each end is also found as if the row that pulls most
    towards it had a twin (up to three, the more of the variance it carries alone), and the further end is
    taken: a difference of the order of (largest loss)/n.
    """
    total = rows.sum(axis=0)
    centre = float(function(total))
    influence = rows @ bootstrap.gradient(function, total)
    if not np.any(influence):
        return low, high  # every row says the same
    ends = []
    for end, row in ((low, influence.argmin()), (high, influence.argmax())):
        twins = 1.0 + 2.0 * float(influence[row] ** 2 / np.sum(np.square(influence)))
        more = total + twins * rows[row]
        slope = bootstrap.gradient(function, more)
        wider = float(np.sum(np.square(rows @ slope))) + twins * float(rows[row] @ slope) ** 2
        stretch = math.sqrt(wider / float(np.sum(np.square(influence))))
        ends.append(float(function(more)) + (end - centre) * stretch)
    return min(low, ends[0]), max(high, ends[1])


def _functional(form: Functional, units: Units, level: float) -> tuple[float, float, str]:
    scale = SCALES[form.scale]
    influence = form.influence()
    spread, df = _spread(influence, units)
    value = np.array(form.value)
    method = "delong" if form.scale == "logit" else "influence"
    singly = math.sqrt(float(np.sum(np.square(influence))))
    # What one row is worth next to an independent one; without any spread each unit counts once.
    share = min(1.0, (singly / spread) ** 2) if spread > 0 else units.count / len(influence)
    low = high = math.nan
    pull = np.zeros(1)
    df = min(df, max(form.carriers, 2.0) - 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = float(scale.forward(value))
        error = spread * float(np.abs(scale.slope(value)))
        if units.codes is not None and units.count <= FEW_UNITS:
            inside = [form.compute(form.weights * (units.codes != u)) for u in range(units.count)]
            left_out = scale.forward(np.array(inside))
            careful = jackknife.standard_error(left_out)
            if math.isfinite(careful):
                # Pairs of rows of one unit are commoner here than in the population: take out that bias.
                error, centre = max(error, careful), jackknife.corrected(centre, left_out)
            twins = [form.compute(form.weights * (1.0 + (units.codes == u))) for u in range(units.count)]
            pull = scale.forward(np.array(twins)) - float(scale.forward(value))
    if math.isfinite(centre) and df > 0:
        lower, upper = jackknife.t_interval(centre, error, df, level)
        # As for means: the worst (or best) unit might have had a twin.
        low, high = scale.back(lower + min(0.0, float(pull.min())), upper + max(0.0, float(pull.max())))
    if form.careful is not None and form.small * share < NEAR_PERFECT:
        lower, upper = form.careful(level, share)
        if math.isfinite(centre) and df > 0:
            lower, upper = min(low, lower), max(high, upper)
        low, high, method = lower, upper, "near-bound"
    return low, high, method


def _freedom(influence: Array, units: Units) -> float:
    """Degrees of freedom of the variance between units: less where few units carry most."""
    if units.codes is None:
        return len(influence) - 1.0
    # One is for the mean; one more pays for skewness, which the least numbers of units cannot average out.
    return effective_count(units.total(np.abs(influence))) - 2.0


def _spread(influence: Array, units: Units) -> tuple[float, float]:
    """Standard error over units of the quantity with these influences [n], and its degrees of freedom."""
    if units.count < 2:
        return math.nan, 0.0
    summed = units.total(influence)
    variance = float(np.sum(np.square(summed))) * units.count / (units.count - 1)
    return math.sqrt(variance), _freedom(influence, units)


def _p_value(gap: float, error: float, df: float) -> float:
    if error == 0:
        return 1.0 if gap == 0 else 0.0
    if not math.isfinite(df):
        return float(2 * special.ndtr(-abs(gap) / error))
    return float(2 * stats.t.sf(abs(gap) / error, df))
