"""Bets against uniform p-values: densities on [0, 1], constant on the cells of one fixed grid.

A density multiplies the wealth of whoever bets by it; fair, since its mean under uniform p-values is one. The
shapes are the likelihood ratios of what drift usually does: values move up or down (a normal shift), spread
or draw together (a normal scale), or come where hardly any were (a part of all rows at an end: a new
category, a value that was never missing). What none of them fits, a histogram of the past
p-values learns (Fedorova et al. 2012, Plug-in martingales).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

EVEN = 1024
"""Equal cells of the grid; the first and the last are divided again and again by two."""
DEEP = 40
"""The outermost cells are 2^-40 wide."""
_LEVEL = EVEN.bit_length() - 1
_TAIL = DEEP - _LEVEL  # dyadic cells that an outer cell is divided into, besides its innermost

SHIFTS = (0.025, 0.06, 0.15, 0.4, 1.0)
"""In standard deviations, up and down."""
SCALES = (0.5, 0.8, 0.9, 1.1, 1.25, 1.6, 2.5)
ENDS = {0.005: (9, 12, 15, 18), 0.03: (6, 9, 12, 15), 0.2: (4, 8, 12)}
"""Parts of the rows that are expected at an end, and how near: within 2^-4, ..."""
RISING = (0.01, 0.05, 0.2)
"""Parts of the rows that the bets on what was never there expect (rising.py)."""
LEARNERS = ((8, 250.0), (16, 2500.0), (32, 25000.0))
"""Bars of the histogram, and the rows after which its memory has faded to 1/e."""
TRUST = 0.7
"""How much of the learned histogram is bet; the rest stays uniform, so that no row can ruin it."""
PRIOR = 2.0
"""Rows that each bar begins with."""


def grid_codes(low: Array, high: Array) -> Codes:
    """Cells of p-values, from ``low`` = p [n] and ``high`` = 1 - p [n].

    0.._TAIL are the dyadic cells at the lower end, outermost first, then the even ones, then those at the
    upper end, outermost last.
    """
    even = np.minimum((low * EVEN).astype(np.int64), EVEN - 1)
    found = even + _TAIL
    for ends, first in ((low, True), (high, False)):
        at = np.flatnonzero(even == (0 if first else EVEN - 1))
        if len(at):
            # p in [2^-(d+1), 2^-d) has exponent -d in frexp.
            depth = -np.frexp(np.maximum(ends[at], 2.0 ** -(DEEP + 1)))[1].astype(np.int64)
            depth = np.clip(depth, _LEVEL, DEEP)
            found[at] = DEEP - depth if first else EVEN - 1 + _TAIL + (depth - _LEVEL)
    return found


def bar_of_cell(bars: int) -> Codes:
    """Which of ``bars`` equal bars (a power of two) each cell of the grid lies in [cells]."""
    even = np.arange(EVEN) * bars // EVEN
    return np.concatenate((np.zeros(_TAIL, np.int64), even, np.full(_TAIL, bars - 1))).astype(np.int64)


def _edges() -> tuple[Array, Array]:
    """Edges of the grid's cells as p and as 1 - p, each exact near zero."""
    tail = np.concatenate(([0.0], 2.0 ** -np.arange(DEEP, _LEVEL, -1.0)))
    inner = np.arange(1, EVEN) / EVEN
    low = np.concatenate((tail, inner, 1.0 - tail[::-1]))
    high = np.concatenate((1.0 - tail, 1.0 - inner, tail[::-1]))
    return low, high


@cache
def widths() -> Array:
    """Lengths of the grid's cells [cells]; they sum to one."""
    low, high = _edges()
    return np.where(low[1:] <= 0.5, np.diff(low), -np.diff(high))


@cache
def lower_edges() -> list[float]:
    """Edges of the grid's cells, rising, from 0 to 1 [cells + 1]."""
    return [float(edge) for edge in _edges()[0]]


def _end_bet(share: float, depth: int, upper: bool) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Bets that ``share`` of the rows come within 2^-depth of an end."""
    width = 2.0**-depth

    def distribution(low: Array, high: Array) -> tuple[Array, Array]:
        near, far = (high, low) if upper else (low, high)
        within = near <= width
        inside = np.where(within, share * near / width, 1 - (1 - share) * far / (1 - width))
        outside = np.where(within, 1 - share * near / width, (1 - share) * far / (1 - width))
        return (outside, inside) if upper else (inside, outside)

    return distribution


def _normal(shift: float, scale: float) -> Callable[[Array, Array], tuple[Array, Array]]:
    def distribution(low: Array, high: Array) -> tuple[Array, Array]:
        z = np.where(low <= 0.5, ndtri(low), -ndtri(high))
        return ndtr((z - shift) / scale), ndtr((shift - z) / scale)

    return distribution


def _shapes() -> dict[str, Callable[[Array, Array], tuple[Array, Array]]]:
    """Each bet's name, and its distribution function and one minus it."""
    shapes: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {}
    for size in SHIFTS:
        shapes[f"up {size}"] = _normal(size, 1.0)
        shapes[f"down {size}"] = _normal(-size, 1.0)
    for scale in SCALES:
        shapes[f"{'wider' if scale > 1 else 'narrower'} {scale}"] = _normal(0.0, scale)
    for share, depths in ENDS.items():
        for depth in depths:
            shapes[f"first {share} {depth}"] = _end_bet(share, depth, upper=False)
            shapes[f"last {share} {depth}"] = _end_bet(share, depth, upper=True)
    return shapes


FIXED = len(_shapes())
"""Bets with a fixed shape."""
NAMES: tuple[str, ...] = (
    *_shapes(),
    *(f"{end} rising {share}" for end in ("first", "last") for share in RISING),
    *(f"learned {bars}" for bars, _ in LEARNERS),
)
"""The bets, in the order of their wealth: those with a fixed shape, on what is new, and what is learned."""


@cache
def log_densities(tolerance: float = 0.0) -> Array:
    """Logarithms of the fixed bets' densities, cell by cell [cells, FIXED].

    With a ``tolerance`` each is divided by the most that it gains on average while the density of p stays
    within 1 -/+ tolerance: integral of f h = 1 + integral of (f - 1)(h - 1) <= 1 + tolerance * integral of
    |f - 1|. The bets then are unfavourable until the drift is larger than that.
    """
    low, high = _edges()
    width = widths()
    columns = []
    for shape in _shapes().values():
        below, above = shape(low, high)
        mass = np.where(low[1:] <= 0.5, np.diff(below), -np.diff(above))
        density = mass / mass.sum() / width
        columns.append(np.log(density) - np.log1p(tolerance * float(np.sum(width * np.abs(density - 1)))))
    return np.stack(columns, axis=1)


def learned(counts: Array, tolerance: float = 0.0) -> Array:
    """Log-densities of bars [..., bars] from decayed counts of past p-values [..., bars]."""
    bars = counts.shape[-1]
    estimate = (counts + PRIOR) / (counts.sum(-1, keepdims=True) + PRIOR * bars) * bars
    density = 1.0 + TRUST * (estimate - 1.0)
    spread = np.abs(density - 1.0).mean(-1, keepdims=True)
    return np.asarray(np.log(density) - np.log1p(tolerance * spread), dtype=np.float64)
