"""Made-up traffic: tables whose columns are of many kinds and depend on each other, and what may befall them.

A world is its seed: the same seed gives the same reference and the same stream, here and beside the peers.
Every column is a function of its own standard normal variable; columns of a group of five share a part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]

KINDS = (
    "normal", "lognormal", "heavy", "count", "zeros", "rounded", "boolean", "few", "many", "holes",
    "constant",
)  # fmt: skip
"""Normal; log-normal; Student's t with 2 degrees (no variance); Poisson of mean 3; 60% zeros, else
exponential; normal to one decimal; one in ten; 6 categories; 300 by Zipf's law; 60% missing; one value."""
NUMBERS = ("normal", "lognormal", "heavy", "count", "zeros", "rounded", "holes", "constant")
_POISSON = np.cumsum(np.exp(-3) * 3.0 ** np.arange(30) / np.cumprod([1.0, *range(1, 30)]))
_FEW = np.array([0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
_MANY = 1 / np.arange(1, 301) / np.sum(1 / np.arange(1, 301))


@dataclass(frozen=True)
class Shift:
    """What happens from row ``start`` of the stream on, to the columns ``where``."""

    kind: str = "none"
    """``mean``, ``scale`` (of the normal variable), ``missing`` (share of values), ``new`` (share of rows
    with a category never seen), ``mix`` (part of the rows whose category is drawn evenly instead),
    ``correlation`` (part of the shared variable that is replaced), ``gradual`` (mean, growing to ``size`` in
    ``over`` rows)."""
    size: float = 0.0
    start: int = 0
    where: tuple[int, ...] = ()
    over: int = 0


@dataclass(frozen=True)
class World:
    seed: int
    kinds: tuple[str, ...]
    reference: int
    rows: int
    dependence: float
    """Share of the variance of a column's normal variable that its group shares."""
    shift: Shift = Shift()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{kind}{i}" for i, kind in enumerate(self.kinds))

    def of_kind(self, i: int) -> str:
        """As a bundle knows it: number, boolean or category."""
        kind = self.kinds[i]
        return "boolean" if kind == "boolean" else "number" if kind in NUMBERS else "category"

    def tables(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Reference and stream: float64 [rows] with NaN for missing, whole numbers [rows] for categories."""
        rng = np.random.default_rng([self.seed, 20_260])
        calm = replace(self, shift=Shift())
        return calm._draw(self.reference, rng), self._draw(self.rows, rng)

    def _draw(self, n: int, rng: np.random.Generator) -> dict[str, Any]:
        shift = self.shift
        late = np.arange(n) >= shift.start
        grown = np.clip((np.arange(n) - shift.start) / shift.over, 0, 1) if shift.over else late.astype(float)
        table: dict[str, Any] = {}
        shared = np.empty(0)
        for i, (name, kind) in enumerate(zip(self.names, self.kinds, strict=True)):
            if i % 5 == 0:
                shared = rng.normal(size=n)
            own, uniform, other = rng.normal(size=n), rng.random(n), rng.normal(size=n)
            struck = i in shift.where
            common = shared
            if struck and shift.kind == "correlation":
                keep = np.where(late, 1 - shift.size, 1.0)
                common = keep * shared + np.sqrt(1 - keep**2) * other
            z = np.sqrt(self.dependence) * common + np.sqrt(1 - self.dependence) * own
            if struck and shift.kind in ("mean", "gradual"):
                z = z + shift.size * grown
            if struck and shift.kind == "scale":
                z = z * np.where(late, shift.size, 1.0)
            values = _values(kind, z, uniform)
            if struck and shift.kind == "missing":
                values = np.where(late & (rng.random(n) < shift.size), np.nan, values)
            if struck and shift.kind == "new":
                values = np.where(late & (rng.random(n) < shift.size), 999, values)
            if struck and shift.kind == "mix":
                levels = len(_FEW) if kind == "few" else len(_MANY)
                values = np.where(late & (rng.random(n) < shift.size), rng.integers(0, levels, n), values)
            table[name] = values
        return table


def _values(kind: str, z: Floats, uniform: Floats) -> npt.NDArray[Any]:
    if kind == "normal":
        return z
    if kind == "lognormal":
        return np.exp(z)
    if kind == "rounded":
        return np.round(z, 1)
    if kind == "constant":
        return np.full(len(z), 7.0)
    if kind == "holes":
        return np.where(uniform < 0.6, np.nan, z)
    u = ndtr(z)
    if kind == "heavy":
        inner = np.clip(u, 1e-12, 1 - 1e-12)
        return (2 * inner - 1) / np.sqrt(2 * inner * (1 - inner))
    if kind == "count":
        return np.searchsorted(_POISSON, u).astype(np.float64)
    if kind == "zeros":
        return np.where(u < 0.6, 0.0, -np.log1p(-np.clip((u - 0.6) / 0.4, 0, 1 - 1e-12)))
    if kind == "boolean":
        return (u > 0.9).astype(np.float64)
    shares = _FEW if kind == "few" else _MANY
    return np.minimum(np.searchsorted(np.cumsum(shares), u), len(shares) - 1).astype(np.int64)


def stable(seed: int) -> World:
    """The seed's stable world: 200 to 50,000 reference rows, 5 to 200 columns, 30 days of little or much
    traffic, columns independent or dependent."""
    rng = np.random.default_rng([seed, 7])
    reference = int(rng.choice([200, 1000, 5000, 50_000], p=[0.3, 0.3, 0.25, 0.15]))
    columns = int(rng.choice([5, 20, 60, 200], p=[0.4, 0.3, 0.2, 0.1]))
    rows = 30 * int(rng.choice([20, 100, 500], p=[0.4, 0.4, 0.2]))
    kinds = tuple(str(k) for k in rng.choice(KINDS, size=columns))
    return World(seed, kinds, reference, rows, float(rng.choice([0.0, 0.6])))


TEN = ("normal", "lognormal", "few", "count", "heavy", "rounded", "many", "zeros", "boolean", "holes")
"""The ten columns of the planted worlds; the first five and the last five are groups."""
PLAIN = ("normal", "lognormal", "few", "count", "normal", "rounded", "few", "zeros", "boolean", "normal")
"""Beside the peers: without very heavy tails, hundreds of categories or columns full of holes, which their
distances take for drift on small days."""
