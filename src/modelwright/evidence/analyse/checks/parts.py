"""``leak.parts``: the target is a sum (or another straight combination) of inputs, to the last digit.

Bike riders are casual plus registered riders; a total is its items. No measurement fits so exactly, so what
is left over must be below a millionth of the target's spread.
"""

from __future__ import annotations

import numpy as np

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

EXACT = 1e-6
ROWS = 2000
"""An exact relation shows on few rows; more would only cost time."""


class Parts:
    code = "leak.parts"
    title = "the target is a sum of inputs"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.regression:
            return DoesNotApply("the target is not a number")
        names = [c.name for c in facts.inputs if c.kind == "number"]
        n = min(ROWS, facts.sample.height)
        if not names or n < 4 * (len(names) + 1):
            return DoesNotApply(
                "too few rows for the number of numeric inputs" if names else "no numeric input"
            )
        rows = np.linspace(0, facts.sample.height - 1, n).astype(np.int64)
        table = facts.sample[rows].select(names).fill_null(strategy="zero").to_numpy()
        y = facts.target[rows]
        spread = table.std(axis=0)
        varied = spread > 0
        table, names = (
            (table[:, varied] - table[:, varied].mean(axis=0)) / spread[varied],
            [name for name, keep in zip(names, varied, strict=True) if keep],
        )
        if not names or y.std() == 0:
            return ()
        y = (y - y.mean()) / y.std()
        weights, *_ = np.linalg.lstsq(table, y, rcond=None)
        if float(np.abs(table @ weights - y).max()) > EXACT * n:
            return ()
        parts = [name for name, weight in zip(names, weights, strict=True) if abs(weight) > 1e-4]
        shown = ", ".join(repr(p) for p in parts[:6])
        return tuple(
            Found(
                "blocker",
                f"{facts.development.target!r} is an exact combination of {shown}",
                "name these in data.later if they are counted with it; else compute it, no model needed",
                column=part,
                numbers={"parts": float(len(parts))},
            )
            for part in parts
        )


CHECK = Parts()
