"""Challenger against champion on the same rows: paired differences, as a whole and slice by slice.

Everything here works on arrays and numbers, so that a decision can be worked out again from what was kept of
it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelwright.evidence.estimate import compare
from modelwright.goal.metrics.scored import Scored
from modelwright.goal.metrics.spec import MetricSpec
from modelwright.stats import bootstrap
from modelwright.stats.corrections import holm
from modelwright.stats.intervals import clopper_pearson, normal_quantile
from modelwright.stats.units import Units, block_length, blocks, random_bins, single_rows
from modelwright.stats.units import groups as by_group

Array = NDArray[np.float64]
Positions = NDArray[np.int64]

ALPHA = 0.05
"""Chance that one champion is ever replaced by a challenger that is not better, over all rounds."""
HARM = 0.05
"""Chance of calling any slice harmed where none is, in one round (after Holm's correction)."""
POWER = 0.8
LEAST_ROWS = 30
"""Judging rows below which no difference is tested at all."""
LEAST_SLICE = 10
"""Rows below which a slice is not tested."""
MARGIN = 0.02
"""What "no worse" may cost at most: this much of a share (or of what is explained), at most half of what the
champion lacks to be perfect; for errors in a unit, :data:`MARGIN_ERROR` of the champion's."""
MARGIN_ERROR = 0.05
_BINS = 500
_FLIPS = 3999
_FEW = 6
"""Units that differ at all, below which no spread can be trusted."""


def alpha_of(round_number: int) -> float:
    """What the k-th round may spend: 0.05 / (k (k + 1)), which sums to 0.05 over all rounds.

    >>> round(sum(alpha_of(k) for k in range(1, 10_000)), 4)
    0.05
    """
    return ALPHA / (round_number * (round_number + 1))


def margin_of(spec: MetricSpec, champion: float) -> float:
    """How much worse still counts as no worse, in the metric's own unit; NaN for a champion without value."""
    lack = _lack(spec, champion)
    if spec.higher_is_better:
        return min(MARGIN, lack / 2)
    return min(MARGIN, lack / 2) if spec.bounds[1] is not None else MARGIN_ERROR * lack


def _lack(spec: MetricSpec, value: float) -> float:
    """What the value lacks to be perfect."""
    best = spec.bounds[1] if spec.higher_is_better else spec.bounds[0]
    return abs((1.0 if spec.higher_is_better and best is None else best or 0.0) - value)


@dataclass(frozen=True, slots=True)
class Difference:
    """The metric of the challenger minus that of the champion on the same rows."""

    name: str
    """``all rows``, or ``column: value``."""
    n: int
    champion: float
    challenger: float
    gap: float
    low: float
    high: float
    """NaN where no interval can be given; ``method`` says why."""
    level: float
    p: float
    """Two-sided, of no difference."""
    method: str
    adjusted: float = math.nan
    """``p`` after Holm's correction, for slices."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the judging rows say of two versions."""

    metric: str
    higher_is_better: bool
    average: str | None
    for_class: int | None
    alpha: float
    margin: float
    overall: Difference
    slices: tuple[Difference, ...]
    too_small: int
    """Slices of fewer than :data:`LEAST_SLICE` rows, which were not tested."""

    @property
    def better(self) -> bool:
        """Proven better: the whole interval on the good side, and the exact tests agree."""
        return self._beyond(self.overall, good=True) and self.overall.p <= self.alpha

    @property
    def worse(self) -> bool:
        return self._beyond(self.overall, good=False) and self.overall.p <= self.alpha

    @property
    def no_worse(self) -> bool:
        """Proven to be worse by less than the margin, if at all."""
        found = self.overall
        worst = found.low if self.higher_is_better else -found.high
        return math.isfinite(worst) and math.isfinite(self.margin) and worst > -self.margin

    @property
    def harmed(self) -> tuple[str, ...]:
        """Slices proven worse."""
        bad = -1.0 if self.higher_is_better else 1.0
        return tuple(s.name for s in self.slices if s.adjusted <= HARM and bad * s.gap > 0)

    def _beyond(self, found: Difference, *, good: bool) -> bool:
        upward = self.higher_is_better is good
        end = found.low if upward else -found.high
        return math.isfinite(end) and end > 0


def comparison(
    spec: MetricSpec,
    champion: Scored,
    challenger: Scored,
    *,
    alpha: float,
    slices: Sequence[tuple[str, Positions]] = (),
    for_class: int | None = None,
    average: str | None = None,
    groups: ArrayLike | None = None,
    time_order: bool = False,
    seed: int = 0,
) -> Comparison:
    """Both versions' answers to the same rows [n], compared as a whole at level 1 - ``alpha`` and slice by
    slice.

    ``slices`` are names with positions int64. ``groups`` [n] and ``time_order`` as in
    :func:`evidence.estimate.compare`. The same arguments give the same numbers. Raises ``ValueError`` where
    the rows differ.
    """
    codes = None if groups is None else np.asarray(groups)

    def measured(name: str, part: Positions | None, level: float) -> Difference:
        return difference(
            spec,
            champion if part is None else champion.take(part),
            challenger if part is None else challenger.take(part),
            name=name,
            level=level,
            for_class=for_class,
            average=average,
            groups=codes if part is None or codes is None else codes[part],
            time_order=time_order,
            seed=seed,
        )

    overall = measured("all rows", None, 1 - alpha)
    large = [(label, part) for label, part in slices if len(part) >= LEAST_SLICE]
    found = [measured(label, part, 1 - HARM) for label, part in large]
    known = [i for i, one in enumerate(found) if math.isfinite(one.p)]
    adjusted = dict(zip(known, holm([found[i].p for i in known]), strict=True)) if known else {}
    return Comparison(
        metric=spec.name,
        higher_is_better=spec.higher_is_better,
        average=average,
        for_class=for_class,
        alpha=alpha,
        margin=margin_of(spec, overall.champion),
        overall=overall,
        slices=tuple(
            replace(one, adjusted=float(adjusted[i]) if i in adjusted else math.nan)
            for i, one in enumerate(found)
        ),
        too_small=len(slices) - len(large),
    )


def difference(
    spec: MetricSpec,
    champion: Scored,
    challenger: Scored,
    *,
    name: str = "all rows",
    level: float = 0.95,
    for_class: int | None = None,
    average: str | None = None,
    groups: ArrayLike | None = None,
    time_order: bool = False,
    seed: int = 0,
) -> Difference:
    """The paired difference, careful where few rows speak.

    The interval is the widest of Student's over the influence of each unit (row, group, block of time) and
    the paired bootstrap of the same influences; p is the largest of Student's (for accuracy: McNemar's exact
    one) and the sign-flip test over units (Fisher 1935), which needs no spread to be estimated. Where fewer
    than six units differ, the interval of a bounded metric also has room for the share of differing units
    that the rows cannot exclude (Clopper and Pearson); an unbounded one then has none.
    """
    gap, p = compare(
        spec,
        challenger,
        champion,
        for_class=for_class,
        average=average,
        groups=groups,
        time_order=time_order,
        level=level,
    )
    old = spec.compute(champion, for_class=for_class, average=average)
    new = spec.compute(challenger, for_class=for_class, average=average)
    n = len(champion)
    if math.isnan(gap.low) or math.isnan(p):
        return Difference(name, n, old, new, gap.value, math.nan, math.nan, level, math.nan, gap.method)
    influence = (
        spec.of(challenger, for_class=for_class, average=average).influence()
        - spec.of(champion, for_class=for_class, average=average).influence()
    )
    low, high, method = gap.low, gap.high, gap.method
    rng = np.random.default_rng(seed)
    for units in _units(influence, groups, time_order, rng):
        shares = units.total(np.full(n, 1.0 / n))
        parts = units.total(influence) + gap.value * shares
        lower, upper = _resampled(parts, shares, level, rng)
        low, high = min(low, lower), max(high, upper)
        p = max(p, _flipped(parts, 1 - level, rng))
        differing = _differing(spec, champion, challenger, units)
        if differing < _FEW:
            reach = _unseen(spec, differing, units.count, level)
            if math.isnan(reach):
                why = f"only {differing} of {units.count} {units.kind}s are answered in another way"
                return Difference(name, n, old, new, gap.value, math.nan, math.nan, level, p, why)
            low, high = min(low, gap.value - reach), max(high, gap.value + reach)
    return Difference(name, n, old, new, gap.value, low, high, level, p, f"{method}, bootstrap, sign-flip")


def _units(
    influence: Array, groups: ArrayLike | None, time_order: bool, rng: np.random.Generator
) -> list[Units]:
    n, found = len(influence), []
    if groups is not None and (named := by_group(groups)).count < n:
        found.append(named)
    if time_order:
        found.append(blocks(n, block_length(influence)))
    return found or [random_bins(n, _BINS, rng) if n > _BINS else single_rows(n)]


def _resampled(parts: Array, shares: Array, level: float, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile interval of the sum of ``parts`` [units] over resampled units, their ``shares`` evened."""
    sums = np.stack([shares, parts], axis=1)
    values = bootstrap.replicate_values(
        sums, lambda s: s[..., 1] / s[..., 0], bootstrap.replicates_for(level), rng
    )
    low, high = bootstrap.percentile(values, level)
    return (low, high) if math.isfinite(low) else (float(parts.sum()), float(parts.sum()))


def _flipped(parts: Array, alpha: float, rng: np.random.Generator) -> float:
    """p value of no difference: how often chance signs give as large a sum of ``parts`` [units]."""
    seen = abs(float(parts.sum())) - 1e-12
    many = min(99_999, max(_FLIPS, math.ceil(40.0 / alpha)))
    beyond, left = 0, many
    while left:
        count = min(left, max(1, 2_000_000 // max(len(parts), 1)))
        signs = rng.integers(0, 2, size=(count, len(parts)), dtype=np.int8).astype(np.float64) * 2 - 1
        beyond += int(np.sum(np.abs(signs @ parts) >= seen))
        left -= count
    return (beyond + 1) / (many + 1)


def _differing(spec: MetricSpec, champion: Scored, challenger: Scored, units: Units) -> int:
    """Units with a row that the two answer in another way, in what the metric looks at."""
    said = {"label": "labels", "probability": "probabilities", "value": "values"}[spec.needs]
    one, other = getattr(champion, said), getattr(challenger, said)
    unlike = (one != other).reshape(len(champion), -1).any(axis=1)
    return int(np.sum(units.total(unlike.astype(np.float64)) > 0))


def _unseen(spec: MetricSpec, differing: int, units: int, level: float) -> float:
    low, high = spec.bounds
    if low is None or high is None:
        return math.nan
    return (high - low) * clopper_pearson(differing, units, level)[1]


def rows_needed(spec: MetricSpec, champion: Scored, alpha: float, **choice: str | int | None) -> int | None:
    """Judging rows with which a challenger that halves what the champion lacks is proven better at ``alpha``
    with a chance of 80%.

    ``champion``: its answers to labelled rows that are not for judging. The spread of the difference is taken
    to be that of the champion's own metric (two models whose errors correlate by a half). None where the
    champion lacks nothing on these rows.
    """
    form = spec.of(champion, **choice)  # type: ignore[arg-type]
    if form.why or not math.isfinite(float(form.value)):
        return LEAST_ROWS
    spread = math.sqrt(float(np.sum(np.square(form.influence()))) * len(champion))
    wanted = _lack(spec, float(form.value)) / 2
    if wanted <= 0:
        return None
    z = normal_quantile(1 - alpha) + normal_quantile(2 * POWER - 1)
    return max(LEAST_ROWS, math.ceil((z * spread / wanted) ** 2))
