"""The worst gap of a measure between groups, with intervals that allow for having looked at all pairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from modelwright.core.records.evidence import Estimate

LEAST = 30
"""Rows that a group's measure must rest on to take part; smaller ones prove nothing."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Two groups: ``difference`` is that of ``most`` less that of ``least``, ``ratio`` that of ``least`` over
    that of ``most`` (NaN where there is none)."""

    most: str
    least: str
    difference: Estimate
    ratio: Estimate


@dataclass(frozen=True, slots=True)
class WorstGap:
    measure: str
    worst: Gap
    """The two groups that are farthest apart, whether or not that is shown."""
    shown: Gap | None
    """Of the pairs whose gap is beyond its limit and shown not to be nothing, the one shown to be widest."""


def worst_gap(
    name: str,
    compared: Literal["ratio", "difference"],
    limit: float,
    groups: dict[str, Callable[[float], Estimate]],
    level: float,
    *,
    independent: bool,
) -> WorstGap | None:
    """The largest gap among groups of at least 30 rows; None for fewer than two such groups.

    ``groups`` give each group's estimate at a level. All m pairs are looked at, so each is judged at level
    1 - (1 - level)/m (Bonferroni). For independent groups the difference has Newcombe's hybrid interval
    (1998, MOVER); where units of resampling may run through both groups, and for ratios, the ends of the two
    intervals are set against each other, which errs to the wide side.
    """
    first = {group: estimate(level) for group, estimate in groups.items()}
    able = [g for g, e in first.items() if e.n >= LEAST and not math.isnan(e.low)]
    if len(able) < 2:
        return None
    careful = 1 - (1 - level) / math.comb(len(able), 2)
    at = {g: groups[g](careful) for g in able}
    pairs = [_gap(g, h, at, level, independent) for g, h in combinations(able, 2)]
    shown = [
        p
        for p in pairs
        if p.difference.low > 0
        and (p.ratio.value < limit if compared == "ratio" else p.difference.value >= limit)
    ]
    return WorstGap(
        name,
        max(pairs, key=lambda p: p.difference.value),
        max(shown, key=lambda p: -p.ratio.high if compared == "ratio" else p.difference.low, default=None),
    )


def _gap(first: str, second: str, at: dict[str, Estimate], level: float, independent: bool) -> Gap:
    most, least = (first, second) if at[first].value >= at[second].value else (second, first)
    a, b = at[most], at[least]
    value = a.value - b.value
    if independent:
        low = value - math.hypot(a.value - a.low, b.high - b.value)
        high = value + math.hypot(a.high - a.value, b.value - b.low)
    else:
        low, high = a.low - b.high, a.high - b.low
    how = "mover" if independent else "ends"
    return Gap(most, least, Estimate(value, low, high, a.n + b.n, level, how), _ratio(a, b, level))


def _ratio(a: Estimate, b: Estimate, level: float) -> Estimate:
    n = a.n + b.n
    if a.value <= 0 or b.value < 0:
        return Estimate(math.nan, math.nan, math.nan, n, level, "no ratio of values at or below 0")
    low = max(b.low, 0.0) / a.high
    high = b.high / a.low if a.low > 0 else math.inf
    return Estimate(b.value / a.value, low, high, n, level, "ends")
