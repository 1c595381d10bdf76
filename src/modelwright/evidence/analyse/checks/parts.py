"""``leak.parts``: the target is a sum, or a product, of inputs, to the last digit.

Bike riders are casual plus registered riders; a turnout is votes by voters, and the last turnout plus the
change since. No measurement fits so exactly, so what is left over must be below a millionth of the target's
spread. Products and ratios are sums of logarithms.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

EXACT = 1e-6
ROWS = 2000
"""An exact relation shows on few rows; more would only cost time."""
SPARE = 30
"""Rows beyond the number of columns: so many leftovers are not all nothing by chance."""
PAIRED = 60
"""Columns up to which every pair is tried: the plainest answer is then found, whatever else would do."""
Floats = npt.NDArray[np.float64]


class Parts:
    code = "leak.parts"
    title = "the target is a sum or product of inputs"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.regression:
            return DoesNotApply("the target is not a number")
        names = [c.name for c in facts.inputs if c.kind == "number"]
        n = min(ROWS, facts.sample.height)
        if not names or n < len(names) + SPARE:
            return DoesNotApply(
                "too few rows for the number of numeric inputs" if names else "no numeric input"
            )
        rows = np.linspace(0, facts.sample.height - 1, n).astype(np.int64)
        table = facts.sample[rows].select(names).fill_null(strategy="zero").to_numpy().astype(np.float64)
        y = facts.target[rows]
        found = {part: ("combination", len(parts)) for parts in [_parts(table, y, names)] for part in parts}
        positive = np.asarray((table > 0).all(axis=0))
        if (y > 0).all() and positive.any():
            kept = [name for name, keep in zip(names, positive, strict=True) if keep]
            parts = _parts(np.log(table[:, positive]), np.log(y), kept)
            for part in parts:
                found.setdefault(part, ("product or ratio", len(parts)))
        return tuple(self._found(facts, part, how, count, found) for part, (how, count) in found.items())

    def _found(
        self, facts: Facts, part: str, how: str, count: int, found: dict[str, tuple[str, int]]
    ) -> Found:
        others = [repr(name) for name, (way, _) in found.items() if way == how and name != part]
        shown = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        return Found(
            "blocker",
            f"{facts.development.target!r} is an exact {how} of {part!r}"
            + (f" and {shown}" if shown else ""),
            "name these in data.later if they are counted with it; else compute it, no model needed",
            column=part,
            numbers={"parts": float(count)},
        )


def _parts(table: Floats, y: Floats, names: list[str]) -> list[str]:
    """The columns of ``table`` [n, names] whose straight combination is ``y`` [n], few of them; or none."""
    spread = table.std(axis=0)
    varied = spread > 1e-12 * np.abs(table).max(axis=0, initial=1e-300)
    kept = [name for name, keep in zip(names, varied, strict=True) if keep]
    if not kept or y.std() == 0:
        return []
    scaled = (table[:, varied] - table[:, varied].mean(axis=0)) / spread[varied]
    y = (y - y.mean()) / y.std()
    every = list(range(len(kept)))
    if not _exact(scaled, y, every):
        return []
    few = slice(0, len(kept) + SPARE)
    pairs = combinations(every, 2) if len(kept) <= PAIRED else ()
    told: list[tuple[int, ...]] = [
        p for p in pairs if _exact(scaled[few], y[few], list(p)) and _exact(scaled, y, list(p))
    ]
    if not told:
        for place in every[::-1]:
            # Columns that are themselves combinations of each other would share the weight: leave them out.
            rest = [k for k in every if k != place]
            every = rest if rest and _exact(scaled[few], y[few], rest) else every
        told = [tuple(every)]
    return [
        kept[k]
        for k in dict.fromkeys(k for one in told for k in one)
        if _needed(k, scaled[few], y[few], told)
    ]


def _exact(table: Floats, y: Floats, columns: list[int]) -> bool:
    chosen = np.column_stack([table[:, columns], np.ones(len(y))])
    weights, *_ = np.linalg.lstsq(chosen, y, rcond=None)
    worst = float(np.abs(chosen @ weights - y).max())
    return worst <= EXACT * math.sqrt(len(y))


def _needed(k: int, table: Floats, y: Floats, told: list[tuple[int, ...]]) -> bool:
    """A column alone may be exact; whoever stands beside it is then not needed."""
    return any(
        k in one and (len(one) == 1 or not _exact(table, y, [o for o in one if o != k])) for one in told
    )


CHECK = Parts()
