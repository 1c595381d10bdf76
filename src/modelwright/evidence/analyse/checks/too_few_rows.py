"""``analyse.too-few-rows``: fewer rows than the inputs or the classes ask for."""

from __future__ import annotations

import numpy as np

from modelwright.data.label import TARGET
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

ROWS = 100
A_CLASS = 20
AN_INPUT = 10
"""Ten rows (of the smaller class) an input is the old rule of thumb for regression models (Peduzzi et al.
1996, J. Clinical Epidemiology 49:1373-1379)."""


class TooFewRows:
    code = "analyse.too-few-rows"
    title = "too few rows for the claim"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        n, inputs = facts.development.rows, len(facts.inputs)
        found = []
        effective = n
        if facts.classes:
            counts = np.bincount(facts.frame[TARGET].to_numpy(), minlength=len(facts.classes))
            smallest = int(counts.argmin())
            effective = int(counts.min()) if len(facts.classes) == 2 else n
            if counts[smallest] < A_CLASS:
                found.append(
                    Found(
                        "warning",
                        f"there are {int(counts[smallest])} development rows of {facts.classes[smallest]!r}",
                        "collect more of them, or merge the class with another",
                        numbers={"rows": float(counts[smallest])},
                    )
                )
        if n < ROWS:
            found.append(
                Found(
                    "warning",
                    f"there are {n} rows to learn from",
                    "collect more rows; with so few, the verdict rests on luck",
                    numbers={"rows": float(n)},
                )
            )
        elif effective < AN_INPUT * inputs:
            what = "rows of the smaller class" if effective < n else "rows"
            found.append(
                Found(
                    "note",
                    f"there are {effective} {what} for {inputs} inputs",
                    "leave out inputs that cannot matter, or collect more rows",
                    numbers={"rows": float(effective), "inputs": float(inputs)},
                )
            )
        return tuple(found)


CHECK = TooFewRows()
