"""Random parts of whole units, with each class in its share."""

from __future__ import annotations

import numpy as np

from modelwright.data.split.units import Ints, class_table

TRIES = 64
"""Random orders tried when units mix classes; the one that comes nearest to the wanted shares is taken.
Only class counts and row counts decide, never a model's score, so the choice does not favour a result."""


def draw(units: Ints, strata: Ints, share: float, rng: np.random.Generator) -> np.ndarray:
    """bool [n]: the rows of a random part of about ``share`` of every stratum, in whole units.

    A stratum of two or more units is represented inside and outside of the part wherever that can be.
    """
    table = class_table(units, strata)
    if share <= 0 or not len(units):
        return np.zeros(len(units), dtype=bool)
    pure = bool(((table > 0).sum(axis=1) == 1).all())
    chosen = _by_stratum(table, share, rng) if pure else _mixed(table, share, rng)
    picked: np.ndarray = chosen[units]
    return picked


def _by_stratum(table: Ints, share: float, rng: np.random.Generator) -> np.ndarray:
    chosen = np.zeros(len(table), dtype=bool)
    for stratum in range(table.shape[1]):
        members = np.flatnonzero(table[:, stratum])
        if len(members) < 2:
            continue
        members = rng.permutation(members)
        sizes = table[members, stratum]
        rows = int(sizes.sum())
        wanted = min(max(1, round(share * rows)), rows - 1)
        if sizes.max() == 1:
            chosen[members[:wanted]] = True
            continue
        taken = 0
        for member, size in zip(members, sizes, strict=True):
            if taken + size <= wanted:
                chosen[member] = True
                taken += int(size)
        if not taken:
            chosen[members[int(np.argmin(sizes))]] = True
    return chosen


def _mixed(table: Ints, share: float, rng: np.random.Generator) -> np.ndarray:
    totals = table.sum(axis=0)
    rows = int(totals.sum())
    best, best_cost = np.zeros(len(table), dtype=bool), np.inf
    for _ in range(TRIES):
        order = rng.permutation(len(table))
        running = np.cumsum(table[order].sum(axis=1))
        end = int(np.argmin(np.abs(running - share * rows))) + 1
        end = min(end, len(table) - 1)
        inside = table[order[:end]].sum(axis=0)
        absent = int(((inside == 0) | (inside == totals)).sum())
        cost = 1e3 * absent + float(np.abs(inside / np.maximum(totals, 1) - share).sum())
        cost += abs(float(running[end - 1]) / rows - share) * table.shape[1]
        if cost < best_cost:
            best_cost = cost
            best = np.zeros(len(table), dtype=bool)
            best[order[:end]] = True
    return best


def deal(units: Ints, strata: Ints, folds: int, rng: np.random.Generator) -> Ints:
    """int64 [n]: the fold (0 .. folds-1) of each row; units stay whole, every stratum is spread evenly.

    Units of several rows are dealt first, largest first, each to the fold that has least of what it holds;
    single rows then level the folds, stratum by stratum.
    """
    table = class_table(units, strata)
    sizes = table.sum(axis=1)
    totals = np.maximum(table.sum(axis=0), 1)
    filled = np.zeros((folds, table.shape[1]))
    fold = np.zeros(len(table), dtype=np.int64)
    shuffled = rng.permutation(len(table))
    large = shuffled[sizes[shuffled] > 1]
    for unit in large[np.argsort(-sizes[large], kind="stable")]:
        have = (filled / totals) @ table[unit]
        rows = filled.sum(axis=1)
        place = int(np.lexsort((rows, have))[0])
        fold[unit] = place
        filled[place] += table[unit]
    for stratum in np.argsort(-totals, kind="stable"):
        singles = shuffled[(sizes[shuffled] == 1) & (table[shuffled, stratum] == 1)]
        if not len(singles):
            continue
        places = _level(filled[:, stratum], filled.sum(axis=1), len(singles))
        fold[singles] = places
        filled[:, stratum] += np.bincount(places, minlength=folds)
    dealt: Ints = fold[units]
    return dealt


def _level(have: np.ndarray, rows: np.ndarray, count: int) -> Ints:
    """Which fold each of ``count`` single rows goes to, always to the lowest; ties to the smallest fold."""
    folds = len(have)
    each = np.arange(count)[None, :] + have[:, None]
    order = np.lexsort((np.repeat(np.argsort(np.argsort(rows, kind="stable")), count), each.reshape(-1)))
    return (order[:count] // count).astype(np.int64) if folds else np.zeros(count, dtype=np.int64)
