"""The bootstrap over independent units (rows, groups, blocks), vectorised: replicates are weights [B, units].

A statistic is a function of sums over units, so that a replicate costs one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from modelwright.stats.intervals import NONE, Interval

Array = NDArray[np.float64]
Value = Callable[[Array], Array]
"""From sums [..., d] to the statistic [...]; the same for sums multiplied by any constant."""

REPLICATES = 1999


def weights(units: int, replicates: int, rng: np.random.Generator) -> Array:
    """How often each unit is drawn: [replicates, units], each row summing to ``units``."""
    draws = rng.integers(0, units, size=(replicates, units))
    draws += np.arange(replicates)[:, None] * units
    return (
        np.bincount(draws.ravel(), minlength=replicates * units).reshape(replicates, units).astype(np.float64)
    )


def replicates_for(level: float) -> int:
    """Enough replicates for about 50 beyond each end of the interval."""
    return int(max(REPLICATES, math.ceil(100.0 / (1.0 - level)) - 1))


def gradient(value: Value, sums: Array) -> Array:
    """Derivatives of ``value`` by each sum, at sums [..., d], by central differences."""
    step = 1e-5 * np.maximum(np.abs(sums), 1e-6 * np.max(np.abs(sums), axis=-1, keepdims=True) + 1e-300)
    result = np.empty_like(sums)
    for j in range(sums.shape[-1]):
        up, down = sums.copy(), sums.copy()
        up[..., j] += step[..., j]
        down[..., j] -= step[..., j]
        result[..., j] = (value(up) - value(down)) / (2 * step[..., j])
    return result


def replicate_values(unit_sums: Array, value: Value, replicates: int, rng: np.random.Generator) -> Array:
    """The statistic over resampled units: ``unit_sums`` [units, d] to [replicates]."""
    parts = []
    for count in _chunks(replicates, len(unit_sums)):
        parts.append(value(weights(len(unit_sums), count, rng) @ unit_sums))
    return np.concatenate(parts)


def percentile(values: Array, level: float = 0.95) -> Interval:
    """The middle ``level`` of replicate values [B] (Efron 1979)."""
    kept = values[np.isfinite(values)]
    if len(kept) < len(values) / 2 or len(kept) < 20:
        return NONE
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bca(values: Array, estimate: float, jackknife: Array, level: float = 0.95) -> Interval:
    """Bias-corrected and accelerated interval (Efron 1987); ``jackknife`` [units] leaves one out."""
    kept = values[np.isfinite(values)]
    left = jackknife[np.isfinite(jackknife)]
    if len(kept) < 20 or len(left) < 2:
        return NONE
    share = (np.sum(kept < estimate) + np.sum(kept == estimate) / 2) / len(kept)
    if not 0 < share < 1:
        return NONE
    bias = float(special.ndtri(share))
    away = left.mean() - left
    spread = float(np.sum(away**2)) ** 1.5
    acceleration = float(np.sum(away**3)) / (6 * spread) if spread > 0 else 0.0
    tails = special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    at = special.ndtr(bias + (bias + tails) / (1 - acceleration * (bias + tails)))
    low, high = np.quantile(kept, at)
    return float(low), float(high)


def studentised(unit_sums: Array, value: Value, level: float, rng: np.random.Generator) -> Interval:
    """Bootstrap-t interval (Hall 1988): right to second order, also for skewed statistics.

    ``unit_sums`` [units, d]. The standard error within each replicate is the delta method's. NaN for fewer
    than five units, or where the statistic does not vary.
    """
    units = len(unit_sums)
    total = unit_sums.sum(axis=0)
    centre = float(value(total))
    error = _standard_error(unit_sums, value, total)
    if units < 5 or not math.isfinite(centre) or not error > 0:
        return NONE
    ratios = []
    for count in _chunks(replicates_for(level), units):
        drawn = weights(units, count, rng)
        sums = drawn @ unit_sums
        slopes = gradient(value, sums)
        away = np.square(slopes @ unit_sums.T)
        errors = np.sqrt(np.einsum("bu,bu->b", drawn, away) * units / (units - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios.append((value(sums) - centre) / errors)
    # A replicate without spread says nothing about the tails' length: it is taken as the longest tail.
    ratio = np.nan_to_num(np.concatenate(ratios), nan=np.inf)
    low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return centre - float(high) * error, centre - float(low) * error


def folded_low(unit_sums: Array, level: float, stretch: float, rng: np.random.Generator) -> float:
    """Lower end of sum(|S_j|) / S_0, over j from 1, from ``unit_sums`` [units, 1 + d].

    The plain statistic exceeds the truth wherever a true S_j is near 0, and resampling repeats that error. So
    the true S are taken as a share of those seen, and the end is at the least share that leaves a statistic
    as large as this one a chance of (1 - level)/2. Noise is drawn by Gaussian multipliers over units, times
    ``stretch`` (Student's t over the normal quantile, where units are few).
    """
    units = len(unit_sums)
    total = unit_sums.sum(axis=0)
    seen = total[1:] / total[0]
    centred = (
        (unit_sums[:, 1:] - unit_sums[:, :1] * seen) / total[0] * math.sqrt(units / (units - 1)) * stretch
    )
    noise = np.concatenate([rng.standard_normal((c, units)) @ centred for c in _chunks(1000, units)])
    value = float(np.abs(seen).sum())
    low, high = 0.0, 1.0

    def chance(share: float) -> float:
        return float(np.mean(np.abs(share * seen + noise).sum(axis=1) >= value))

    if chance(0.0) > (1 - level) / 2:
        return 0.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) > (1 - level) / 2 else (middle, high)
    return low * value


def _standard_error(unit_sums: Array, value: Value, total: Array) -> float:
    units = len(unit_sums)
    if units < 2:
        return math.nan
    influence = unit_sums @ gradient(value, total)
    return math.sqrt(float(np.sum(influence**2)) * units / (units - 1))


def _chunks(replicates: int, units: int) -> list[int]:
    """Replicates a step, so that one step's weights stay below about 16 MB."""
    size = max(1, 2_000_000 // max(units, 1))
    return [size] * (replicates // size) + ([replicates % size] if replicates % size else [])
